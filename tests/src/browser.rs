//! A real browser: headless Chromium, driven over WebDriver.
//!
//! A test opens pages, clicks and types as a visitor would. Every verb waits until the page allows it, for at
//! most [`SOON`]. Otherwise it panics and reports what the page shows. So tests need no waiting of their own,
//! and never sleep.
//!
//! * [`target`]: names an element by the name of a button, link or field, or by a CSS selector.
//! * [`verbs`], [`waiting`]: what a visitor does, sees and waits for.
//! * [`emulation`]: width, colour scheme and motion of a visitor's system.
//! * [`console_log`]: errors and violations of the Content-Security-Policy, which a visitor would not see.
//! * [`screenshot`], [`palette`]: small pictures of whole pages for the documentation.
//! * [`axe`]: accessibility faults.
//! * [`driver`], [`session`]: `chromedriver` as a child process, and the verbs' requests to it.
//!
//! To add a verb: add a method in [`verbs`] that uses `Browser::on`, so that it waits and reports like the
//! others.

pub mod axe;
pub mod console_log;
pub mod driver;
pub mod emulation;
pub mod palette;
pub mod screenshot;
pub mod session;
pub mod target;
pub mod verbs;
pub mod waiting;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Map, Value, json};
use thirtyfour::Capabilities;

pub use axe::{Accessibility, Counts};
pub use console_log::Logged;
pub use emulation::{DESKTOP_PX, Emulation, PHONE_PX, Scheme};
pub use screenshot::Screenshot;
pub use target::{Target, button, css, label, link, text};
pub use verbs::key;

use driver::Driver;
use session::Session;

use crate::wait::SOON;

/// Chromium's flags: there is no screen, root cannot use the sandbox, and the browser must contact only the
/// pages' server.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// Chromium's value for "blocked" in its content settings.
const BLOCKED: u32 = 2;

/// Chromium's value for "block third-party cookies" in its cookie settings.
const THIRD_PARTY_BLOCKED: u32 = 1;

/// A browser with its own profile: no cookies, nothing cached. Dropping it kills the browser and its driver
/// at once.
#[derive(Debug)]
pub struct Browser {
    session: Session,
    javascript: bool,
    patience: Duration,
    emulation: Mutex<Emulation>,
    logged: Mutex<Vec<Logged>>,
    // Last, so that it is dropped last.
    driver: Driver,
}

impl Browser {
    /// A browser like that of most visitors: on a desktop, with a light scheme.
    pub async fn start() -> Self {
        Self::start_with(true, &json!({})).await
    }

    /// A browser that protects against tracking: pages in frames of another site get only partitioned cookies
    /// (`Partitioned`).
    pub async fn start_guarded_against_tracking() -> Self {
        let prefs = json!({
            "profile.block_third_party_cookies": true,
            "profile.cookie_controls_mode": THIRD_PARTY_BLOCKED,
        });
        Self::start_with(true, &prefs).await
    }

    /// A browser in which pages run no scripts. The verbs work anyway. Pictures and axe-core do not: they
    /// wait for scripts in the page.
    pub async fn start_without_javascript() -> Self {
        let prefs = json!({ "profile.managed_default_content_settings.javascript": BLOCKED });
        Self::start_with(false, &prefs).await
    }

    async fn start_with(javascript: bool, prefs: &Value) -> Self {
        let driver = Driver::start();
        let session = Session::open(driver.address(), capabilities(&driver, prefs))
            .await
            .unwrap_or_else(|refusal| panic!("Chromium does not start: {refusal}"));
        let browser = Self {
            session,
            javascript,
            patience: SOON,
            emulation: Mutex::new(Emulation::default()),
            logged: Mutex::default(),
            driver,
        };
        browser.emulate(Emulation::default()).await;
        browser
    }

    /// Sets how long the verbs wait before they give up, for tests of actions that must fail.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The driver of this browser.
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Panics at once if a test asks for something that needs scripts and pages run none.
    fn assert_javascript(&self, what: &str) {
        assert!(
            self.javascript,
            "{what} cannot be had in a browser without JavaScript"
        );
    }
}

fn capabilities(driver: &Driver, prefs: &Value) -> Capabilities {
    let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
    flags.push(format!("--user-data-dir={}", driver.profile().display()));
    let options = json!({ "args": flags, "prefs": prefs });
    let capabilities = [
        ("browserName", json!("chrome")),
        ("goog:chromeOptions", options),
        ("goog:loggingPrefs", json!({ "browser": "ALL" })),
    ];
    let capabilities = capabilities.map(|(name, value)| (name.to_owned(), value));
    Map::from_iter(capabilities).into()
}
