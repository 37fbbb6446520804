//! The command line: client commands against a server, and offline commands.

mod apply;
mod automations;
mod batch;
mod cancel;
pub mod client;
mod demo;
mod errors;
mod later;
mod listen;
mod login;
mod offline;
mod own_signatures;
pub mod profiles;
mod statistics;
mod update;
mod waiting;
