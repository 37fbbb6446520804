//! Wires the parts into a running node: store, engine, API, listener.
//!
//! * [`node`]: the order of start and stop. [`listener`]: connections, and every bound on them.
//! * [`admin_key`]: the operator's API key, configured or created at the first start.
//! * `engine`: configuration, access, figures and the engine. [`store`]: opens the store.
//! * [`master_key`]: where the master key comes from, and where a new one goes.
//! * [`people`]: the staff's identity provider. `provider_transport`: requests to it.
//! * `extra_ca`: the operator's own certificate authorities.
//! * [`site`]: what the one port serves. `system`: the facts about the process in the console.
//! * [`telemetry`]: the export over OTLP. [`trusted_client`]: calls servers of the operator.
//! * [`logging`], [`metrics`], [`signals`], [`open_files`]: set up once per process.
//!
//! This module must hold no rule about deliveries: it decides only what the settings say.

pub mod admin_key;
pub mod console;
mod cors;
mod docs;
mod engine;
pub mod extra_ca;
mod kept_connections;
pub mod listener;
pub mod logging;
pub mod mail;
pub mod master_key;
pub mod metrics;
pub mod node;
pub mod open_files;
pub mod people;
pub mod provider_transport;
pub mod signals;
pub mod site;
pub mod store;
mod system;
pub mod telemetry;
pub mod trusted_client;

pub use node::{Node, Secrets};
