//! A client of the HTTP API: one connection, one request at a time, everything bounded.
//!
//! It reads responses as JSON without knowing their shape: `--json` prints what the server sent, and a field
//! that a newer server adds is not an error.
//!
//! * [`server`]: which server to call, with which key. [`connection`]: TCP and TLS. `certificates`: which
//!   authorities to trust. [`problem`]: RFC 9457 problem documents. [`pages`]: lists of any length.
//! * [`events`]: a response that goes on, as server-sent events. [`patience`]: when to repeat a call.
//!   [`probe`]: a call without a key.

mod certificates;
mod connection;
pub mod events;
pub mod pages;
pub mod patience;
pub mod probe;
mod problem;
pub mod server;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::SendRequest;
use serde_json::Value;
use url::Url;

pub use events::{EventStream, StreamEvent};
pub use problem::Problem;
pub use server::Server;

use crate::Environment;
use crate::Failure;

/// Bound on one call. A replay or a page of large events takes seconds at most.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Largest response that is read, in bytes: a page of 250 events of 256 KiB each.
const RESPONSE_BYTES_MAX: usize = 64 << 20;

/// How to reach the server, and how to print its responses.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Connection and output")]
pub struct ClientArgs {
    /// The server's address [variable: POSTRIDER_URL] [default: that of the profile, or
    /// http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL", value_parser = server::parse_url)]
    pub url: Option<Url>,

    /// The API key. Prefer the variable: other users of the machine can see flags in the process list
    /// [variable: POSTRIDER_API_KEY]
    #[arg(long, global = true, value_name = "KEY")]
    pub api_key: Option<String>,

    /// The profile that `postrider login` stored under this name. Comes before POSTRIDER_URL and
    /// POSTRIDER_API_KEY [variable: POSTRIDER_PROFILE, which does not]
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// A file with additional trusted certificates (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Print the API's JSON unchanged, and errors as problem documents (RFC 9457) on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// A connection to a server.
#[derive(Debug)]
pub struct Client {
    base: Url,
    authorization: HeaderValue,
    ca_file: Option<PathBuf>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// A successful response.
#[derive(Debug, Clone)]
pub struct Response {
    /// The body, unchanged.
    pub text: String,
    /// The body, parsed; `null` if it is empty.
    pub json: Value,
    /// The object's version, for `If-Match`, if the response has one.
    pub etag: Option<String>,
}

/// One call to make.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    method: Method,
    /// The path behind `/v1`, segment by segment, not yet encoded.
    segments: Vec<&'a str>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl<'a> Call<'a> {
    /// A call of `method` on the resource with these path segments behind `/v1`.
    pub fn new(method: Method, segments: &[&'a str]) -> Self {
        Self {
            method,
            segments: segments.to_vec(),
            query: vec![],
            headers: vec![],
            body: None,
        }
    }

    /// Adds a query parameter, if there is a value for it.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// Adds a header, if there is a value for it.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }

    /// Sends this JSON.
    #[must_use]
    pub fn body(mut self, json: impl Into<String>) -> Self {
        self.body = Some(json.into());
        self
    }

    /// Sends this value as JSON.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.body(value.to_string())
    }
}

impl Client {
    /// A client set up from flags and variables. It connects with its first call.
    pub fn new(args: &ClientArgs, environment: &Environment) -> Result<Self, Failure> {
        let server = server::chosen(args, environment)?;
        Self::of(&server)
    }

    /// A client of this server.
    pub fn of(server: &Server) -> Result<Self, Failure> {
        let key = server.api_key.as_deref().ok_or_else(|| {
            Failure::Usage("no API key: set POSTRIDER_API_KEY, or run `postrider login`".to_owned())
        })?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key.trim())).map_err(|_| {
            Failure::Usage(
                "the API key has a line break or another control character in it: copy the key alone"
                    .to_owned(),
            )
        })?;
        authorization.set_sensitive(true);
        Ok(Self {
            base: server.url.clone(),
            authorization,
            ca_file: server.ca_file.clone(),
            connection: None,
        })
    }

    /// Makes a call. A response other than 2xx is [`Failure::Problem`].
    pub async fn call(&mut self, call: Call<'_>) -> Result<Response, Failure> {
        let request = self.request(call)?;
        match tokio::time::timeout(CALL_TIMEOUT, self.send(request)).await {
            Ok(result) => result,
            Err(_) => Err(self.unreachable(format!("no response within {} s", CALL_TIMEOUT.as_secs()))),
        }
    }

    /// Opens a response that goes on, over a connection of its own; `None` if the response is an empty 204.
    pub async fn stream(&self, call: Call<'_>) -> Result<Option<EventStream>, Failure> {
        let request = self.request(call)?;
        let opening = async {
            let mut connection = self.connect().await?;
            let response = connection.send_request(request).await;
            response.map_err(|error| self.unreachable(in_full(&error)))
        };
        let opened = tokio::time::timeout(CALL_TIMEOUT, opening).await;
        let late = |_| self.unreachable(format!("no response within {} s", CALL_TIMEOUT.as_secs()));
        let response = opened.map_err(late)??;
        match response.status() {
            StatusCode::OK => Ok(Some(EventStream::new(response.into_body()))),
            StatusCode::NO_CONTENT => Ok(None),
            status => {
                let retry_after = patience::retry_after(response.headers());
                let body = Limited::new(response.into_body(), RESPONSE_BYTES_MAX)
                    .collect()
                    .await;
                let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                let problem = Problem::from_response(status, &String::from_utf8_lossy(&body));
                Err(Failure::Problem(Box::new(problem.retry_after(retry_after))))
            }
        }
    }

    /// Makes the next call over another connection, which a load balancer may lead to another node.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    fn request(&self, call: Call<'_>) -> Result<Request<Full<Bytes>>, Failure> {
        let url = self.endpoint(&call)?;
        let target = &url[url::Position::BeforePath..];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::builder()
            .method(call.method)
            .uri(target)
            .header(HOST, host)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "application/json, application/problem+json")
            .header(USER_AGENT, concat!("postrider-cli/", env!("CARGO_PKG_VERSION")));
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = Full::from(call.body.unwrap_or_default());
        request
            .body(body)
            .map_err(|error| Failure::Usage(format!("the request cannot be sent: {error}")))
    }

    fn endpoint(&self, call: &Call<'_>) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        if let Some(segment) = call
            .segments
            .iter()
            .find(|segment| matches!(**segment, "" | "." | ".."))
        {
            return Err(Failure::Usage(format!("`{segment}` is not an id")));
        }
        url.path_segments_mut()
            .expect("only http and https URLs get here, and those have a path")
            .pop_if_empty()
            .push("v1")
            .extend(&call.segments);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Ok(url)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response, Failure> {
        let mut connection = match self.connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.connect().await?,
        };
        let ready = connection.ready().await;
        let response = match ready {
            Ok(()) => connection.send_request(request).await,
            Err(error) => Err(error),
        };
        let (head, body) = response
            .map_err(|error| self.unreachable(in_full(&error)))?
            .into_parts();
        let retry_after = patience::retry_after(&head.headers);
        let etag = head.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.map(str::to_owned);
        let body = Limited::new(body, RESPONSE_BYTES_MAX).collect().await;
        let body = body
            .map_err(|error| self.unreachable(format!("the connection broke during the response: {error}")))?
            .to_bytes();
        self.connection = Some(connection);
        let text = String::from_utf8_lossy(&body).into_owned();
        if !head.status.is_success() {
            let problem = Problem::from_response(head.status, &text).retry_after(retry_after);
            return Err(Failure::Problem(Box::new(problem)));
        }
        let json = if text.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_str(&text)
        };
        let json = json.map_err(|_| {
            Failure::Failed(format!(
                "{} sent a response that is not JSON: is it a Postrider server?",
                self.base
            ))
        })?;
        Ok(Response { text, json, etag })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let opened = connection::open(&self.base, self.ca_file.as_deref()).await?;
        opened.map_err(|message| self.unreachable(message))
    }

    fn unreachable(&self, message: String) -> Failure {
        Failure::Unreachable {
            url: self.base.to_string(),
            message,
        }
    }
}

/// An error with its causes, because hyper puts the actual fault into a cause.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
