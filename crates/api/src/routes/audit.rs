//! The audit trail.

mod filter;
pub mod of_account;
pub mod of_installation;
mod view;
