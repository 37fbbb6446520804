//! Who gets in: API keys, links and sessions, over the real store, on virtual time.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod admin_key;
mod api_keys;
mod people;
mod people_in_the_trail;
mod provider;
mod provider_away;
mod sign_in;
mod support;
mod user_info;
