//! Calls URLs that strangers chose, without letting them reach the network that the caller runs in.
//!
//! Neither the URL nor the receiver can be trusted. The URL may lead to a database, a cloud's metadata
//! service or another protocol's server. The receiver may send anything, or nothing. [`EgressGuard`] decides
//! which addresses may be called. [`HttpClient`] sends a POST to one of them and always returns a bounded
//! [`Response`].
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, SystemTime};
//!
//! use postrider_egress::{ClientSettings, EgressGuard, HttpClient, Request, SystemResolver};
//! use postrider_model::{Clock, Outcome, Timestamp};
//!
//! struct SystemClock;
//!
//! impl Clock for SystemClock {
//!     fn wall(&self) -> Timestamp {
//!         let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
//!         Timestamp::from_unix_ms(since_epoch.map_or(0, |it| it.as_millis() as i64))
//!     }
//!     // The client asks for the wall-clock time alone: certificates and `Retry-After` go by it.
//!     fn now(&self) -> Timestamp {
//!         self.wall()
//!     }
//!     fn monotonic(&self) -> Duration {
//!         Duration::ZERO
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Public addresses, and one network of our own. One client serves the whole process.
//! let guard = Arc::new(EgressGuard::new(vec!["10.20.0.0/16".parse()?]));
//! let client = HttpClient::new(
//!     Arc::clone(&guard),
//!     Arc::new(SystemResolver::new()),
//!     Arc::new(SystemClock),
//!     &ClientSettings::default(),
//! )?;
//!
//! // A user typed this URL. Tell them at once what is wrong with it.
//! let url = "http://[::ffff:169.254.169.254]/latest/meta-data/";
//! let error = guard.check_url(url).unwrap_err();
//! assert_eq!(error.code(), "destination_forbidden");
//!
//! // A check at that time does not protect, because names change their addresses. The client judges each
//! // address that it is about to dial.
//! let response = client
//!     .send(&Request {
//!         url: url.to_owned(),
//!         headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
//!         body: "{}".into(),
//!         timeout: Duration::from_secs(15),
//!         tenant: 1,
//!         identity: None,
//!         response_bytes_kept: None,
//!     })
//!     .await;
//! assert_eq!(response.outcome, Outcome::Blocked);
//! # Ok(())
//! # }
//! ```
//!
//! The path of one request:
//!
//! ```text
//! url ──► destination ──► guard ──► hosts ──► pool ──► (resolve ──► guard ──► connect ──► tls) ──► send
//!         parsed once     by URL    bounded   warm?     only for a new connection
//! ```
//!
//! * [`address`], [`name`], [`port`]: tables of the addresses that are not public, of the names of internal
//!   networks, and of other protocols' ports.
//! * [`destination`], [`guard`]: parse a URL, and check it when it is saved and when it is dialled.
//! * [`hosts`]: bounds the requests that are under way to one host.
//! * [`resolve`]: resolves names to addresses, within bounds; a trait, so that tests can replace it.
//! * `connect`, `tls`, `wire`: open a connection, from the address to the byte stream.
//! * [`proxy`]: opens it through a proxy.
//! * `http1`, `http2`, `head`: carry a request over a connection, and read the response.
//! * [`identity`]: the certificate that a request shows to the receiver.
//! * `connection`: one of the two.
//! * `pool`: keeps connections, shares streams, and explains when a request may be repeated.
//! * [`allowance`]: the time that a request may take.
//! * [`request`], [`response`], `retry_after`: what is sent, and what is read back.
//! * `failure`: describes errors in plain words.
//! * [`client`]: [`HttpClient`], which combines all of these.
//!
//! This crate must never follow a redirect, use a proxy that it was not given, decompress a response, switch
//! certificate checks off, dial an address that the guard has not checked, or read more into memory than its
//! bounds allow. It knows nothing about webhooks: it signs nothing, retries nothing, and takes all headers
//! from its caller.
//!
//! To forbid a range of addresses, add a line in [`address`], and to forbid a domain, in [`name`]. To add a
//! limit on responses, see `head` for heads and [`response`] for bodies. To add a way for requests to fail,
//! see `failure`. To add a method other than POST, add a field to [`Request`] and use it in [`request`].

#![forbid(unsafe_code)]

pub mod address;
pub mod allowance;
pub mod client;
mod connect;
mod connection;
pub mod destination;
mod failure;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod guard;
mod head;
pub mod host_pattern;
pub mod hosts;
mod http1;
mod http2;
pub mod identity;
pub mod name;
mod pool;
pub mod port;
pub mod proxy;
pub mod request;
pub mod resolve;
pub mod response;
mod retry_after;
mod tls;
mod wire;

pub use allowance::Allowance;
pub use client::{ClientSettings, HttpClient, Leave, NotSent};
pub use connect::{connect_first, is_out_of_files};
pub use destination::{Destination, DestinationError, Host, Origin};
pub use failure::{connect_sentence, handshake_sentence};
pub use guard::{EgressGuard, EgressRules};
pub use host_pattern::{HostPattern, HostPatternError};
pub use hosts::{Crowded, Hosts, Permit};
pub use identity::{ClientIdentity, IdentityError, IdentityId, holds_private_key};
pub use name::{NamePattern, NamePatternError};
pub use proxy::{Proxy, ProxyError};
pub use request::{Request, is_reserved_header};
pub use resolve::{Resolve, ResolveError, SystemResolver};
pub use response::Response;
pub use tls::{ClientError, tls_client_config, trusted_roots};
