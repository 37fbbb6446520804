//! The pages, one folder per area. Each area lists its own routes.

pub mod accounts;
pub mod automations;
pub mod replay;
pub mod settings;
pub mod sign_in;
pub mod signing_key;
pub mod theme;
