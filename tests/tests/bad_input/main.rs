//! Bad input: a clear problem document, and nothing stored.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helpers too"
)]

mod actions;
mod bodies;
mod destinations;
mod events;
mod fields;
mod hostile_clients;
