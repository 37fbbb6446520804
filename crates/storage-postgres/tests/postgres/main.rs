//! The store on a real PostgreSQL, which `scripts/with-postgres` starts.
//!
//! * [`conformance`]: the promises of the store's traits. [`deep`]: those about events and deliveries once
//!   more, in the partitions of their days.
//! * [`migrations`], [`partitions`], [`old_days`], [`import`], [`changes`], [`in_doubt`], [`odd_texts`],
//!   [`publications`], [`suitability`]: what this
//!   store promises besides.
//!
//! One binary, so that it is linked once. To add a test: a function in the file of its subject; it starts
//! with a database of its own, from [`support`].

mod changes;
mod conformance;
mod deep;
mod import;
mod in_doubt;
mod migrations;
mod odd_texts;
mod old_days;
mod partitions;
mod pooler;
mod proxy;
mod publications;
mod suitability;
mod support;
