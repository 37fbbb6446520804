//! Calls to the API, and checks of the responses.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

/// Timeout of one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an idle connection may be reused. The server closes connections after 30 s of silence, possibly
/// at the moment of reuse.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// A server's API. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Api {
    address: SocketAddr,
    key: Option<String>,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// One call, before it is sent.
#[derive(Debug)]
pub struct Call<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// The server's response.
#[derive(Debug)]
pub struct ApiResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    asked: String,
}

impl Api {
    /// The API at this address, called with `key`.
    pub fn new(address: SocketAddr, key: Option<&str>) -> Self {
        let http = http_client(false);
        Self {
            address,
            key: key.map(str::to_owned),
            http,
        }
    }

    /// The same API, called over one connection of HTTP/2.
    #[must_use]
    pub fn over_http2(self) -> Self {
        Self {
            http: http_client(true),
            ..self
        }
    }

    /// The same API, called with another key or with none.
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self {
            key: key.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The URL of the API, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A call without a body.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call {
            api: self,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// A call with a body that is declared as JSON, whether it is or not.
    #[expect(clippy::needless_pass_by_value, reason = "callers write `json!(…)` in place")]
    pub fn call_with(&self, method: Method, path: impl Into<String>, json: impl ToString) -> Call<'_> {
        self.call(method, path)
            .header("content-type", "application/json")
            .body(json.to_string())
    }

    /// `GET`.
    pub async fn get(&self, path: impl Into<String>) -> ApiResponse {
        self.call(Method::GET, path).send().await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: impl Into<String>) -> ApiResponse {
        self.call(Method::DELETE, path).send().await
    }

    /// `POST` with JSON.
    pub async fn post(&self, path: impl Into<String>, json: impl ToString) -> ApiResponse {
        self.call_with(Method::POST, path, json).send().await
    }

    /// `PATCH` with JSON.
    pub async fn patch(&self, path: impl Into<String>, json: impl ToString) -> ApiResponse {
        self.call_with(Method::PATCH, path, json).send().await
    }

    /// `PUT` with JSON.
    pub async fn put(&self, path: impl Into<String>, json: impl ToString) -> ApiResponse {
        self.call_with(Method::PUT, path, json).send().await
    }
}

fn http_client(http2_only: bool) -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .http2_only(http2_only)
        .build_http()
}

impl Call<'_> {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body, without declaring its type.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the call. Panics if there is no response.
    pub async fn send(self) -> ApiResponse {
        let asked = format!("{} {}", self.method, self.path);
        self.try_send()
            .await
            .unwrap_or_else(|error| panic!("{asked}: {error}"))
    }

    /// Sends the call. An error says why there is no response.
    pub async fn try_send(self) -> Result<ApiResponse, String> {
        let asked = format!("{} {}", self.method, self.path);
        let uri = format!("{}{}", self.api.url(), self.path);
        let mut request = Request::builder().method(self.method).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(key) = &self.api.key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let request = request
            .body(Full::new(self.body))
            .map_err(|error| error.to_string())?;
        let response = async {
            let (head, body) = self
                .api
                .http
                .request(request)
                .await
                .map_err(|error| format!("{error:?}"))?
                .into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| error.to_string())?
                .to_bytes();
            Ok(ApiResponse {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
                asked,
            })
        };
        tokio::time::timeout(CALL_TIMEOUT, response)
            .await
            .map_err(|_| "timeout".to_owned())?
    }
}

impl ApiResponse {
    /// The body as JSON. Panics if the status is not this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    /// The token of the forms of this page.
    ///
    /// # Panics
    /// If it has no form.
    pub fn form_token(&self) -> String {
        let page = self.text();
        let token = page.split("name=\"csrf\" value=\"").nth(1);
        let token = token.and_then(|rest| rest.split('"').next());
        token.unwrap_or_else(|| panic!("no form in {page}")).to_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The problem document. Panics if it has another status or code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Problem {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        assert_eq!(
            self.header(CONTENT_TYPE.as_str()),
            "application/problem+json",
            "{}",
            self.asked
        );
        let document = self.json();
        assert_eq!(document["code"], code, "{}: {document}", self.asked);
        assert_eq!(document["status"], status, "{}: {document}", self.asked);
        let page = document["type"].as_str().unwrap_or_default();
        assert!(
            page.ends_with(&format!("/docs/errors/{code}")),
            "{}: {document}",
            self.asked
        );
        for member in ["title", "detail"] {
            assert!(
                document[member].as_str().is_some_and(|text| !text.is_empty()),
                "{}: {document}",
                self.asked
            );
        }
        Problem(document)
    }
}

/// A problem document (RFC 9457).
#[derive(Debug)]
pub struct Problem(pub Value);

impl Problem {
    /// Expects an error with this code at this JSON pointer into the body.
    #[track_caller]
    pub fn at(self, pointer: &str, code: &str) -> Self {
        self.has("pointer", pointer, code)
    }

    /// Expects an error with this code for this query parameter.
    #[track_caller]
    pub fn of_parameter(self, name: &str, code: &str) -> Self {
        self.has("parameter", name, code)
    }

    #[track_caller]
    fn has(self, member: &str, pointer: &str, code: &str) -> Self {
        let faults = self.0["errors"].as_array().cloned().unwrap_or_default();
        let found = faults.iter().any(|fault| {
            let has_words = fault["detail"].as_str().is_some_and(|detail| !detail.is_empty());
            fault[member] == pointer && fault["code"] == code && has_words
        });
        assert!(found, "no fault `{code}` at {member} `{pointer}`: {}", self.0);
        self
    }
}
