//! What callers wish of configuration, and whether they can have it.
//!
//! The HTTP API takes accounts, automations, keys and event types from JSON, the console from forms; both turn what
//! they read into a *wish* and call a verb of the engine, which checks all of it, writes it, and answers with what is
//! stored. So the rules and their words are here, once. What a wish cannot have is named by [`Fault`]s: a JSON pointer
//! into the resource as the API shows it, by which the API answers and the console finds the field to put the words
//! beside.
//!
//! | file | holds |
//! |---|---|
//! | `account.rs` | [`AccountWish`]: `create_account`, `update_account` |
//! | `automation.rs`, `automation/` | [`AutomationWish`], [`ActionWish`]: `create_automation`, `update_automation`, `set_automation_enabled` |
//! | `signing_key.rs` | [`RotationWish`]: `rotate_signing_key` |
//! | `event_type.rs` | [`EventTypeWish`]: `put_event_type` |
//! | `fields.rs`, `json.rs` | checks of values that several resources have |
//! | `fault.rs`, `codes.rs`, `error.rs` | what is wrong, and what else can come of a verb |
//!
//! A wish holds what a caller can write down, however impossible: texts and numbers as they came. What arrives without
//! a value (a blank form field) is `None`, which the reader of the form decides. An update is made from the version of
//! the object that the caller passes, and is [`ConfigureError::Stale`] where that is no longer the stored one; whoever
//! has only a change to make reads and tries again, up to [`EDITS_MAX`] times.
//!
//! Nothing here may know JSON bodies, forms or HTTP, or put a secret into a fault.
//!
//! To add an option of an action: a member of [`ActionWish`], its check in `automation/actions.rs` or a file beside it,
//! its place in `ActionWish::of`; then the API's `routes/automations/input.rs` and the console's form. To add a
//! resource: a file with its wish, a private draft that is the wish checked, and the verbs as an `impl Engine`. To add
//! a kind of fault: a constant in [`codes`].

mod account;
mod automation;
pub mod codes;
mod error;
mod event_type;
mod fault;
mod json;
mod name;
mod schedule;
mod signing_key;

pub use account::AccountWish;
pub use automation::{ActionWish, AutomationWish};
pub use error::ConfigureError;
pub use event_type::EventTypeWish;
pub use fault::{FAULTS_MAX, Fault};
pub use name::NameError;
pub use signing_key::RotationWish;

use fault::Faults;

/// How often a change starts over because someone else's came in between. Five edits of one object within the
/// milliseconds of a change are a program that fights another, and neither should win by trying longer.
pub const EDITS_MAX: usize = 5;
