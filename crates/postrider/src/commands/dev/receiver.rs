//! The demo's receiver: code that a customer would write, but unreliable on purpose.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use postrider_engine::SystemClock;
use postrider_model::{Clock, SigningSecret};
use postrider_signing::postrider_scheme;
use postrider_signing::standard_webhooks::{self, WebhookHeaders};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use postrider_cli::Failure;

/// The path that receives webhooks.
const PATH: &str = "/hooks";

/// Largest body that is read: the envelope of the largest event.
const BODY_BYTES_MAX: usize = 1 << 20;

/// How many events the receiver remembers, to tell a first attempt from a retry.
const EVENTS_MAX: usize = 10_000;

/// The first attempt of every `FAILS_EVERY`-th event fails.
const FAILS_EVERY: u64 = 3;

/// How the receiver judged a request.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// `webhook-id`.
    pub event: String,
    /// `Ok` if `Postrider-Signature` is valid, otherwise what is wrong with it.
    pub hex: Result<(), String>,
    /// `Ok` if the headers of Standard Webhooks are valid, otherwise what is wrong with them.
    pub standard: Result<(), String>,
    /// The status of the response.
    pub status: StatusCode,
}

/// A receiver that is bound to a port.
pub struct Receiver {
    listener: TcpListener,
    port: u16,
    receipts: mpsc::Sender<Receipt>,
}

impl Receiver {
    /// Binds a free loopback port. Connections wait until [`Self::start`].
    pub async fn bind(receipts: mpsc::Sender<Receipt>) -> Result<Self, Failure> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let bound =
            bound.and_then(|listener| listener.local_addr().map(|address| (listener, address.port())));
        let (listener, port) = bound
            .map_err(|error| Failure::Failed(format!("cannot bind a port for the receiver: {error}")))?;
        Ok(Self {
            listener,
            port,
            receipts,
        })
    }

    /// The URL that receives webhooks.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Serves requests until the process ends.
    pub fn start(self, secret: SigningSecret) {
        let desk = Arc::new(Desk {
            secret,
            receipts: self.receipts,
            seen: Mutex::default(),
            clock: SystemClock::new(),
        });
        tokio::spawn(async move {
            // If accepting fails, the receiver ends, and the attempts visibly fail.
            while let Ok((stream, _)) = self.listener.accept().await {
                let desk = Arc::clone(&desk);
                let service = service_fn(move |request| {
                    let desk = Arc::clone(&desk);
                    async move { Ok::<_, Infallible>(desk.receive(request).await) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
    }
}

struct Desk {
    secret: SigningSecret,
    receipts: mpsc::Sender<Receipt>,
    seen: Mutex<Seen>,
    clock: SystemClock,
}

impl Desk {
    async fn receive(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
            return respond(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n");
        };
        let receipt = self.examine(&head.headers, &body.to_bytes());
        let response = match receipt.status {
            StatusCode::INTERNAL_SERVER_ERROR => respond(receipt.status, "this attempt fails on purpose\n"),
            StatusCode::UNAUTHORIZED => respond(receipt.status, "the signature does not match\n"),
            status => respond(status, "thank you\n"),
        };
        // An error means that the narrator is behind or has ended, which must not delay the response.
        let _ = self.receipts.try_send(receipt);
        response
    }

    fn examine(&self, headers: &HeaderMap, body: &[u8]) -> Receipt {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let hex = header("postrider-signature");
        let hex = postrider_scheme::verify(&self.secret, body, hex, header("postrider-signature-next"));
        let standard = WebhookHeaders {
            id: header(standard_webhooks::ID_HEADER),
            timestamp: header(standard_webhooks::TIMESTAMP_HEADER),
            signature: header(standard_webhooks::SIGNATURE_HEADER),
        };
        let now_s = self.clock.wall().unix_s();
        let standard = standard_webhooks::verify(&self.secret, &standard, body, now_s);
        let event = header(standard_webhooks::ID_HEADER)
            .unwrap_or_default()
            .to_owned();
        let is_verified = hex.is_ok() && standard.is_ok();
        let fails = is_verified
            && self
                .seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fails(&event);
        let status = match (is_verified, fails) {
            (false, _) => StatusCode::UNAUTHORIZED,
            (true, true) => StatusCode::INTERNAL_SERVER_ERROR,
            (true, false) => StatusCode::OK,
        };
        Receipt {
            event,
            hex: hex.map_err(|error| error.to_string()),
            standard: standard.map_err(|error| error.to_string()),
            status,
        }
    }
}

/// The known events, so that only a first attempt fails.
#[derive(Default)]
struct Seen {
    count: u64,
    events: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Seen {
    /// Whether this request should fail: the first of every third event.
    fn fails(&mut self, event: &str) -> bool {
        if !self.events.insert(event.to_owned()) {
            return false;
        }
        self.count += 1;
        self.oldest_first.push_back(event.to_owned());
        if self.oldest_first.len() > EVENTS_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.events.remove(&oldest);
        }
        self.count.is_multiple_of(FAILS_EVERY)
    }
}

fn respond(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let text = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, text);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_of_every_third_event_fails_and_no_other() {
        let mut seen = Seen::default();
        let fails: Vec<bool> = ["1", "2", "3", "3", "4", "1", "5", "6", "6"]
            .map(|event| seen.fails(event))
            .into();
        assert_eq!(
            fails,
            [false, false, true, false, false, false, false, true, false]
        );
    }
}
