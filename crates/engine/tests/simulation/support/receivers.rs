//! Receivers that follow a script and record the requests that arrive.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_egress::allowance::{Allowance, Exceeded};
use postrider_egress::{Destination, Hosts, Leave, NotSent, Request, Response};
use postrider_engine::carry::Transport;
use postrider_model::{Clock, Outcome};

use super::{START_MS, VirtualClock};

/// A request as a receiver saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Milliseconds since [`START_MS`].
    pub at_ms: i64,
    pub request: Request,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .request
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

type Script = Box<dyn Fn(&Request, usize) -> (Duration, Response) + Send + Sync>;

/// Receivers that follow a script. The script gets the request and the number of earlier requests to its URL.
pub struct Receivers {
    pub clock: Arc<VirtualClock>,
    pub(super) script: Script,
    /// Bounds the requests to a host, as the HTTP client does.
    pub(super) hosts: Arc<Hosts>,
    pub seen: Mutex<Vec<Seen>>,
}

impl Transport for Receivers {
    async fn send(&self, request: &Request) -> Response {
        let (delay, response) = {
            let mut seen = self.seen.lock();
            let before = seen.iter().filter(|seen| seen.request.url == request.url).count();
            let at_ms = self.clock.now().unix_ms() - START_MS;
            let (delay, response) = (self.script)(request, before);
            seen.push(Seen {
                at_ms,
                request: request.clone(),
            });
            (delay, response)
        };
        if delay > request.timeout {
            tokio::time::sleep(request.timeout).await;
            return refused(Outcome::Timeout);
        }
        tokio::time::sleep(delay).await;
        response
    }

    async fn send_if(&self, request: &mut Request, leave: Leave<'_>) -> Result<Response, NotSent> {
        let url = Destination::parse(&request.url).unwrap();
        let host = Arc::new(url.host().effective());
        let allowance = Allowance::new(request.timeout);
        let permit = self.hosts.permit(&host, request.tenant, &allowance);
        let _permit = match allowance.limit(permit).await {
            Ok(permit) => permit?,
            Err(Exceeded::Wait) => return Err(NotSent::Postponed),
            Err(Exceeded::Timeout) => unreachable!("the request has only waited"),
        };
        if !leave(&mut request.headers) {
            return Err(NotSent::Forbidden);
        }
        let waited = allowance.waited();
        let response = self.send(request).await;
        Ok(Response { waited, ..response })
    }
}

/// A response with this status.
pub fn status(code: u16) -> Response {
    let ok = (200..300).contains(&code);
    Response {
        outcome: if ok {
            Outcome::Succeeded
        } else {
            Outcome::BadStatus
        },
        status_code: Some(code),
        error: None,
        headers: vec![("Server".to_owned(), "test".to_owned())],
        body: Bytes::from_static(b"ok"),
        truncated: false,
        retry_after: None,
        waited: Duration::ZERO,
    }
}

/// No response, with this outcome.
pub fn refused(outcome: Outcome) -> Response {
    Response {
        outcome,
        status_code: None,
        error: Some("scripted".to_owned()),
        headers: Vec::new(),
        ..status(200)
    }
}
