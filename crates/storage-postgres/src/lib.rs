//! The store in a PostgreSQL database, which any number of nodes share.
//!
//! This crate must never decide what happens to a delivery (the model does), read this machine's clock
//! (callers pass times in; leases use the database's clock), or hold a transaction open while anything but
//! SQL runs.
//!
//! Why the tables look like this:
//!
//! - Events, deliveries and attempts have a partition for each day (`partitions.rs`), because dropping a day
//!   takes an instant, whereas removing its rows would cost as much as storing them did (`retention.rs`). A
//!   delivery's id begins with the time, so its day, and that of its attempts, follows from the id.
//! - A unique index cannot span partitions. The ids and idempotency keys that a producer may use only once
//!   are therefore in `event_keys`, and only events that have one pay for it.
//! - An account's automations are rows with their actions as JSON: they are read, written and counted
//!   together. A transaction that counts or adds automations locks the account's row, because other nodes do
//!   the same (`accounts.rs`).
//! - `copies` records how far a copy from another store has come (`import.rs`); while one is unfinished, no
//!   session begins.
//! - Triggers record in `changes` what other nodes have to reload, so no statement can forget it.

#![forbid(unsafe_code)]

mod accounts;
mod api_keys;
mod attempts;
mod audit;
mod automations;
mod changes;
mod columns;
mod connect;
mod connections;
mod copies;
mod database;
mod day_tables;
mod deliveries;
mod event_types;
mod events;
mod explain;
mod grants;
mod health;
mod import;
mod in_doubt;
mod inspection;
mod listener;
mod missed;
mod options;
mod partitions;
mod rate_limits;
mod requests;
mod retention;
mod schema;
mod search;
mod secrets;
mod sessions;
mod signing_keys;
mod sql_error;
mod statement;
mod statistics;
mod store;
mod suitability;
mod templates;
mod tls;
mod url;
mod work;

pub use connect::OptionsError;
pub use copies::UnfinishedCopy;
pub use import::{Begun, Difference, ImportError, PostgresImport};
pub use inspection::{Inspection, inspect};
pub use options::{CONNECTIONS_DEFAULT, PostgresOptions, VERB_MAX};
pub use schema::{MigrationReport, SCHEMA_VERSION};
pub use store::{OpenError, PostgresStore};
pub use suitability::Unsuitable;
