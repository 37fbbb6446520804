//! Links that sign customers in to the console.

pub mod create;
pub mod list;
pub mod revoke;
mod view;
