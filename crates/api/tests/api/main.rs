//! The whole API in process, over the real engine and the real store, with scripted receivers in place of the
//! network.
//!
//! One file per resource. Each test has an installation of its own ([`app::App`]).

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod accounts;
mod api_keys;
mod app;
mod audit;
mod automation_uids;
mod automations;
mod bodies;
mod bounds;
mod cloud_events;
mod conditions;
mod conforms;
mod connection_hosts;
mod connections;
mod deliveries;
mod deliveries_of_all;
mod edge;
mod emails;
mod etags;
mod event_types;
mod events;
mod finding;
mod installation_connections;
mod later;
mod listening;
mod lists;
mod matrix;
mod once;
mod portal_links;
mod rate_limits;
mod secret_query;
mod signatures;
mod signing_keys;
mod statistics;
mod story;
mod templates;
