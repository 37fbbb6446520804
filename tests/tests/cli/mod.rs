//! The command line: client commands against a server, and the offline ones.

mod client;
mod demo;
mod offline;
