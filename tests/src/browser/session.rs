//! What the browser's verbs ask of the driver: `thirtyfour`'s WebDriver, with our bounds and its errors in a
//! line.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use thirtyfour::common::cookie::Cookie;
use thirtyfour::error::{WebDriverError, WebDriverErrorInner};
use thirtyfour::{BrowserLogEntry, Capabilities, TimeoutConfiguration, WebDriver, WebElement};

/// Bound on a page's load, and on a script that a test has run in it.
const PAGE_LOAD_MAX: Duration = Duration::from_secs(20);
const SCRIPT_MAX: Duration = Duration::from_secs(30);

/// Bound on one command: that on a page's load, and what a busy machine adds.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(40);

/// A session of the driver, which is one browser with one window.
#[derive(Debug)]
pub struct Session {
    driver: WebDriver,
}

/// What the driver refused, in its words.
#[derive(Debug, Clone)]
pub struct Refusal(String);

impl Session {
    /// Starts a browser with these capabilities.
    pub async fn open(address: SocketAddr, capabilities: Capabilities) -> Result<Self, Refusal> {
        // A proxy of the environment has no way to the driver, which listens on loopback.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(COMMAND_TIMEOUT)
            .build()
            .expect("a client without TLS can be made");
        let started = WebDriver::builder(format!("http://{address}"), capabilities)
            .client(http)
            .connect()
            .await;
        let driver = answered(started)?;
        // Otherwise its drop waits for the browser's orderly end. Ours is killed, by the drop of `Driver`.
        driver.clone().leak().expect("a new session has not ended");
        // Here, since `thirtyfour` sets its own after the start, whatever the capabilities say.
        let timeouts = TimeoutConfiguration::new(Some(SCRIPT_MAX), Some(PAGE_LOAD_MAX), None);
        answered(driver.update_timeouts(timeouts).await)?;
        Ok(Self { driver })
    }

    /// Opens a page, and waits until it is loaded.
    pub async fn goto(&self, url: &str) -> Result<(), Refusal> {
        answered(self.driver.goto(url).await)
    }

    /// Loads the page again.
    pub async fn refresh(&self) -> Result<(), Refusal> {
        answered(self.driver.refresh().await)
    }

    /// The URL of the page that is shown.
    pub async fn url(&self) -> Result<String, Refusal> {
        let url = answered(self.driver.current_url().await)?;
        Ok(url.into())
    }

    /// What the body of a function returns to these arguments. It runs in the page and sees its `window`; the
    /// page's Content-Security-Policy does not bind it.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value, Refusal> {
        let returned = answered(self.driver.execute(script, arguments).await)?;
        Ok(returned.json().clone())
    }

    /// The same, where the function's last argument is to be called with what it comes to.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Result<Value, Refusal> {
        let returned = answered(self.driver.execute_async(script, arguments).await)?;
        Ok(returned.json().clone())
    }

    /// The same as `run`, for a function that returns a list of elements.
    pub async fn elements(&self, script: &str, arguments: Vec<Value>) -> Result<Vec<WebElement>, Refusal> {
        let returned = answered(self.driver.execute(script, arguments).await)?;
        answered(returned.elements())
    }

    /// Clicks.
    pub async fn click(&self, element: &WebElement) -> Result<(), Refusal> {
        answered(element.click().await)
    }

    /// Types a text into a field, in the place of what is there.
    pub async fn fill(&self, element: &WebElement, text: &str) -> Result<(), Refusal> {
        answered(element.clear().await)?;
        answered(element.send_keys(text).await)
    }

    /// Presses keys together, wherever the focus is: down in their order, up in the reverse one.
    pub async fn press(&self, keys: &str) -> Result<(), Refusal> {
        let idle = self.driver.action_chain_with_delay(None, None);
        let down = keys.chars().fold(idle, |chain, key| chain.key_down(key));
        let up = keys.chars().rev().fold(down, |chain, key| chain.key_up(key));
        answered(up.perform().await)
    }

    /// Has what follows be about the page in this frame.
    pub async fn enter_frame(&self, element: &WebElement) -> Result<(), Refusal> {
        answered(element.clone().enter_frame().await)
    }

    /// Has what follows be about the page itself again.
    pub async fn leave_frames(&self) -> Result<(), Refusal> {
        answered(self.driver.enter_default_frame().await)
    }

    /// The cookies of the page that is shown.
    pub async fn cookies(&self) -> Result<Vec<Cookie>, Refusal> {
        answered(self.driver.get_all_cookies().await)
    }

    /// What the browser logged since the last time.
    pub async fn log(&self) -> Result<Vec<BrowserLogEntry>, Refusal> {
        answered(self.driver.browser_log().await)
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value, Refusal> {
        answered(self.driver.cdp().send_raw(command, parameters).await)
    }
}

impl Refusal {
    /// One in our own words.
    pub fn new(why: String) -> Self {
        Self(why)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// The element as an argument of a script. What `serde` makes of it is its bare id, which the driver takes
/// for a text.
pub fn argument(element: &WebElement) -> Value {
    element.to_json().expect("an id is JSON")
}

/// What the driver answered. Panics where it did not: trying again would take as long again.
fn answered<T>(answer: Result<T, WebDriverError>) -> Result<T, Refusal> {
    answer.map_err(|error| {
        if let WebDriverErrorInner::HttpError(error) = error.as_inner() {
            panic!("chromedriver does not answer, at least not within {COMMAND_TIMEOUT:?}: {error}");
        }
        let text = error.to_string();
        // The driver's own stack trace, a line per frame, comes last.
        let (told, _) = text.split_once("Stacktrace:").unwrap_or((&text, ""));
        Refusal(told.split_whitespace().collect::<Vec<_>>().join(" "))
    })
}
