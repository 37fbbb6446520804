//! The client commands, which call a server's HTTP API, and the offline commands.
//!
//! * [`commands`]: one command, or one group of commands, per file. [`client`]: calls the HTTP API.
//! * [`input`]: long values, from a file or standard input. [`values`]: how durations, times and schedules
//!   are written. [`profiles`]: servers and keys that `postrider login` stores.
//! * [`declared`]: configuration in a file, and how a server differs from it.
//! * [`catalogue`]: event types from and to OpenAPI and AsyncAPI.
//! * [`display`]: tables, records and colours. [`failure`]: error messages and exit codes.
//!
//! This crate must not use the engine, a store, the API's code or the console. It knows a server only by its
//! HTTP API, and reads responses as JSON, so that it works with newer servers too. It reads no settings file.
//! `listen` makes requests with the crate `egress`, so that they are those that a server makes. The crate
//! repeats a check of the server only where a mistake is cheaper to report before the call.
//!
//! To add a command: add a file in [`commands`] with its `Args` and `run`, a variant of [`Command`] and a
//! line in [`commands::GROUPS`]; then `UPDATE_GENERATED=1 cargo test -p postrider` adds it to the reference.

#![forbid(unsafe_code)]

pub mod catalogue;
pub mod client;
pub mod commands;
pub mod declared;
pub mod display;
pub mod environment;
pub mod failure;
pub mod input;
pub mod profiles;
pub mod values;

use std::sync::Arc;

use postrider_model::Clock;

pub use commands::{Command, run};
pub use environment::Environment;
pub use failure::Failure;

/// What a command gets from the process that runs it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The `POSTRIDER_…` variables.
    pub environment: &'a Environment,
    /// The time, for ages of requests and for moments such as "2h ago".
    pub clock: &'a dyn Clock,
    /// The same, for what outlives a call.
    pub shared_clock: &'a Arc<dyn Clock>,
}
