//! One folder per resource, one file per endpoint: its documentation, its handler, its own errors.
//!
//! A resource's `input.rs` is what bodies may hold; its `view.rs` is how it is shown.
//! `postrider_configuration` checks the values.

pub mod accounts;
pub mod automations;
pub mod deliveries;
pub mod event_types;
pub mod events;
pub mod operations;
pub mod portal_links;
pub mod signing_keys;

use serde_json::value::RawValue;

use crate::problem::Problem;

/// JSON that the store keeps as text, to be shown byte for byte.
fn kept_json(text: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(text)
        .map_err(|error| Problem::internal(format_args!("the store holds no JSON: {error}")))
}
