//! The command line: client commands against a server, and the offline ones.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

mod client;
mod demo;
mod offline;
