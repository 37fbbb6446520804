//! Puts the parts together into a running node: store, engine, API, listener.
//!
//! * [`node`]: the order of starting and of stopping. [`listener`]: connections, and every bound on them.
//! * `engine`: the engine and the configuration that it obeys. [`store`]: which store.
//! * [`site`]: what the one port serves. `system`: what the console shows of the process.
//! * [`logging`], [`metrics`], [`signals`], [`open_files`]: what a process has once.
//!
//! It must never hold a rule about deliveries: what it decides is in the settings.

pub mod console;
mod engine;
pub mod listener;
pub mod logging;
pub mod metrics;
pub mod node;
pub mod open_files;
pub mod signals;
pub mod site;
pub mod store;
mod system;

pub use node::{Node, Secrets};
