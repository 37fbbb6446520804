//! Events: the hot path, and reading them back.

pub(super) mod accepted;
pub mod create;
pub mod create_batch;
pub mod get;
mod idempotency_key;
pub(super) mod input;
pub mod list;
mod view;
