//! The black-box tests: what the built `postrider` does, seen from outside.
//!
//! One binary, so that they are linked once. Each folder is a subject, and `.config/nextest.toml` names those
//! that need a place of their own. To add a test: a function in the file of its subject, named after what it
//! promises.
//!
//! A module `deep` holds what only `./test --deep` runs.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

mod api;
mod bad_input;
mod behaviour;
mod cli;
mod cluster;
mod console;
mod copy;
mod kill;
mod receivers;
mod snippets;
