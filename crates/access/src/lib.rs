//! Access: who may call the API and use the console.
//!
//! [`Access`] turns the credentials of a request, an API key or the token of a session, into a [`Caller`]
//! with a scope and permissions. It has the verbs that create and delete API keys, create links, and begin
//! and end sessions.
//!
//! | file | holds |
//! |---|---|
//! | `access.rs` | [`Access`]: its parts, and what other nodes changed |
//! | `api_keys.rs` | API keys: `caller_of_key`, `api_keys`, `create_api_key`, `delete_api_key` |
//! | `first_key.rs` | how an installation gets its first API key: `open` |
//! | `sign_in.rs` | links and sessions of the console: `create_portal_link`, `open_link`, `session`, … |
//! | `token.rs` | secrets that are shown once: [`ShownKey`], [`ShownToken`] |
//!
//! Keys and tokens are 256 random bits (or a secret that the operator chose to be as strong). Memory and
//! store hold only their SHA-256, so that a reader of the store cannot sign in.
//!
//! This crate must never know HTTP, log a key or a token, or decide what a route requires: a route declares
//! that itself (`postrider_web::caller`).
//!
//! To add a kind of caller, add a variant to [`postrider_model::caller::Who`] and the verb that recognises
//! it. To add a permission, add a variant to [`postrider_model::Permission`], then change the routes that
//! require it.
//!
//! [`Caller`]: postrider_model::Caller

mod access;
mod api_keys;
mod first_key;
mod sign_in;
mod token;

pub use access::{Access, AccessParts};
pub use api_keys::ApiKeyName;
pub use first_key::{FirstKey, FirstKeyError};
pub use sign_in::{LINK_LIFETIME_S, OPERATOR_SESSION, Session};
pub use token::{ShownKey, ShownToken};
