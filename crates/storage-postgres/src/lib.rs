//! The store in PostgreSQL, which any number of nodes share.
//!
//! What this crate must never do: decide what happens to a delivery (the model does), read a clock of this machine
//! (times are passed in; leases go by the database's), or hold a transaction open while anything but SQL happens.

mod accounts;
mod api_keys;
mod attempts;
mod automations;
mod changes;
mod columns;
mod connect;
mod database;
mod deliveries;
mod event_types;
mod events;
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
mod store;
mod tls;
mod work;

pub use connect::OptionsError;
pub use options::{CONNECTIONS_DEFAULT, PostgresOptions, VERB_MAX};
pub use schema::{MigrationReport, SCHEMA_VERSION};
pub use store::{OpenError, PostgresStore};
