//! The store in one SQLite file: the default, for one node, with nothing to install.
//!
//! What this crate must never do: decide what happens to a delivery (the model does), read a clock (times are
//! passed in), or hold a transaction open while anything but SQL happens.
//!
//! # How it works
//! One connection writes ([`writer`]), reached through a bounded queue ([`queue`]); everything that has
//! queued up while the last commit was synced goes into the next one. A few others read ([`readers`]), each
//! on its own snapshot, so that neither kind waits for the other.
//!
//! # Why the tables look like this
//! A delivered event is written in four rows: its own, its delivery's twice (accepted, then settled), the
//! attempt's. What that costs is the number of pages it dirties, as each is written to the log and later to
//! the file:
//!
//! - `events` and `attempts` are append only, with plain row numbers: new rows share the last page, which
//!   fills up.
//! - `deliveries` has the delivery's id as its key, which begins with the time: new rows come to lie together
//!   at the end too, whichever account they belong to, and the settling update finds them there. Had the key
//!   begun with the account, a group commit of 500 accounts would dirty 500 pages, twice.
//! - An event's deliveries are numbered consecutively, so that the event's row is all the index they need; an
//!   account's deliveries are found through its events. Attempts hang on their delivery as a chain.
//! - Only `events_by_account` has places all over it, one per account.
//! - `deliveries_not_succeeded` has an entry only while a delivery is not (yet) a success: it lists what
//!   failed, and finds what a dead session owned. `deliveries_waiting` only has what waits for a retry, for
//!   room or a resend.
//! - The headers of an attempt are kept in a short form ([`postrider_storage::encoding::headers`]).
//!
//! To add a table area: a file here with the same name as in `crates/storage`, its SQL written out in it, and
//! a migration ([`schema`]). To add a statement that runs often or over many rows: give it an `INDEXED BY`,
//! or a line in `query_plans.rs`.

mod accounts;
mod api_keys;
mod attempts;
mod automations;
mod backup;
mod changes;
mod checkpoint;
mod columns;
mod deliveries;
mod event_types;
mod events;
mod export;
mod grants;
mod open;
mod options;
#[cfg(test)]
mod query_plans;
mod queue;
mod readers;
mod retention;
mod schema;
mod sessions;
mod signing_keys;
mod sql_error;
mod statistics;
mod store;
mod work;
mod writer;

pub use backup::{BackupError, BackupReport, backup};
pub use export::{Export, ExportError, ExportResult};
pub use open::{DATABASE_FILE, LOCK_FILE, OpenError, migrate, schema_version};
pub use options::{Execution, SqliteOptions};
pub use schema::{MigrationReport, SCHEMA_VERSION};
pub use store::SqliteStore;
pub use writer::WriteCounts;
