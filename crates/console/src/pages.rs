//! The pages, one folder per area. Each area lists its own routes.

pub mod accounts;
pub mod api_keys;
pub mod automations;
pub mod deliveries;
pub mod events;
pub mod event_types;
pub mod overview;
pub mod sign_in;
pub mod system;
pub mod theme;
