//! The pages, one folder per area. Each area lists its own routes.

pub mod accounts;
pub mod automations;
pub mod sign_in;
pub mod theme;
