//! The store in PostgreSQL, which any number of nodes share.
//!
//! What this crate must never do: decide what happens to a delivery (the model does), read a clock of this
//! machine (times are passed in; leases go by the database's), or hold a transaction open while anything but
//! SQL happens.
//!
//! Why the tables look like this:
//!
//! - Events, deliveries and attempts have a partition for each day (`partitions.rs`), as dropping a day costs
//!   an instant and removing its rows would cost as much as storing them did (`retention.rs`). A delivery's
//!   id begins with the time, so that its day follows from it, and its attempts' day too.
//! - No unique index can reach over partitions. What a producer may use only once stands in `event_keys`, and
//!   only events that have such a thing pay for it.
//! - An account's automations are rows with their actions as JSON: they are read, written and counted
//!   together. Who counts or adds locks the account's row, as other nodes do the same (`accounts.rs`).
//! - `copies` tells how far a copy from another store came (`import.rs`); beside an unfinished one no session
//!   begins.
//! - The database itself notes in `changes` what other nodes have to read again: no statement can forget to.

mod accounts;
mod api_keys;
mod attempts;
mod automations;
mod changes;
mod columns;
mod connect;
mod copies;
mod database;
mod day_tables;
mod deliveries;
mod event_types;
mod events;
mod grants;
mod import;
mod in_doubt;
mod listener;
mod options;
mod partitions;
mod retention;
mod schema;
mod sessions;
mod signing_keys;
mod sql_error;
mod statement;
mod statistics;
mod store;
mod suitability;
mod tls;
mod work;

pub use connect::OptionsError;
pub use copies::UnfinishedCopy;
pub use import::{Begun, Difference, ImportError, PostgresImport};
pub use options::{CONNECTIONS_DEFAULT, PostgresOptions, VERB_MAX};
pub use schema::{MigrationReport, SCHEMA_VERSION};
pub use store::{OpenError, PostgresStore};
pub use suitability::Unsuitable;
