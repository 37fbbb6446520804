//! The HTTP client: one for the whole process, with a pool of warm connections.
//!
//! The client follows no redirects, keeps no cookies, decompresses nothing and uses no proxy. It repeats a
//! request only if the receiver provably has not processed it (`pool`). The timeout covers everything from
//! the name lookup to the last byte that is read.
//!
//! The status decides the outcome, so the client does not wait for the rest of a response that is longer than
//! it keeps.

use std::sync::Arc;
use std::time::Duration;

use http::Response as HttpResponse;
use hyper::body::Incoming;
use postrider_model::Clock;
use quick_cache::sync::Cache;

use crate::connect::{ConnectFailure, Connector};
use crate::connection::Connection;
use crate::destination::{Destination, DestinationError, Origin};
use crate::failure::{self, Failure};
use crate::guard::EgressGuard;
use crate::handshake::handshake;
use crate::pool::{Pool, PoolSettings};
use crate::request::{Request, message};
use crate::resolve::Resolve;
use crate::response::{self, Received, Response};
use crate::retry_after::retry_after;
use crate::tls::{self, ClientError};

/// Maximum parsed URLs in the cache: parsing one costs 2 µs, caching it about 1 KiB.
const DESTINATIONS_KEPT: usize = 4_096;

/// Maximum connections that one request tries. The client tries another only if the receiver closed the
/// connection, or refused the request, before it processed anything. A receiver that does so every time is
/// broken.
const CONNECTIONS_TRIED: usize = 3;

/// Settings of the client. The defaults suit an installation of any size.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Maximum bytes of a response body to keep.
    pub response_bytes_kept: usize,
    /// How long to keep an idle connection. Servers close theirs after five seconds or more; this must be
    /// less.
    pub pool_idle_timeout: Duration,
    /// Maximum idle connections to one host and port.
    pub pool_max_idle_per_host: usize,
    /// Maximum idle connections in total; they cost mainly file descriptors.
    pub pool_max_idle: usize,
    /// Certificate authorities to trust besides the public ones, as PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
}

impl Default for ClientSettings {
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

/// Sends requests over HTTP/1.1 and HTTP/2.
pub struct HttpClient {
    guard: Arc<EgressGuard>,
    clock: Arc<dyn Clock>,
    connector: Connector,
    pool: Arc<Pool>,
    destinations: Cache<String, Arc<Known>>,
    response_bytes_kept: usize,
}

/// A destination whose URL the guard permits.
struct Known {
    destination: Destination,
    origin: Arc<Origin>,
}

impl HttpClient {
    /// Creates a client without connections. [`Self::send`] needs a tokio runtime. Fails if `extra_ca_pem` is
    /// not a PEM file of certificates.
    pub fn new(
        guard: Arc<EgressGuard>,
        resolver: Arc<dyn Resolve>,
        clock: Arc<dyn Clock>,
        settings: &ClientSettings,
    ) -> Result<Self, ClientError> {
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

    /// Sends one request and returns within its timeout, give or take task scheduling. The response's
    /// [`Outcome`](postrider_model::Outcome) covers every success and failure. Dropping the future aborts the
    /// request.
    pub async fn send(&self, request: &Request) -> Response {
        let mut received = Received::default();
        let exchanged = tokio::time::timeout(request.timeout, self.attempt(request, &mut received)).await;
        let failure = match exchanged {
            Ok(result) => result.err(),
            Err(_) if received.is_decided() => None,
            Err(_) => Some(Failure::timeout(request.timeout, received.has_begun())),
        };
        received.into_response(failure)
    }

    async fn attempt(&self, request: &Request, received: &mut Received) -> Result<(), Failure> {
        let known = self.destination(&request.url)?;
        let (response, mut connection) = self.exchange(&known, request).await?;
        let keep_alive = response::keep_alive(response.headers());
        let body = self.begin(response, received);
        let is_free = received
            .read_body(&mut connection, body, self.response_bytes_kept)
            .await?;
        if is_free {
            self.pool.check_in(&known.origin, connection, keep_alive).await;
        }
        Ok(())
    }

    fn begin(&self, response: HttpResponse<Incoming>, received: &mut Received) -> Incoming {
        let (head, body) = response.into_parts();
        received.status_code = Some(head.status.as_u16());
        received.headers = response::keep_headers(&head.headers);
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

    /// Sends the request over an idle connection, or else over a new one.
    async fn exchange(
        &self,
        known: &Known,
        request: &Request,
    ) -> Result<(HttpResponse<Incoming>, Connection), Failure> {
        // Let the runtime handle the responses that have arrived before it writes many requests in a row.
        // Alternating costs a sixth more (measured with 64 requests under way), because a write goes deep
        // into the kernel and wakes the reader at once.
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
                // Boxed, because this future is rare and larger than everything else that a waiting request
                // holds.
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
