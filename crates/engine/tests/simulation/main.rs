//! The engine on virtual time, against the real SQLite store: schedules, edits between attempts, crashes and
//! stops.
//!
//! To add a scenario: add a test to the file of its subject. Code that several tests need belongs in
//! `support`.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot be set up has failed")]

mod acceptance;
mod advice;
mod cancel;
mod cancel_event;
mod clocks;
mod cloud_events;
mod conditions;
mod connection_hosts;
mod connections;
mod crashes;
mod edits;
mod emails;
mod health;
mod hosts;
mod installation_connections;
mod later;
mod missed;
mod outages;
mod pace;
mod rate_limits;
mod replay;
mod rotations;
mod schedule;
mod statistics;
mod stored_bytes;
mod support;
mod templates;
mod token_endpoints;
mod waits;
