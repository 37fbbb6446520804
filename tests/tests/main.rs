//! The black-box tests: the behaviour of the built `postrider`, seen from outside.
//!
//! All tests are in one binary, so that they are linked once. Each folder is a subject;
//! `.config/nextest.toml` names those that need special scheduling. To add a test: add a function in the file
//! of its subject, named after what it promises.
//!
//! A module `deep` holds tests that only `./test --deep` runs.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

mod api;
mod bad_input;
mod behaviour;
mod cli;
mod cluster;
mod compare;
mod connections;
mod console;
mod copy;
mod docs;
mod importing;
mod kill;
mod messages;
mod monitoring;
mod operate;
mod pages;
mod proxies;
mod receivers;
mod snippets;
mod telemetry;
