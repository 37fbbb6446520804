//! What `postrider` can do, one command or group of commands a file.
//!
//! * Server: [`serve`], [`dev`], [`migrate`], [`backup`], [`copy`]; the last three find its store with [`data_dir`].
//! * Client, over the API: [`accounts`], [`automations`], [`events`], [`deliveries`], [`keys`], [`event_types`], on
//!   top of [`remote`].
//! * Offline: [`sign`], [`verify`].
//!
//! To add a command: a file here with its `Args` and `run`, a variant and its group in [`crate::cli`]; then
//! `UPDATE_GENERATED=1 cargo test -p postrider` writes it into the reference.

pub mod accounts;
pub mod automations;
pub mod backup;
pub mod copy;
pub mod data_dir;
pub mod deliveries;
pub mod dev;
pub mod event_types;
pub mod events;
pub mod input;
pub mod keys;
pub mod migrate;
pub mod moment;
pub mod remote;
pub mod secrets;
pub mod serve;
pub mod sign;
pub mod verify;

use serde_json::Value;

use crate::display::cell;

/// A retry schedule of the API in words; nothing where there is none.
fn delays(delays_s: &Value) -> String {
    match delays_s.as_array() {
        None => String::new(),
        Some(delays_s) if delays_s.is_empty() => "none: one attempt".to_owned(),
        Some(delays_s) => delays_s
            .iter()
            .map(|delay| format!("{} s", cell(delay)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A number of things in words.
fn counted(number: &Value, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        cell(number),
        if number.as_u64() == Some(1) { one } else { many }
    )
}
