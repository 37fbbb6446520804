//! The store on a real PostgreSQL, which `scripts/with-postgres` starts.
//!
//! * [`conformance`]: the conformance suite. [`deep`]: its tests about events and deliveries once more, in
//!   daily partitions.
//! * [`migrations`], [`partitions`], [`old_days`], [`pruned_rows`], [`import`], [`changes`], [`in_doubt`],
//!   [`odd_texts`], [`publications`], [`suitability`]: what this store promises besides.
//!
//! One binary, so that it is linked only once. To add a test: add a function to the file of its subject; it
//! begins with its own database from [`support`].

mod changes;
mod conformance;
mod deep;
mod import;
mod in_doubt;
mod leases;
mod migrations;
mod odd_texts;
mod old_days;
mod partitions;
mod pooler;
mod proxy;
mod pruned_rows;
mod publications;
mod secrets;
mod suitability;
mod support;
