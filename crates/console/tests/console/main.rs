//! The whole console in process, over the real engine and the real store: promises that hold for every route
//! ([`routes`]).

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod addresses;
mod app;
mod assets;
mod audit;
mod automations;
mod bounds;
mod cancel;
mod conditions;
mod connections;
mod copies;
mod deliveries;
mod descriptions;
mod docs;
mod emails;
mod finding;
mod forms;
mod headers;
mod installation_connections;
mod later;
mod live;
mod notices;
mod receivers;
mod replays;
mod routes;
mod secrets;
mod sign_in;
mod signatures;
mod statistics;
mod templates;
mod verify;
mod visitors;
