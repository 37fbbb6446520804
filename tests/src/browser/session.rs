//! The verbs' requests to the driver: `thirtyfour`'s WebDriver with bounds, and with errors on one line.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use thirtyfour::common::cookie::Cookie;
use thirtyfour::error::{WebDriverError, WebDriverErrorInner};
use thirtyfour::{BrowserLogEntry, Capabilities, TimeoutConfiguration, WebDriver, WebElement};

/// Timeouts of a page's load, and of a script that a test runs in the page.
const PAGE_LOAD_MAX: Duration = Duration::from_secs(20);
const SCRIPT_MAX: Duration = Duration::from_secs(30);

/// Timeout of one command: that of a page's load, and a margin for a busy machine.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(40);

/// A session of the driver: one browser with one window.
#[derive(Debug)]
pub struct Session {
    driver: WebDriver,
}

/// An error of the driver, in its own words.
#[derive(Debug, Clone)]
pub struct Refusal(String);

impl Session {
    /// Starts a browser with these capabilities.
    pub async fn open(address: SocketAddr, capabilities: Capabilities) -> Result<Self, Refusal> {
        // Ignore proxy variables: a proxy cannot reach the driver, which listens on loopback.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(COMMAND_TIMEOUT)
            .build()
            .expect("a client without TLS can be created");
        let started = WebDriver::builder(format!("http://{address}"), capabilities)
            .client(http)
            .connect()
            .await;
        let driver = driver_result(started)?;
        // Otherwise, dropping the session waits for the browser to end in order. Dropping `Driver` kills it
        // instead.
        driver.clone().leak().expect("a new session has not ended");
        // Set the timeouts here, because `thirtyfour` overrides those in the capabilities after the start.
        let timeouts = TimeoutConfiguration::new(Some(SCRIPT_MAX), Some(PAGE_LOAD_MAX), None);
        driver_result(driver.update_timeouts(timeouts).await)?;
        Ok(Self { driver })
    }

    /// Opens a page, and waits until it is loaded.
    pub async fn goto(&self, url: &str) -> Result<(), Refusal> {
        driver_result(self.driver.goto(url).await)
    }

    /// Loads the page again.
    pub async fn refresh(&self) -> Result<(), Refusal> {
        driver_result(self.driver.refresh().await)
    }

    /// The URL of the current page.
    pub async fn url(&self) -> Result<String, Refusal> {
        let url = driver_result(self.driver.current_url().await)?;
        Ok(url.into())
    }

    /// Runs the body of a function in the page and returns its value. It sees the page's `window`, and the
    /// page's Content-Security-Policy does not apply to it.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value, Refusal> {
        let returned = driver_result(self.driver.execute(script, arguments).await)?;
        Ok(returned.json().clone())
    }

    /// Like [`Self::run`], for a function that passes its result to its last argument.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Result<Value, Refusal> {
        let returned = driver_result(self.driver.execute_async(script, arguments).await)?;
        Ok(returned.json().clone())
    }

    /// Like [`Self::run`], for a function that returns a list of elements.
    pub async fn elements(&self, script: &str, arguments: Vec<Value>) -> Result<Vec<WebElement>, Refusal> {
        let returned = driver_result(self.driver.execute(script, arguments).await)?;
        driver_result(returned.elements())
    }

    /// Clicks an element.
    pub async fn click(&self, element: &WebElement) -> Result<(), Refusal> {
        driver_result(element.click().await)
    }

    /// Types a text into a field, and replaces its content.
    pub async fn fill(&self, element: &WebElement, text: &str) -> Result<(), Refusal> {
        driver_result(element.clear().await)?;
        driver_result(element.send_keys(text).await)
    }

    /// Presses keys together, wherever the focus is: down in order, up in reverse order.
    pub async fn press(&self, keys: &str) -> Result<(), Refusal> {
        let idle = self.driver.action_chain_with_delay(None, None);
        let down = keys.chars().fold(idle, |chain, key| chain.key_down(key));
        let up = keys.chars().rev().fold(down, |chain, key| chain.key_up(key));
        driver_result(up.perform().await)
    }

    /// Directs the following commands to the page in this frame.
    pub async fn enter_frame(&self, element: &WebElement) -> Result<(), Refusal> {
        driver_result(element.clone().enter_frame().await)
    }

    /// Directs the following commands to the page itself again.
    pub async fn leave_frames(&self) -> Result<(), Refusal> {
        driver_result(self.driver.enter_default_frame().await)
    }

    /// The cookies of the current page.
    pub async fn cookies(&self) -> Result<Vec<Cookie>, Refusal> {
        driver_result(self.driver.get_all_cookies().await)
    }

    /// The lines that the browser has logged since the last call.
    pub async fn log(&self) -> Result<Vec<BrowserLogEntry>, Refusal> {
        driver_result(self.driver.browser_log().await)
    }

    /// Sends a command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value, Refusal> {
        driver_result(self.driver.cdp().send_raw(command, parameters).await)
    }
}

impl Refusal {
    /// An error in our own words.
    pub fn new(why: String) -> Self {
        Self(why)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// The element as an argument of a script. `serde` would write only its id, which the driver reads as a text.
pub fn argument(element: &WebElement) -> Value {
    element.to_json().expect("an id is JSON")
}

/// The driver's result. Panics if the driver does not respond, because a retry would take as long again.
fn driver_result<T>(result: Result<T, WebDriverError>) -> Result<T, Refusal> {
    result.map_err(|error| {
        if let WebDriverErrorInner::HttpError(error) = error.as_inner() {
            panic!("chromedriver did not respond within {COMMAND_TIMEOUT:?}: {error}");
        }
        let text = error.to_string();
        // The driver's stack trace, one line per frame, is at the end.
        let (message, _) = text.split_once("Stacktrace:").unwrap_or((&text, ""));
        Refusal(message.split_whitespace().collect::<Vec<_>>().join(" "))
    })
}
