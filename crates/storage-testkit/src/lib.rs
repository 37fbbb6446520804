//! The conformance suite: the promises of the traits in `postrider-storage`, as tests that every store must
//! pass.
//!
//! This crate must know stores only through the traits, and must never be a dependency outside tests. A
//! store's crate runs the suite from a test of its own:
//!
//! ```text
//! async fn make_store() -> (Arc<MyStore>, TempDir) { … }
//! postrider_storage_testkit::conformance!(make_store);
//! ```
//!
//! The suite assumes neither that one process uses the store alone nor that several share it. It generates
//! ids from a fixed seed and passes fixed times, except to sessions, because a store may time leases by its
//! own clock ([`sessions`]).
//!
//! To add a promise: write it as a `pub async fn` in the file of its area, name it as a sentence, and add the
//! name to the list in `promises.rs`.

#![forbid(unsafe_code)]
#![expect(missing_docs, reason = "the name of a test is its promise")]

pub mod accounts;
pub mod advance;
pub mod announced;
pub mod api_keys;
pub mod append;
pub mod audit;
pub mod audited;
pub mod automation_uids;
pub mod automations;
pub mod build;
pub mod cancel;
pub mod cancel_event;
pub mod claim;
pub mod concurrency;
pub mod connections;
pub mod deliver_later;
pub mod event_types;
pub mod fan_out;
pub mod filters;
pub mod finish;
pub mod grants;
pub mod health;
pub mod held_back;
pub mod installation_connections;
pub mod keys;
pub mod lists;
pub mod missed;
pub mod missed_bounds;
pub mod model_check;
mod odd_attempts;
pub mod people;
pub mod portal_links;
pub mod preconditions;
mod promises;
pub mod rate_limits;
pub mod repeats;
pub mod replay;
pub mod reported_again;
pub mod requests;
pub mod resend;
pub mod retention;
pub mod scene;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod statistics;
pub mod statistics_by_time;
pub mod templates;

#[doc(hidden)]
pub use postrider_storage::Store;
