//! The commands that talk to a server or need none: what an operator types, and what the terminal shows.
//!
//! * [`commands`]: one command, or one group of commands, per file. [`client`]: calls the HTTP API.
//! * [`input`]: long values, from a file or standard input. [`values`]: how durations, times and schedules
//!   are written.
//! * [`display`]: tables, records and colours. [`failure`]: error messages and exit codes.
//!
//! This crate must never reach the engine, a store, the API's code or the console: it knows a server by its
//! HTTP API alone, and reads responses as JSON, so that it works against newer servers too. It reads no
//! settings file and holds no rule that the server also checks, except where a mistake is cheaper to report
//! before the call.
//!
//! To add a command: a file in [`commands`] with its `Args` and `run`, a variant of [`Command`] and a line in
//! [`commands::GROUPS`]; then `UPDATE_GENERATED=1 cargo test -p postrider` adds it to the reference.

pub mod client;
pub mod commands;
pub mod display;
pub mod environment;
pub mod failure;
pub mod input;
pub mod values;

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
}
