//! Links that sign customers in to the console.

pub mod create;
mod view;
