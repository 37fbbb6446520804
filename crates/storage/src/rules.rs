//! Decisions that every store makes in the same way, as pure functions: no statement, no clock, no state.
//!
//! A store reads rows, asks a rule, and writes what the rule says. Where a store decides inside a statement
//! instead, because that saves a round trip on the busiest path, the rule stands beside it as the definition.
//!
//! To add a rule: a function in the file of its subject with unit tests beside it, then its call in both
//! stores.

pub mod attempts;
pub mod automations;
pub mod events;
pub mod ids;
pub mod replay;
pub mod signing_keys;
#[cfg(test)]
mod test_values;
