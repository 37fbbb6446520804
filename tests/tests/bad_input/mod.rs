//! Bad input: the server responds with a clear problem document, and stores nothing.

mod actions;
mod bodies;
mod destinations;
mod events;
mod fields;
mod hostile_clients;
mod schemas;
