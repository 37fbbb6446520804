//! Makes a request on this machine, and returns its response to the server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use postrider_egress::{ClientSettings, EgressGuard, HttpClient, Request, Response, SystemResolver};
use postrider_model::Clock;
use serde_json::{Value, json};

use super::automation::Listened;
use super::local_url::LocalUrl;
use super::nodes::{Hello, StreamedRequest};
use crate::client::patience::Patience;
use crate::client::{Call, Client, Server};
use crate::{Context, Failure};

/// Most bytes of a response's body that are returned: with its base64 and headers, a body that the server
/// accepts.
const BODY_BYTES_MAX: usize = 128 * 1024;

/// Most connections to the server that are kept between responses.
const IDLE_CLIENTS_MAX: usize = 8;

/// Tries to reach the node that waits for a response, per node.
const TRIES_PER_NODE: usize = 10;

/// Most tries to return a response, after each of which a pause follows.
const RETURNS_MAX: u32 = 5;

/// Forwards requests.
pub(super) struct Forwarder {
    http: HttpClient,
    url: String,
    server: Arc<Server>,
    path: [String; 4],
    nodes: usize,
    clock: Arc<dyn Clock>,
    /// Connections that are free.
    idle: Mutex<Vec<Client>>,
}

/// A request that was forwarded.
pub(super) struct Forwarded {
    /// Its headers, by which it is described.
    pub headers: Vec<(String, String)>,
    /// What happened on this machine.
    pub response: Response,
    /// How long that took.
    pub took: Duration,
    /// Why the server does not know, if it does not.
    pub not_recorded: Option<String>,
}

impl Forwarder {
    /// A forwarder to this URL.
    pub fn new(
        url: &LocalUrl,
        server: Arc<Server>,
        listened: &Listened,
        hello: &Hello,
        context: Context<'_>,
    ) -> Result<Self, Failure> {
        let read = |path: &std::path::PathBuf| {
            std::fs::read(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
        };
        let settings = ClientSettings {
            response_bytes_kept: hello.response_bytes_kept.min(BODY_BYTES_MAX),
            extra_ca_pem: server.ca_file.as_ref().map(read).transpose()?,
            ..ClientSettings::default()
        };
        let http = HttpClient::new(
            Arc::new(EgressGuard::new(url.rules())),
            Arc::new(SystemResolver::new()),
            Arc::clone(context.shared_clock),
            &settings,
        );
        Ok(Self {
            http: http.map_err(|error| Failure::Failed(format!("cannot make requests: {error}")))?,
            url: url.to_string(),
            server,
            path: listened.path(),
            nodes: hello.nodes,
            clock: Arc::clone(context.shared_clock),
            idle: Mutex::default(),
        })
    }

    /// Makes the request and returns its response.
    pub async fn forward(&self, streamed: StreamedRequest) -> Forwarded {
        let headers = streamed.headers.into_iter();
        let headers: Vec<_> = headers.map(|header| (header.name, header.value)).collect();
        let request = Request {
            url: self.url.clone(),
            headers,
            body: Bytes::from(STANDARD.decode(&streamed.body_base64).unwrap_or_default()),
            timeout: Duration::from_millis(streamed.timeout_ms),
            tenant: 0,
            identity: None,
            response_bytes_kept: None,
        };
        let begun = self.clock.monotonic();
        let response = self.http.send(&request).await;
        let took = self.clock.monotonic().saturating_sub(begun);
        let body = described(&response, took);
        let returned = self.give_back(&streamed.id, &body).await;
        Forwarded {
            headers: request.headers,
            response,
            took,
            not_recorded: returned.err().map(|failure| failure.to_string()),
        }
    }

    async fn give_back(&self, id: &str, body: &Value) -> Result<(), Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut client = match idle {
            Some(client) => client,
            None => Client::of(&self.server)?,
        };
        let returned = self.give_back_over(&mut client, id, body).await;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CLIENTS_MAX {
            idle.push(client);
        }
        returned
    }

    async fn give_back_over(&self, client: &mut Client, id: &str, body: &Value) -> Result<(), Failure> {
        let mut elsewhere = 0;
        let mut patience = Patience::default();
        let mut segments: Vec<&str> = self.path.iter().map(String::as_str).collect();
        segments.extend(["listen", id]);
        loop {
            let call = Call::new(Method::POST, &segments).json(body);
            let failure = match client.call(call).await {
                Ok(_) => return Ok(()),
                Err(failure) => failure,
            };
            let is_elsewhere =
                matches!(&failure, Failure::Problem(it) if it.code() == Some("request_elsewhere"));
            if is_elsewhere && elsewhere < self.nodes * TRIES_PER_NODE {
                elsewhere += 1;
                client.disconnect();
                continue;
            }
            match patience
                .after(&failure)
                .filter(|_| patience.failures() <= RETURNS_MAX)
            {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failure),
            }
        }
    }
}

/// The response as the API takes it.
fn described(response: &Response, took: Duration) -> Value {
    let headers = response.headers.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    // With a status that decides, the outcome follows from it.
    let outcome = response.outcome.as_str();
    let is_by_status = matches!(outcome, "succeeded" | "bad_status");
    // The client may call any address, and renders nothing: these do not happen.
    let outcome = match outcome {
        "blocked" | "not_rendered" => "connect_error",
        other => other,
    };
    json!({
        "status_code": response.status_code,
        "outcome": (!is_by_status).then_some(outcome),
        "error": response.error,
        "headers": headers,
        "body_base64": STANDARD.encode(&response.body),
        "truncated": response.truncated,
        "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}
