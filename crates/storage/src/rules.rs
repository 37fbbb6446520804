//! Decisions that every store makes in the same way, as pure functions: no SQL, no clock, no state.
//!
//! A store reads rows, calls a rule, and writes what the rule decides. Where a store decides inside a
//! statement instead, to save a round trip on the busiest path, the rule remains the definition.
//!
//! To add a rule: add a function to the file of its subject, with unit tests beside it, then call it in both
//! stores.

pub mod attempts;
pub mod audit;
pub mod automations;
pub mod cancel;
pub mod confirmed_time;
pub mod connections;
pub mod event_types;
pub mod events;
pub mod fan_out;
pub mod health;
pub mod ids;
pub mod missed;
pub mod rate_limits;
pub mod replay;
pub mod requests;
pub mod signing_keys;
#[cfg(test)]
pub(crate) mod test_values;
