//! Bad input: a clear problem document, and nothing stored.

mod actions;
mod bodies;
mod destinations;
mod events;
mod fields;
mod hostile_clients;
