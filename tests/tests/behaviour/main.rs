//! What the server does, seen from outside: attempts, answers of receivers, restarts, the data folder.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

mod attempts;
mod backup;
mod data_folder;
mod receivers_that_misbehave;
mod restarts;
mod retention;
mod schedule;
mod settings;
mod stopping;
