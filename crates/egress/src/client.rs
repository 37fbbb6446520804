//! The HTTP client: one for the whole process, with a pool of warm connections.
//!
//! The client follows no redirects, keeps no cookies and decompresses nothing. When it repeats
//! a request, it does so within the same timeout (`pool`). The timeout covers everything from the name lookup
//! to the last byte that is read, except waits for resources of our own ([`Allowance`]).
//!
//! The status decides the outcome. The client therefore does not wait for the rest of a response that is
//! longer than it keeps, and a body that is cut off or malformed changes nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::attempt::Headers;
use postrider_model::{Clock, Outcome};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::allowance::{Allowance, Exceeded};
use crate::connect::{ConnectFailure, Connector};
use crate::connection::{Connection, SendError};
use crate::destination::{Destination, DestinationError, Host, Origin};
use crate::failure::{ExchangeError, Failure};
use crate::guard::EgressGuard;
use crate::head::Head;
use crate::hosts::{Crowded, Hosts};
use crate::http1::Http1;
use crate::http2::{self, Http2};
use crate::identity::ClientIdentity;
use crate::pool::{CheckedOut, Dial, Pool, PoolSettings};
use crate::proxy::Proxy;
use crate::request::Request;
use crate::resolve::Resolve;
use crate::response::{Received, Response};
use crate::tls::{self, ClientError};

/// Maximum parsed URLs in the cache: parsing one costs 2 µs, caching it about 1 KiB.
const DESTINATIONS_KEPT: usize = 4_096;

/// Maximum connections that one request tries because the receiver closed the connection, or refused the
/// request, before it processed anything. A receiver that does so every time is broken.
const CONNECTIONS_TRIED: usize = 3;

/// Pause between attempts to connect while the process has no free file descriptor.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(100);

/// How long after the last request that found no free file descriptor the outage is over. Each outage is
/// logged once.
const OUT_OF_FILES_OVER: Duration = Duration::from_secs(60);

/// Pause before [`HttpClient::send`] tries again to send to a crowded host.
const CROWDED_PAUSE: Duration = Duration::from_millis(100);

/// Settings of the client. The defaults suit an installation of any size.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Maximum bytes of a response body to keep.
    pub response_bytes_kept: usize,
    /// Maximum requests under way to one host at a time, over all ports and tenants. At least one.
    pub in_flight_per_host_max: usize,
    /// How long to keep an idle connection. Servers close theirs after five seconds or more; this must be
    /// less.
    pub pool_idle_timeout: Duration,
    /// Maximum age of a connection. An older one takes no more requests, so that changes in DNS are followed.
    pub pool_max_age: Duration,
    /// Maximum idle connections to one host and port, and never more than are left of `pool_max_idle`. It
    /// should be at least the requests in flight to one host: with less, each burst closes connections that
    /// the next one opens again.
    pub pool_max_idle_per_host: usize,
    /// Maximum idle connections in total; they cost mainly file descriptors.
    pub pool_max_idle: usize,
    /// Origins without TLS that speak HTTP/2. Nothing tells which protocol such a receiver speaks, so the
    /// client has to know it (RFC 9113 section 3.3).
    pub http2_prior_knowledge: Vec<Origin>,
    /// Certificate authorities to trust besides the public ones, as PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// A proxy that all connections go through. It is not subject to the guard.
    pub proxy: Option<Proxy>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            response_bytes_kept: 16 * 1024,
            in_flight_per_host_max: 1_024,
            pool_idle_timeout: Duration::from_secs(4),
            pool_max_age: Duration::from_secs(60),
            pool_max_idle_per_host: 1_024,
            pool_max_idle: 4_096,
            http2_prior_knowledge: Vec::new(),
            extra_ca_pem: None,
            proxy: None,
        }
    }
}

/// Sends requests over HTTP/1.1 and HTTP/2.
pub struct HttpClient {
    guard: Arc<EgressGuard>,
    clock: Arc<dyn Clock>,
    connector: Connector,
    pool: Arc<Pool>,
    hosts: Arc<Hosts>,
    destinations: Cache<String, Arc<Known>>,
    response_bytes_kept: usize,
    http2_prior_knowledge: HashSet<Origin>,
    /// When a request last found no free file descriptor.
    out_of_files: Mutex<Option<Instant>>,
}

/// Is asked right before a request is written to a connection, each time it is: whether it may leave. May
/// renew its headers, such as a time in them, because the request may have waited.
pub type Leave<'a> = &'a (dyn Fn(&mut Headers) -> bool + Send + Sync);

/// Why a request was not sent. The receiver has no part in it, and has not seen the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// [`Leave`] returned false.
    #[error("the request may not leave any more")]
    Forbidden,
    /// It waited for resources of ours for [`WAIT_MAX`](crate::allowance::WAIT_MAX). Send it later.
    #[error("the request waited too long for a connection")]
    Postponed,
    /// Too many requests to the host are under way, and enough others wait ([`Hosts`]). Send it soon.
    #[error(transparent)]
    Crowded(#[from] Crowded),
}

/// Why a request has no response.
enum Stop {
    Failed(Failure),
    NotSent(NotSent),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Crowded> for Stop {
    fn from(crowded: Crowded) -> Self {
        Self::NotSent(crowded.into())
    }
}

/// A destination whose URL the guard permits.
struct Known {
    destination: Destination,
    origin: Arc<Origin>,
    /// By which requests under way are counted.
    host: Arc<Host>,
}

impl Known {
    /// The origin, for a request that shows this certificate.
    fn origin_for(&self, identity: Option<&ClientIdentity>) -> Result<Arc<Origin>, Failure> {
        match identity {
            None => Ok(Arc::clone(&self.origin)),
            Some(identity) if self.origin.tls => Ok(Arc::new(Origin {
                identity: Some(identity.id()),
                ..Origin::clone(&self.origin)
            })),
            Some(_) => Err(Failure::new(
                Outcome::TlsError,
                "A client certificate needs a URL that begins with https://",
            )),
        }
    }
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
            connector: Connector::new(Arc::clone(&guard), resolver, tls, settings.proxy.clone()),
            guard,
            clock,
            pool: Pool::new(PoolSettings {
                idle_timeout: settings.pool_idle_timeout,
                max_age: settings.pool_max_age,
                max_idle_per_host: settings.pool_max_idle_per_host,
                max_idle: settings.pool_max_idle,
            }),
            hosts: Hosts::new(settings.in_flight_per_host_max),
            destinations: Cache::new(DESTINATIONS_KEPT),
            response_bytes_kept: settings.response_bytes_kept,
            http2_prior_knowledge: settings.http2_prior_knowledge.iter().cloned().collect(),
            out_of_files: Mutex::default(),
        })
    }

    /// Sends one request and returns within its timeout, give or take task scheduling and waits for resources
    /// of our own, which it makes as long as they take. The response's
    /// [`Outcome`](postrider_model::Outcome) covers every success and failure. Dropping the future aborts the
    /// request.
    pub async fn send(&self, request: &Request) -> Response {
        let mut request = request.clone();
        loop {
            match self.send_if(&mut request, &|_| true).await {
                Ok(response) => return response,
                Err(NotSent::Crowded(_)) => tokio::time::sleep(CROWDED_PAUSE).await,
                Err(NotSent::Forbidden | NotSent::Postponed) => {}
            }
        }
    }

    /// Does the same, but asks `leave` right before the request is written to a connection, and gives up once
    /// it has waited for [`WAIT_MAX`](crate::allowance::WAIT_MAX), or if the host is crowded. `request` then
    /// has the headers that were sent.
    pub async fn send_if(&self, request: &mut Request, leave: Leave<'_>) -> Result<Response, NotSent> {
        let mut received = Received::default();
        let timeout = request.timeout;
        let allowance = Allowance::new(timeout);
        let attempt = self.attempt(request, &mut received, &allowance, leave);
        let failure = match allowance.limit(attempt).await {
            Ok(Ok(())) => None,
            Ok(Err(Stop::Failed(failure))) => Some(failure),
            Ok(Err(Stop::NotSent(not_sent))) => return Err(not_sent),
            Err(Exceeded::Wait) => return Err(NotSent::Postponed),
            Err(Exceeded::Timeout) if received.is_decided() => None,
            Err(Exceeded::Timeout) => Some(Failure::timeout(timeout, received.has_begun())),
        };
        Ok(received.into_response(failure, allowance.waited()))
    }

    async fn attempt(
        &self,
        request: &mut Request,
        received: &mut Received,
        allowance: &Allowance,
        leave: Leave<'_>,
    ) -> Result<(), Stop> {
        let known = self.destination(&request.url).map_err(Failure::from)?;
        let origin = known.origin_for(request.identity.as_ref())?;
        // Declared before the connection, so that it is given back after that is closed.
        let _permit = self.hosts.permit(&known.host, request.tenant, allowance).await?;
        let (head, mut connection) = self.exchange(&known, &origin, request, allowance, leave).await?;
        let keep_alive = head.keep_alive;
        received.begin(head, || self.clock.wall());
        received
            .read_body(
                &mut connection,
                request.response_bytes_kept.unwrap_or(self.response_bytes_kept),
            )
            .await;
        if let Connection::Http1(http1) = connection
            && http1.is_reusable()
        {
            self.pool.check_in(&origin, http1, keep_alive);
        }
        Ok(())
    }

    fn destination(&self, url: &str) -> Result<Arc<Known>, DestinationError> {
        if let Some(known) = self.destinations.get(url) {
            return Ok(known);
        }
        let destination = self.guard.check_url(url)?;
        let mut origin = destination.origin().clone();
        origin.http2 |= self.http2_prior_knowledge.contains(&origin);
        let host = Arc::new(destination.host().effective());
        let known = Arc::new(Known {
            destination,
            origin: Arc::new(origin),
            host,
        });
        self.destinations.insert(url.to_owned(), Arc::clone(&known));
        Ok(known)
    }

    /// Sends the request over a pooled connection, or else over a new one.
    async fn exchange(
        &self,
        known: &Known,
        origin: &Arc<Origin>,
        request: &mut Request,
        allowance: &Allowance,
        leave: Leave<'_>,
    ) -> Result<(Head, Connection), Stop> {
        // Let the runtime handle the responses that have arrived before it writes many requests in a row.
        // Alternating costs a sixth more (measured with 64 requests under way), because a write goes deep
        // into the kernel and wakes the reader at once.
        tokio::task::yield_now().await;
        let mut tried = 0;
        let mut is_repeated = false;
        let mut must_be_new = false;
        loop {
            let checked_out = if must_be_new {
                CheckedOut::Dial(self.pool.dial_now(origin))
            } else {
                self.pool.check_out(origin, request.tenant, allowance).await
            };
            let (mut connection, is_reused) = match checked_out {
                CheckedOut::Reused(connection) => (connection, true),
                // Boxed, because this future is rare and larger than everything else that a waiting request
                // holds.
                CheckedOut::Dial(dial) => {
                    match Box::pin(self.connect(origin, dial, request, allowance)).await? {
                        Some(connection) => (connection, false),
                        None => continue,
                    }
                }
            };
            if !leave(&mut request.headers) {
                if let Connection::Http1(http1) = connection {
                    self.pool.check_in(origin, http1, None);
                }
                return Err(Stop::NotSent(NotSent::Forbidden));
            }
            tried += 1;
            let sent = Instant::now();
            let is_shared = matches!(connection, Connection::Http2(_));
            match connection.send(&known.destination, request, is_reused).await {
                Ok(head) => return Ok((head, connection)),
                Err(SendError::Request(failure)) => return Err(failure.into()),
                Err(SendError::Exchange(error)) if error.is_unprocessed() && tried < CONNECTIONS_TRIED => {
                    must_be_new |= !is_shared && tried + 1 == CONNECTIONS_TRIED;
                }
                Err(SendError::Exchange(error)) if error.is_silent_end() && is_reused && !is_repeated => {
                    self.pool.record_death(origin);
                    is_repeated = true;
                    if is_shared {
                        self.pool.retire_streams(origin, sent);
                    } else {
                        must_be_new = true;
                    }
                }
                Err(SendError::Exchange(error)) => return Err(Failure::exchange(&error, false).into()),
            }
        }
    }

    /// Opens a connection. Returns `None` if that fails but others serve the origin, so that the request can
    /// wait for one of them.
    async fn connect(
        &self,
        origin: &Arc<Origin>,
        dial: Dial,
        request: &Request,
        allowance: &Allowance,
    ) -> Result<Option<Connection>, Failure> {
        let (tenant, identity) = (request.tenant, request.identity.as_ref());
        let connected = loop {
            let connected = self.connector.connect(origin, identity, tenant, allowance).await;
            if !connected.as_ref().is_err_and(ConnectFailure::is_out_of_files) {
                break connected;
            }
            if begins_outage(&mut self.out_of_files.lock(), Instant::now()) {
                tracing::warn!(
                    "requests wait because no file descriptor is free; raise the limit on open files"
                );
            }
            self.pool.drop_idle();
            allowance.pause(tokio::time::sleep(OUT_OF_FILES_PAUSE)).await;
        };
        let connected = match connected {
            Ok(connected) => connected,
            Err(_) if dial.is_spare() => return Ok(None),
            Err(error) => return Err(Failure::from(error)),
        };
        if !connected.http2 {
            dial.found_http1();
            let http1 = Http1::new(connected.stream);
            return Ok(Some(Connection::Http1(Box::new(http1))));
        }
        let lease = http2::handshake(connected.stream, dial).await;
        let lease = lease.map_err(|error: ExchangeError| Failure::exchange(&error, false))?;
        Ok(Some(Connection::Http2(Box::new(Http2::new(lease)))))
    }
}

/// Notes that a request found no free file descriptor. Returns whether that begins an outage.
fn begins_outage(last: &mut Option<Instant>, now: Instant) -> bool {
    last.replace(now)
        .is_none_or(|last| last + OUT_OF_FILES_OVER <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_of_open_files_begins_once() {
        let (mut last, began) = (None, Instant::now());
        let begins: Vec<_> = [0, 1, 60, 119, 179, 200]
            .map(|s| begins_outage(&mut last, began + Duration::from_secs(s)))
            .into();
        assert_eq!(begins, [true, false, false, false, true, false]);
    }
}
