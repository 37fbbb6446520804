//! The master key, which seals the secrets in the store.

pub mod rotate;
pub mod show;
mod view;
