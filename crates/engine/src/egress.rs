//! Egress: where requests may go, and the HTTP client that takes them there.
//!
//! Customers choose the URLs, so both ends are strangers to each other: the destination may lie inside our own network
//! and the receiver may answer with anything, or never. The path of one request:
//!
//! ```text
//! url ──► destination ──► guard ──► pool ──► (resolve ──► guard ──► connect ──► tls) ──► message ──► answer
//!         parsed once     by URL    warm?     only for a new connection                              bounded
//! ```
//!
//! * [`address`], [`port`]: what is public, what is another protocol's. Tables.
//! * [`destination`], [`guard`]: URLs taken apart, and judged when saved and when dialled.
//! * [`resolve`]: names to addresses, bounded; a trait, for tests.
//! * `connect`, `tls`, `wire`, `handshake`: a connection, from the address to HTTP.
//! * `connection`: what moves a request over it.
//! * `pool`: connections kept, and when a request may be repeated.
//! * `message`, `answer`, `retry_after`: what goes out, what is read back.
//! * `failure`: what went wrong, in plain words.
//! * [`http`]: all of it together, [`HttpTransport`].
//!
//! This module must never follow a redirect, obey a proxy setting, decompress an answer, switch certificate checks
//! off, or dial an address that the guard has not seen.
//!
//! To add a limit on answers: `handshake` for heads, `answer` for bodies. To add a way for requests to fail: see
//! `failure`.

pub mod address;
mod answer;
mod connect;
mod connection;
pub mod destination;
mod failure;
pub mod guard;
mod handshake;
pub mod http;
mod message;
mod pool;
pub mod port;
pub mod resolve;
mod retry_after;
mod tls;
mod wire;

pub use connect::ConnectFailure;
pub use destination::{Destination, DestinationError, Host};
pub use guard::{EgressGuard, LOOKUP_AT_SAVE};
pub use http::{HttpTransport, TransportSettings};
pub use message::is_reserved_header;
pub use resolve::{Resolve, ResolveError, SystemResolver};
pub use tls::TransportError;
