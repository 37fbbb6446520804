//! Pages of the documentation whose code is run as a reader copies it: the receivers in frameworks, and the
//! relays from a database.
//!
//! A page names a file in a line such as ``**`server.mjs`**`` before its block of code. The tests take files
//! and commands from there, so that a page and what was tested never differ.

mod frameworks;
mod outbox;
mod page;
mod shell;
