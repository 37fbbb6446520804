//! The domain types of Postrider: ids, accounts, automations, events, deliveries, attempts, schedules.
//!
//! Everything here is pure: no I/O, no clock, no randomness of its own. Rules that decide what happens to a
//! delivery live here ([`delivery`], [`schedule`]) so that they can be read and tested without a database.
//!
//! This crate must never depend on a store, a runtime or HTTP.
//!
//! To add a state of a delivery, extend [`delivery::DeliveryStatus`] and
//! [`delivery::Progress::after_attempt`], then the conformance suite in `crates/storage-testkit`. To add an
//! option of an action, extend [`automation::SendWebhook`] or [`send_email::SendEmail`], or
//! [`automation::Action`] if every type of action has it, then its member of a draft in
//! `crates/configuration` (whose recipe continues to the API and the console), then the attempt in
//! `crates/engine` that uses it. To add a type of action, add a variant of [`automation::Does`] and, unless
//! it speaks HTTP, one of [`attempt::Exchange`]; the compiler then names the file of each layer that has to
//! follow. To audit another verb, add a variant to [`audit::AuditAction`] and give the store's verb an
//! [`audit::AuditEntry`].

#![forbid(unsafe_code)]

pub mod account;
pub mod api_key;
pub mod attempt;
pub mod audit;
pub mod automation;
pub mod body;
pub mod caller;
pub mod clock;
pub mod cloud_events;
pub mod connection;
pub mod custom_header;
pub mod delivery;
pub mod duration;
pub mod ed25519;
pub mod email_address;
pub mod entropy;
pub mod event;
pub mod event_headers;
pub mod event_type;
pub mod grant;
pub mod health;
pub mod hex;
pub mod id;
pub mod name;
pub mod operational;
pub mod person;
pub mod schedule;
pub mod secret;
pub mod secret_query;
pub mod send_email;
pub mod template;
pub mod time;
pub mod trace;
mod uid;
pub mod webhook_signature;

pub use account::{Account, KeyStatus, SigningKey};
pub use api_key::ApiKey;
pub use attempt::{
    Attempt, Exchange, HttpExchange, HttpRequest, HttpResponse, Outcome, SmtpExchange, SmtpStep, StatusCodes,
};
pub use audit::{Actor, ActorKind, AuditAction, AuditEntry, By, Target};
pub use automation::{Action, Automation, AutomationRef, Does, RateLimit, SendWebhook, Trigger};
pub use body::{BodyContent, BodyStyle, BodyTemplate, WebhookBody};
pub use caller::{Caller, Permission, Permissions, Scope, Who};
pub use clock::Clock;
pub use connection::{Authentication, ClientAuthentication, Connection, ConnectionType, OAuth2, Secret};
pub use custom_header::CustomHeader;
pub use delivery::{Delivery, DeliveryStatus};
pub use ed25519::{Ed25519Public, Ed25519Secret, KeyAlgorithm, KeyMaterial};
pub use email_address::{EmailAddress, EmailAddressError, Recipients, RecipientsError};
pub use entropy::Entropy;
pub use event::{Event, FixedPoints, Origin, Warning};
pub use event_headers::EventHeaders;
pub use event_type::{EventPattern, EventType, EventTypeName};
pub use grant::{Grant, GrantKind, Theme};
pub use id::{
    AccountId, ActionId, ApiKeyId, AuditId, AutomationId, ConnectionId, DeliveryId, EventId, GrantId,
    IdGenerator, SigningKeyId,
};
pub use name::NameError;
pub use operational::{OperationalType, SYSTEM_ACCOUNT, SYSTEM_UID};
pub use person::{Person, Role};
pub use schedule::Schedule;
pub use secret::SigningSecret;
pub use secret_query::SecretQuery;
pub use send_email::SendEmail;
pub use template::{PinnedKind, TemplateHash, TemplateKind, TemplateNumber};
pub use time::Timestamp;
pub use trace::{SpanId, TraceContext, TraceId};
pub use webhook_signature::WebhookSignature;
