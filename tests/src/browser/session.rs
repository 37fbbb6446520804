//! The part of the WebDriver protocol that the browser's verbs are made of (W3C WebDriver, section 6, "Protocol").

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::{Value, json};

/// Bound on one command: that on a page's load, and what a busy machine adds.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(40);

/// How long a connection may lie idle and still be used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Under this key an element is named in JSON (section 12.1, "web element identifier").
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A session of the driver, which is one browser with one window.
#[derive(Debug)]
pub struct Session {
    http: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    path: String,
}

/// An element of the page that was shown when it was found.
#[derive(Debug, Clone)]
pub struct Element(String);

/// What the driver refused, in its words, such as `stale element reference`.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The error's name in the protocol.
    pub error: String,
    /// What the driver says of it.
    pub message: String,
}

impl Session {
    /// Starts a browser with these capabilities.
    pub async fn open(address: SocketAddr, capabilities: &Value) -> Result<Self, Refusal> {
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build_http();
        let mut session = Self {
            http,
            address,
            path: "/session".to_owned(),
        };
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let opened = session.post("", body).await?;
        let id = opened["sessionId"].as_str().expect("a session has an id");
        session.path = format!("/session/{id}");
        Ok(session)
    }

    /// A command without arguments that asks for something.
    pub async fn get(&self, command: &str) -> Result<Value, Refusal> {
        self.command(Method::GET, command, Bytes::new()).await
    }

    /// A command with its arguments.
    pub async fn post(&self, command: &str, arguments: Value) -> Result<Value, Refusal> {
        self.command(Method::POST, command, arguments.to_string().into())
            .await
    }

    /// What the body of a function returns to these arguments. It runs in the page and sees its `window`; the page's
    /// Content-Security-Policy does not bind it.
    pub async fn run(&self, script: &str, arguments: Value) -> Result<Value, Refusal> {
        self.post("/execute/sync", json!({ "script": script, "args": arguments }))
            .await
    }

    /// The same, where the function's last argument is to be called with what it comes to.
    pub async fn run_async(&self, script: &str, arguments: Value) -> Result<Value, Refusal> {
        self.post("/execute/async", json!({ "script": script, "args": arguments }))
            .await
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value, Refusal> {
        self.post(
            "/goog/cdp/execute",
            json!({ "cmd": command, "params": parameters }),
        )
        .await
    }

    /// A command to an element.
    pub async fn post_to(
        &self,
        element: &Element,
        command: &str,
        arguments: Value,
    ) -> Result<Value, Refusal> {
        self.post(&format!("/element/{}{command}", element.0), arguments)
            .await
    }

    async fn command(&self, method: Method, command: &str, body: Bytes) -> Result<Value, Refusal> {
        let called = format!("{method} {command}");
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{}{command}", self.address, self.path))
            .header("content-type", "application/json")
            .body(Full::new(body))
            .expect("a command is a valid request");
        let exchange = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|error| error.to_string())?;
            let is_success = response.status().is_success();
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            let mut body: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            Ok::<_, String>((is_success, body["value"].take()))
        };
        let (is_success, value) = tokio::time::timeout(COMMAND_TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| panic!("chromedriver does not answer to {called} within {COMMAND_TIMEOUT:?}"))
            .unwrap_or_else(|error| panic!("chromedriver, {called}: {error}"));
        if is_success {
            return Ok(value);
        }
        let word = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Err(Refusal {
            error: word("error"),
            message: word("message"),
        })
    }
}

impl Element {
    /// The element that a script returned.
    pub fn from_json(value: &Value) -> Option<Self> {
        Some(Self(value[ELEMENT].as_str()?.to_owned()))
    }

    /// The element as an argument of a script.
    pub fn to_json(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The driver's own stack trace, a line per frame, follows the first line.
        let first = self.message.lines().next().unwrap_or_default();
        write!(out, "{}: {first}", self.error)
    }
}
