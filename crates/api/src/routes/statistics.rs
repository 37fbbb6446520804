//! Statistics: what was counted in each step of time.
//!
//! `parameters.rs` has the query parameters, `measure.rs` what can be asked for, `view.rs` the responses.

pub mod measure;
pub mod of_account;
pub mod of_installation;
mod parameters;
mod view;
