//! The mailer against servers that behave, refuse, misbehave and vanish.

#![expect(
    clippy::unwrap_used,
    reason = "servers and other helpers fail their test by panicking"
)]

mod classes;
mod hostile;
mod pool;
mod real;
mod support;
