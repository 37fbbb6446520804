//! The conformance suite: what the traits of this crate promise, as tests that every store has to pass.
//!
//! A store's crate runs it from a test of its own:
//!
//! ```text
//! async fn make_store() -> (Arc<MyStore>, TempDir) { … }
//! postrider_storage::conformance!(make_store);
//! ```
//!
//! The suite knows nothing of a store but the traits. It assumes neither that a process has the store for itself nor
//! that it shares it; it makes ids from a fixed seed and passes fixed times, except to sessions, whose leases a store
//! may time by a clock of its own ([`sessions`]).
//!
//! To add a promise: write it as a `pub async fn` in the file of its area, named as a sentence, and add its name to
//! the list in `promises.rs`.
#![expect(missing_docs, reason = "the name of a test is its promise")]

pub mod accounts;
pub mod advance;
pub mod api_keys;
pub mod append;
pub mod automations;
pub mod build;
pub mod claim;
pub mod concurrency;
pub mod event_types;
pub mod filters;
pub mod finish;
pub mod grants;
pub mod keys;
pub mod lists;
pub mod model_check;
mod promises;
pub mod repeats;
pub mod replay;
pub mod reported_again;
pub mod resend;
pub mod retention;
pub mod scene;
pub mod sessions;
pub mod statistics;
