//! The HTTP client: one for the whole process, with its connections kept warm.
//!
//! An attempt is one request. Redirects are not followed, cookies not kept, answers not decompressed, proxies not
//! used, and nothing is repeated but what the receiver provably has not processed (`pool`). The timeout
//! covers everything from the lookup of the name to the last byte that is read.
//!
//! When an answer is longer than what is kept of it, the rest is not waited for: the status decides.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Response;
use hyper::body::Incoming;
use postrider_model::Clock;
use quick_cache::sync::Cache;

use super::answer::{self, Received};
use super::connect::{ConnectFailure, Connector};
use super::connection::Connection;
use super::destination::{Destination, DestinationError, Origin};
use super::failure::{self, Failure};
use super::guard::EgressGuard;
use super::handshake::handshake;
use super::message::message;
use super::pool::{Pool, PoolSettings};
use super::resolve::Resolve;
use super::retry_after::retry_after;
use super::tls::{self, TransportError};
use crate::transport::{Answer, Request, Transport};

/// URLs whose taking apart is remembered: parsing costs 2 µs, and one entry about 1 KiB.
const DESTINATIONS_KEPT: usize = 4_096;

/// Most connections that one attempt tries. Each but the last was closed, or the request on it refused, before
/// anything was processed; a receiver that does that every time is broken.
const CONNECTIONS_TRIED: usize = 3;

/// How the client is set up. The defaults suit an installation of any size.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// Bytes of an answer's body that are kept.
    pub response_bytes_kept: usize,
    /// How long an idle connection is kept; see `pool` for why it is short.
    pub pool_idle_timeout: Duration,
    /// Most idle connections to one host and port.
    pub pool_max_idle_per_host: usize,
    /// Most idle connections in all: file descriptors, mostly.
    pub pool_max_idle: usize,
    /// Certificate authorities to trust beside the public ones, as PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            response_bytes_kept: 16 * 1024,
            pool_idle_timeout: Duration::from_secs(4),
            pool_max_idle_per_host: 256,
            pool_max_idle: 4_096,
            extra_ca_pem: None,
        }
    }
}

/// Sends requests over HTTP.
pub struct HttpTransport {
    guard: Arc<EgressGuard>,
    clock: Arc<dyn Clock>,
    connector: Connector,
    pool: Arc<Pool>,
    destinations: Cache<String, Arc<Known>>,
    response_bytes_kept: usize,
}

/// A destination that the guard has nothing against, as far as its URL goes.
struct Known {
    destination: Destination,
    origin: Arc<Origin>,
}

impl HttpTransport {
    /// A client without connections. Its requests must be made within a tokio runtime.
    pub fn new(
        guard: Arc<EgressGuard>,
        resolver: Arc<dyn Resolve>,
        clock: Arc<dyn Clock>,
        settings: &TransportSettings,
    ) -> Result<Self, TransportError> {
        let tls = tls::client_config(Arc::clone(&clock), settings.extra_ca_pem.as_deref())?;
        Ok(Self {
            connector: Connector::new(Arc::clone(&guard), resolver, tls),
            guard,
            clock,
            pool: Pool::new(PoolSettings {
                idle_timeout: settings.pool_idle_timeout,
                max_idle_per_host: settings.pool_max_idle_per_host,
                max_idle: settings.pool_max_idle,
            }),
            destinations: Cache::new(DESTINATIONS_KEPT),
            response_bytes_kept: settings.response_bytes_kept,
        })
    }

    async fn attempt(&self, request: &Request, received: &mut Received) -> Result<(), Failure> {
        let known = self.destination(&request.url)?;
        let (response, mut connection) = self.exchange(&known, request).await?;
        let keep_alive = answer::keep_alive(response.headers());
        let body = self.begin(response, received);
        let is_free = received
            .read_body(&mut connection, body, self.response_bytes_kept)
            .await?;
        if is_free {
            self.pool.give_back(&known.origin, connection, keep_alive).await;
        }
        Ok(())
    }

    fn begin(&self, response: Response<Incoming>, received: &mut Received) -> Incoming {
        let (head, body) = response.into_parts();
        received.status_code = Some(head.status.as_u16());
        received.headers = answer::keep_headers(&head.headers);
        received.retry_after = retry_after(head.status, &head.headers, || self.clock.wall());
        body
    }

    fn destination(&self, url: &str) -> Result<Arc<Known>, DestinationError> {
        if let Some(known) = self.destinations.get(url) {
            return Ok(known);
        }
        let destination = self.guard.check_url(url)?;
        let origin = Arc::new(destination.origin().clone());
        let known = Arc::new(Known { destination, origin });
        self.destinations.insert(url.to_owned(), Arc::clone(&known));
        Ok(known)
    }

    /// Sends the request over a connection that is there, or else over a new one.
    async fn exchange(
        &self,
        known: &Known,
        request: &Request,
    ) -> Result<(Response<Incoming>, Connection), Failure> {
        // Answers that have come are taken in first, and then requests are written, many in a row. In turn, both cost
        // a sixth more (measured with 64 under way): a write goes deep into the kernel and wakes the reader at once.
        tokio::task::yield_now().await;
        let mut tried = 0;
        loop {
            tried += 1;
            let pooled = if tried < CONNECTIONS_TRIED {
                self.pool.take(&known.origin)
            } else {
                None
            };
            let is_new = pooled.is_none();
            let mut connection = match pooled {
                Some(connection) => connection,
                // Rare, and larger than all else that an attempt keeps while it waits.
                None => Box::pin(self.connect(&known.origin)).await?,
            };
            let message = message(&known.destination, request, connection.is_http2())?;
            match connection.send(message).await {
                Ok(response) => return Ok((response, connection)),
                Err(mut failed) => {
                    let is_unsent = failed.take_message().is_some() && !is_new;
                    let error = failed.into_error();
                    if tried == CONNECTIONS_TRIED || !(is_unsent || failure::is_unprocessed(&error)) {
                        return Err(Failure::exchange(&error, false));
                    }
                }
            }
        }
    }

    async fn connect(&self, origin: &Arc<Origin>) -> Result<Connection, Failure> {
        let connected = self
            .connector
            .connect(origin)
            .await
            .map_err(|error: ConnectFailure| Failure::from(error))?;
        let connection = handshake(connected)
            .await
            .map_err(|error| Failure::exchange(&error, false))?;
        if let Connection::Http2(sender) = &connection {
            self.pool.share(origin, sender);
        }
        Ok(connection)
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: &Request) -> Answer {
        let mut received = Received::default();
        let failure = match tokio::time::timeout(request.timeout, self.attempt(request, &mut received)).await
        {
            Ok(result) => result.err(),
            Err(_) if received.is_decided() => None,
            Err(_) => Some(Failure::timeout(request.timeout, received.has_begun())),
        };
        received.into_answer(failure)
    }
}
