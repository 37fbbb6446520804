//! The client against real sockets on 127.0.0.1: every way in which an attempt can end, and every limit.
//!
//! Receivers are a few lines each ([`support`]), because no well-behaved server can be made to fail in most
//! of these ways. No test waits for luck: timeouts under test are fractions of a second, and everything else
//! waits for a socket.

#![expect(
    clippy::unwrap_used,
    reason = "receivers and other helpers fail their test by panicking"
)]

mod blocked;
mod hosts;
mod http2;
mod http2_frames;
mod http2_without_tls;
mod http2_writes;
mod identity;
mod idle;
mod limits;
mod outcomes;
mod pool;
mod proxy;
mod support;
mod tls;
