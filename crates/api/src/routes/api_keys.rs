//! API keys: who may call the API, and what they may do.

pub mod create;
pub mod delete;
pub mod list;
mod view;
