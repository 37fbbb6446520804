//! A real browser: Chromium without a window, driven over WebDriver.
//!
//! A test opens pages, clicks and types as a visitor would. Every verb waits until it can be done, for at
//! most [`SOON`], and panics with what the page shows where it cannot: tests need no waiting of their own,
//! and never sleep.
//!
//! * [`target`]: which element is meant: by the name of a button, link or field, or by a CSS selector.
//! * [`verbs`], [`waiting`]: what a visitor does, sees and waits for.
//! * [`emulation`]: width, colour scheme and motion, as a visitor's system would have them.
//! * [`console_log`]: errors and violations of the Content-Security-Policy, which a visitor would not see.
//! * [`screenshot`], [`palette`]: pictures of the whole page for the documentation, small.
//! * [`axe`]: faults of accessibility.
//! * [`driver`], [`session`]: `chromedriver` as a child, and what the verbs ask of it.
//!
//! To add a verb: a method in [`verbs`] that goes through `Browser::on`, so that it waits and reports as the
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

/// There is no screen, root cannot have the sandbox, and the browser is to call nobody but the pages' server.
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

/// Chromium's name for "blocked" in the settings of content.
const BLOCKED: u32 = 2;

/// Chromium's name for "third parties' cookies are blocked" among its modes of cookies.
const THIRD_PARTY_BLOCKED: u32 = 1;

/// A browser with a profile of its own: no cookie, nothing cached. Dropping it ends it, and its driver, at
/// once.
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
    /// A browser as most visitors have it, on a desktop, with a light scheme.
    pub async fn start() -> Self {
        Self::start_with(true, &json!({})).await
    }

    /// A browser that gives pages in frames of another site no cookies but those that they have there alone
    /// (`Partitioned`), as browsers that guard against tracking do.
    pub async fn start_guarded_against_tracking() -> Self {
        let prefs = json!({
            "profile.block_third_party_cookies": true,
            "profile.cookie_controls_mode": THIRD_PARTY_BLOCKED,
        });
        Self::start_with(true, &prefs).await
    }

    /// A browser in which pages run no scripts. The verbs work all the same. Pictures, and axe-core, cannot
    /// be had of it: they wait for what happens in the page, and nothing does.
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

    /// Has its verbs give up after this long: for tests of what cannot be done.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The driver and what goes with it.
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Panics, without a long wait, where what a test asks for needs scripts and pages run none.
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
