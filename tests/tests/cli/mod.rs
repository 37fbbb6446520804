//! The command line: client commands against a server, and offline commands.

mod automations;
mod cancel;
mod client;
mod demo;
mod offline;
mod own_signatures;
mod profiles;
