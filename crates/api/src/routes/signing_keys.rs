//! Signing keys of an account.

pub mod list;
pub mod rotate;
mod view;
