//! The command line: client commands against a server, and offline commands.

mod client;
mod demo;
mod offline;
mod profiles;
