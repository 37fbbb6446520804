//! Configuration: accounts, automations, signing keys and the catalogue of event types, checked and kept in
//! memory.
//!
//! [`Configuration`] has a verb for every change and a read for every object. The HTTP API reads accounts,
//! automations, keys and event types from JSON, the console from forms. Both turn what they read into a
//! *draft* and call a verb, which checks the whole draft, writes it and returns the stored object. The rules
//! and their messages therefore exist once, here. A verb reports the problems of a draft as [`Fault`]s: a
//! JSON pointer into the resource as the API shows it, and a message. The API puts both into its response,
//! and the console shows the message beside the field.
//!
//! | file | holds |
//! |---|---|
//! | `configuration.rs` | [`Configuration`]: its parts, its reads, what other nodes changed |
//! | `account.rs` | [`AccountDraft`]: `create_account`, `update_account`, `delete_account` |
//! | `automation.rs`, `automation/` | [`AutomationDraft`], [`ActionDraft`]: verbs of automations, actions |
//! | `header_templates.rs` | [`HeaderTemplates`]: header values with fields of the event |
//! | `email_template.rs` | [`EmailTemplate`]: subject and text of an e-mail |
//! | `pins.rs` | [`Pinned`]: compiled templates, with their numbers in the store |
//! | `judging.rs` | [`Judging`]: the conditions of all automations on one event, in bounded time |
//! | `verdict.rs` | [`AutomationVerdict`]: why an event triggers an automation, or does not |
//! | `connection.rs`, `connection/` | [`ConnectionDraft`]: verbs of connections |
//! | `credentials.rs` | [`Credentials`]: what a connection does to a request |
//! | `signing_key.rs`, `signing_key/` | [`RotationDraft`]: rotations of keys, of accounts and of actions |
//! | `announces.rs` | [`Announces`]: operational events about changes, which the engine makes |
//! | `signers.rs` | [`LiveSigners`]: the keys of each action, expanded for its signature profile |
//! | `event_type.rs` | [`EventTypeDraft`]: `put_event_type`, `delete_event_type` |
//! | `audit.rs` | what entries of the audit trail show of accounts and automations |
//! | `directory.rs` | accounts in memory, which acceptance and attempts look up |
//! | `catalogue.rs` | [`Catalogue`]: event types in memory |
//! | `schema.rs`, `schema/` | [`Schema`]: the schema of a type's `data`, which compares numbers exactly |
//! | `sealing.rs` | [`sealing::Sealing`]: the rotation of the master key |
//! | `name.rs`, `schedule.rs`, `json.rs` | checks of values that several resources share |
//! | `fault.rs`, `codes.rs`, `error.rs` | the faults of a draft, and the other errors of a verb |
//!
//! Each verb takes [`By`](postrider_model::By), who asks for the change, and gives the store the entry of the
//! audit trail that it writes with the change.
//!
//! A draft holds unchecked input: texts and numbers as the caller sent them. A member without a value (a
//! blank form field) is `None`; the code that reads the form decides that. An update starts from the version
//! of the object that the caller passes, and fails with [`ConfigureError::Stale`] if the stored version is
//! newer. A caller that only applies a change reads the object and retries, up to [`EDITS_MAX`] times.
//!
//! This crate must never know JSON bodies, forms or HTTP, put a secret into a fault, write an object that it
//! has not checked, or make a delivery.
//!
//! To add a kind of action, add a variant to [`DoesDraft`] with a file beside `automation/send_webhook.rs`.
//! To add an option of a webhook, add a member to [`SendWebhookDraft`], its check, and its line to `of`; then
//! extend the API's `routes/automations/input.rs` and the console's form. To add a resource, add a file with
//! its draft, the private struct of a checked draft, and the verbs as an `impl Configuration`. To add a kind
//! of fault, add a constant to [`codes`].

#![forbid(unsafe_code)]

mod account;
mod announces;
mod audit;
mod automation;
pub mod catalogue;
pub mod codes;
mod configuration;
mod connection;
mod credentials;
mod directory;
mod email_template;
mod error;
mod event_type;
mod fault;
mod header_templates;
mod json;
mod judging;
mod metadata;
mod name;
mod notice;
mod per_minute;
mod pins;
mod schedule;
mod schema;
pub mod sealing;
mod signers;
mod signing_key;
mod verdict;

pub use account::AccountDraft;
pub use announces::{Announces, subject};
pub use automation::{
    ActionDraft, AutomationDraft, BodyDraft, ContentDraft, DoesDraft, EMAIL_RATE_LIMIT, RateLimitDraft,
    SendEmailDraft, SendWebhookDraft, SigningKeyDraft, TEMPLATE_CONTENT_TYPE, abandoned_mark,
    check_event_headers, is_reserved_by_others,
};
pub use catalogue::Catalogue;
pub use configuration::{Configuration, ConfigurationParts};
pub use connection::ConnectionDraft;
pub use credentials::{Credentials, NoCredentials, OAuth2Client, basic};
pub use directory::AccountEntry;
pub use email_template::{EMAIL_CONTENT_TYPE, EmailContent, EmailTemplate};
pub use error::ConfigureError;
pub use event_type::EventTypeDraft;
pub use fault::{FAULTS_MAX, Fault};
pub use header_templates::HeaderTemplates;
pub use judging::Judging;
pub use notice::{is_named_after, is_notice, notified};
pub use per_minute::PerMinute;
pub use pins::{Compiled, Pinned, UNUSED_KEPT};
pub use schema::{Schema, SchemaError, SchemaViolation};
pub use signers::{CannotSign, LiveSigners};
pub use signing_key::{ROTATIONS_PER_MINUTE, RotationDraft};
pub use verdict::{AutomationVerdict, VerdictStatus};

/// Whether a certificate as typed holds a private key too, so that it must not be shown.
pub use postrider_egress::holds_private_key;

use fault::Faults;

/// Most tries of a change that other changes keep interrupting. Five edits of one object within milliseconds
/// mean that two programs overwrite each other, and more retries would not resolve that.
pub const EDITS_MAX: usize = 5;
