//! The transport that hands requests to listeners, and sends all others.

use std::sync::Arc;
use std::time::Duration;

use postrider_egress::{Crowded, Leave, NotSent, Request, Response};
use postrider_model::{AccountId, Clock, Outcome};

use super::{Listeners, Name, NotHanded, label_of};
use crate::carry::Transport;

/// What the record says while nobody listens.
const ABSENT: &str = "Nobody listens: no `postrider listen` is connected for this URL";

/// The same, after the listener has left with the request.
const LEFT: &str = "`postrider listen` ended before it responded";

/// No certificate is shown to a receiver that the listener calls.
const WITH_CERTIFICATE: &str = "`postrider listen` cannot show the client certificate of the connection";

/// Sends requests with `T`, but those for listeners.
pub struct Listening<T> {
    transport: T,
    listeners: Arc<Listeners>,
    clock: Arc<dyn Clock>,
}

impl<T: Transport> Listening<T> {
    /// A transport that asks these listeners.
    pub fn new(transport: T, listeners: Arc<Listeners>, clock: Arc<dyn Clock>) -> Self {
        Self {
            transport,
            listeners,
            clock,
        }
    }

    /// Hands the request over and waits for the response, within the request's timeout.
    async fn hand(
        &self,
        label: String,
        request: &mut Request,
        leave: Leave<'_>,
    ) -> Result<Response, NotSent> {
        if request.identity.is_some() {
            return Ok(Response::failed(Outcome::TlsError, WITH_CERTIFICATE));
        }
        if !leave(&mut request.headers) {
            return Err(NotSent::Forbidden);
        }
        let account = AccountId::from_u128(request.tenant);
        let mut waiting = match self.listeners.hand(Name { account, label }, request.clone()) {
            Ok(waiting) => waiting,
            Err(NotHanded::Absent) => return Ok(Response::failed(Outcome::ConnectError, ABSENT)),
            Err(NotHanded::Busy) => return Err(NotSent::Crowded(Crowded)),
        };
        let handed = self.clock.monotonic();
        let response = tokio::time::timeout(request.timeout, &mut waiting.response).await;
        let took = self.clock.monotonic().saturating_sub(handed);
        Ok(match response {
            Ok(Ok(response)) => with_time_on_the_way(response, took),
            Ok(Err(_)) => Response::failed(Outcome::ConnectError, LEFT),
            Err(_) => Response::failed(Outcome::Timeout, &late(request.timeout)),
        })
    }
}

impl<T: Transport> Transport for Listening<T> {
    /// Only attempts are handed over, and they come by [`Self::send_if`].
    async fn send(&self, request: &Request) -> Response {
        self.transport.send(request).await
    }

    async fn send_if(&self, request: &mut Request, leave: Leave<'_>) -> Result<Response, NotSent> {
        match label_of(&request.url) {
            None => self.transport.send_if(request, leave).await,
            // Boxed, because this future is rare and would enlarge every attempt.
            Some(label) => Box::pin(self.hand(label, request, leave)).await,
        }
    }
}

/// `waited` of a listener's response is how long its own request took. The rest was spent on the way to the
/// listener and back, in which the receiver has no part.
fn with_time_on_the_way(response: Response, took: Duration) -> Response {
    let own = response.waited.min(took);
    Response {
        waited: took - own,
        ..response
    }
}

fn late(timeout: Duration) -> String {
    format!(
        "`postrider listen` did not respond within {} s",
        timeout.as_secs()
    )
}
