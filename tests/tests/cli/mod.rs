//! The command line: client commands against a server, and offline commands.

mod automations;
mod cancel;
pub mod client;
mod demo;
mod later;
mod offline;
mod own_signatures;
pub mod profiles;
