//! The store in one SQLite file: the default, for one node, with nothing to install.
//!
//! This crate must never decide what happens to a delivery (the model does), read a clock (callers pass times
//! in), or hold a transaction open while anything but SQL runs.
//!
//! # How it works One connection writes ([`writer`]), fed by a bounded queue ([`queue`]). While a commit is
//! synced, the writer runs the next transaction; an operation is answered once its commit is on disk
//! ([`sync`]). A few other connections read ([`readers`]), each on its own snapshot, so that readers and the
//! writer never wait for each other. What they read may not be on disk yet.
//!
//! # Why the tables look like this
//! A delivered event takes four row writes: its own row, its delivery's row twice (accepted, then settled),
//! and the attempt's row. The cost is the number of pages that they dirty, because SQLite writes each dirty
//! page to the log and later to the file:
//!
//! - `events` and `attempts` are append only, with plain row numbers: new rows share the last page, which
//!   fills up.
//! - `deliveries` has the delivery's id as its key, which begins with the time. New rows of all accounts are
//!   therefore next to each other at the end as well, and the settling update finds them there. With a key
//!   that begins with the account, a group commit of 500 accounts would dirty 500 pages, twice.
//! - An event's deliveries are numbered consecutively, so the event's row is all the index they need; an
//!   account's deliveries are found through its events. The attempts of a delivery form a chain.
//! - Only `events_by_account` is written at scattered places, one per account.
//! - `deliveries_not_succeeded` has an entry for a delivery only while it has not succeeded: it lists failed
//!   deliveries and finds those that a dead session owned. `deliveries_waiting` contains only deliveries that
//!   wait for a retry, for room or for a resend.
//! - `deliveries_unhappy` has an entry for each failed or canceled delivery: it lists those of all accounts.
//! - The headers of an attempt are stored in a short form ([`postrider_storage::encoding::headers`]).
//!
//! To add a table area: add a file here with the same name as in `crates/storage`, with its SQL written out,
//! and a migration ([`schema`]). To add a statement that runs often or over many rows: give it an
//! `INDEXED BY`, or a line in `query_plans.rs`.

// The tests' disk is a VFS of SQLite, whose interface is C.
#![cfg_attr(not(any(test, feature = "testing")), forbid(unsafe_code))]

mod accounts;
mod api_keys;
mod attempts;
mod audit;
mod automations;
mod backup;
mod changes;
mod checkpoint;
mod columns;
mod connections;
mod deliveries;
mod event_types;
mod events;
mod export;
mod generation;
mod grants;
mod health;
mod inspection;
mod log;
mod missed;
mod open;
mod options;
mod pressure;
mod privacy;
#[cfg(test)]
mod query_plans;
mod queue;
mod rate_limits;
mod readers;
mod requests;
mod reserve;
mod restore;
mod retention;
mod schema;
mod search;
mod secrets;
mod sessions;
mod signing_keys;
mod sql_error;
mod statistics;
mod store;
mod sync;
mod templates;
#[cfg(feature = "testing")]
mod testing;
mod work;
mod writer;

pub use backup::{BackupError, BackupReport, backup};
pub use export::{Export, ExportError, ExportResult};
pub use inspection::{Contents, Inspection, inspect};
pub use open::{DATABASE_FILE, LOCK_FILE, OpenError, migrate, schema_version};
pub use options::SqliteOptions;
pub use privacy::prepare_folder;
pub use restore::{RestoreError, RestoreReport, restore};
pub use schema::{MigrationReport, SCHEMA_VERSION};
pub use store::SqliteStore;
#[cfg(feature = "testing")]
pub use testing::{DiskCounts, DiskFault, LeaseClock, SimulatedDisk};
#[cfg(feature = "testing")]
pub use writer::WriteCounts;
