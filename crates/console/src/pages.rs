//! The pages, one folder per area. Each area lists its own routes.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod automations;
pub mod bulk;
pub mod connections;
pub mod deliveries;
pub mod docs;
pub mod event_types;
pub mod events;
pub mod find;
pub mod overview;
pub mod portal_links;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod signing_key;
pub mod statistics;
pub mod system;
pub mod theme;
