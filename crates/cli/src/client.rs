//! A client of the HTTP API: one connection, one request at a time, everything bounded.
//!
//! It reads answers as JSON without knowing their shape: what it prints with `--json` is what the server sent, and a
//! field that a newer server adds is no error.
//!
//! * [`connection`]: TCP and TLS. [`problem`]: RFC 9457 problem documents. [`pages`]: lists of any length.

mod certificates;
mod connection;
pub mod pages;
mod problem;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::SendRequest;
use serde_json::Value;
use url::Url;

pub use problem::Problem;

use crate::Environment;
use crate::Failure;

/// Where the server is, unless told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Bound on one call. A replay or a page of large events takes seconds at most.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Largest answer that is read: a page of 250 events of 256 KiB each.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// How to reach the server, and how to print what it says.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Connection and output")]
pub struct ClientArgs {
    /// The server's address [variable: POSTRIDER_URL] [default: http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<Url>,

    /// The key to call the API with. Better set the variable: everybody on the machine can see flags in the list of
    /// processes [variable: POSTRIDER_API_KEY]
    #[arg(long, global = true, value_name = "KEY")]
    pub api_key: Option<String>,

    /// A file of certificates (PEM) that are trusted beside the public authorities
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Print the API's JSON as it came
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

/// A successful answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body as it came.
    pub text: String,
    /// The same, parsed; `null` where there is none.
    pub json: Value,
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

    /// Adds a parameter, where there is a value for it.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// Adds a header, where there is a value for it.
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
    /// A client as flags and variables describe it. It connects with its first call.
    pub fn new(args: &ClientArgs, environment: &Environment) -> Result<Self, Failure> {
        let base = match (&args.url, environment.get("POSTRIDER_URL")) {
            (Some(url), _) => checked("--url", url.clone())?,
            (None, Some(text)) => checked("POSTRIDER_URL", parse_url("POSTRIDER_URL", text)?)?,
            (None, None) => parse_url("the default", DEFAULT_URL)?,
        };
        let key = args
            .api_key
            .as_deref()
            .or(environment.get("POSTRIDER_API_KEY"))
            .ok_or_else(|| {
                Failure::Usage(
                    "no API key: set POSTRIDER_API_KEY (or use --api-key, which others can see)".to_owned(),
                )
            })?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| Failure::Usage("the API key has characters that no key has".to_owned()))?;
        authorization.set_sensitive(true);
        Ok(Self {
            base,
            authorization,
            ca_file: args.ca_file.clone(),
            connection: None,
        })
    }

    /// Makes a call. Answers other than 2xx are [`Failure::Problem`].
    pub async fn call(&mut self, call: Call<'_>) -> Result<Answer, Failure> {
        let request = self.request(call)?;
        match tokio::time::timeout(CALL_TIMEOUT, self.send(request)).await {
            Ok(result) => result,
            Err(_) => Err(self.unreachable(format!("no answer within {} s", CALL_TIMEOUT.as_secs()))),
        }
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
            .map_err(|error| Failure::Usage(format!("this cannot be sent: {error}")))
    }

    fn endpoint(&self, call: &Call<'_>) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        if let Some(segment) = call
            .segments
            .iter()
            .find(|segment| matches!(**segment, "" | "." | ".."))
        {
            return Err(Failure::Usage(format!("`{segment}` is no id")));
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

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let mut connection = match self.connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.connect().await?,
        };
        let ready = connection.ready().await;
        let answer = match ready {
            Ok(()) => connection.send_request(request).await,
            Err(error) => Err(error),
        };
        let (head, body) = answer
            .map_err(|error| self.unreachable(in_full(&error)))?
            .into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body
            .map_err(|error| self.unreachable(format!("the answer broke off: {error}")))?
            .to_bytes();
        self.connection = Some(connection);
        let text = String::from_utf8_lossy(&body).into_owned();
        if !head.status.is_success() {
            return Err(Failure::Problem(Box::new(Problem::from_answer(
                head.status,
                &text,
            ))));
        }
        let json = if text.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_str(&text)
        };
        let json =
            json.map_err(|_| Failure::Failed(format!("{} does not answer like Postrider", self.base)))?;
        Ok(Answer { text, json })
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

fn parse_url(origin: &str, text: &str) -> Result<Url, Failure> {
    text.parse()
        .map_err(|error| Failure::Usage(format!("{origin}: `{text}` is no URL: {error}")))
}

fn checked(origin: &str, url: Url) -> Result<Url, Failure> {
    let fault = if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        "expected http:// or https:// and a host"
    } else if !url.username().is_empty() || url.password().is_some() {
        "leave user and password out; the key goes into POSTRIDER_API_KEY"
    } else if url.query().is_some() || url.fragment().is_some() {
        "expected no `?` and no `#`"
    } else {
        return Ok(url);
    };
    Err(Failure::Usage(format!("{origin}: {fault}")))
}

/// An error with its causes, which is where hyper says what happened.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
