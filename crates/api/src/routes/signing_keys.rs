//! Signing keys of an account, and of an action.

pub mod list;
pub mod of_action;
pub mod rotate;
mod view;
