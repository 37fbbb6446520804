//! One folder per resource, one file per endpoint: its documentation, its handler, its own errors.
//!
//! A resource's `input.rs` has the members of its bodies, its `view.rs` its JSON form in responses.
//! `postrider_configuration` checks the values. `count.rs` has what the responses of several resources share.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod automations;
pub mod connections;
mod count;
pub mod deliveries;
pub mod event_types;
pub mod events;
pub mod listen;
pub mod master_key;
pub mod operations;
pub mod portal_links;
pub mod search;
pub mod sessions;
pub mod signing_keys;
pub mod statistics;

use serde_json::value::RawValue;

use crate::problem::Problem;

/// JSON that the store keeps as text, for a response that shows it byte for byte.
fn kept_json(text: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(text)
        .map_err(|error| Problem::internal(format_args!("the store holds no JSON: {error}")))
}
