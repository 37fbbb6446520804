//! Access: who may call the API and use the console.
//!
//! [`Access`] turns the credentials of a request, an API key or the token of a session, into a [`Caller`]
//! with a scope and permissions. It has the verbs that create and delete API keys, create links, and begin
//! and end sessions.
//!
//! | file | holds |
//! |---|---|
//! | `access.rs` | [`Access`]: its parts, and what other nodes changed |
//! | `admin_key.rs` | the operator's key, configured or created at the first start: `open`, `first_key` |
//! | `api_keys.rs` | API keys: `caller_of_key`, `api_keys`, `create_api_key`, `delete_api_key` |
//! | `audit.rs` | reading the audit trail: what a reader of one account sees |
//! | `by.rs` | callers as the audit trail names them |
//! | `grants.rs` | fresh links and sessions: a token, and what is stored of it |
//! | `held_keys.rs` | the API keys in memory |
//! | `people.rs` | [`People`]: the staff, who sign in through an identity provider |
//! | `portal_links.rs` | portal links: `create_portal_link`, `portal_links`, `revoke_portal_link` |
//! | `refusals.rs` | refused requests and sign-ins in the audit trail, bounded |
//! | `sessions.rs` | sessions of the console, listed and ended |
//! | `sign_in.rs` | how a session begins: `sign_in`, `open_link`, and whose it is: `session` |
//! | `token.rs` | secrets that are shown once: [`ShownKey`], [`ShownToken`] |
//! | `uses.rs` | when keys were last used |
//!
//! Keys and tokens are 256 random bits, or a secret of the operator's that is hard to guess. Memory and store
//! hold only their SHA-256, so that a reader of the store cannot sign in.
//!
//! A verb that changes something takes [`By`](postrider_model::By), who asks for it, and gives the store the
//! entry of the audit trail that it writes with the change.
//!
//! This crate must never know HTTP (requests to the identity provider leave through a
//! [`people::ProviderTransport`]), log a key or a token, or decide what a route requires: a route declares
//! that itself (`postrider_web::caller`).
//!
//! To add a kind of caller, add a variant to [`postrider_model::caller::Who`] and the verb that recognises
//! it. To add a permission, add a variant to [`postrider_model::Permission`], then change the routes that
//! require it.
//!
//! [`Caller`]: postrider_model::Caller

#![forbid(unsafe_code)]

mod access;
mod admin_key;
mod api_keys;
mod audit;
mod by;
mod grants;
mod held_keys;
pub mod people;
mod portal_links;
mod refusals;
mod sessions;
mod sign_in;
mod token;
mod uses;

pub use access::{Access, AccessParts};
pub use admin_key::{AdminKey, AdminKeyError, FirstKey, check_admin_key};
pub use api_keys::{ApiKeyDraft, ApiKeyFault, CreateApiKeyError};
pub use by::by_person;
pub use people::{People, PeopleParts, PeopleSettings};
pub use portal_links::{CreatePortalLink, LINK_LIFETIME_S, PortalLinkDraft};
pub use refusals::{REFUSALS_PER_MINUTE, REFUSALS_PER_SOURCE, Refusal, RefusalNotes, by_unknown, shown_key};
pub use sign_in::{OPERATOR_SESSION, OpenLink, Session, SignIn};
pub use token::{ShownKey, ShownToken};
pub use uses::UseNotes;
