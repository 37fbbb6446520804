//! What the API and the console both need of HTTP.
//!
//! | module | holds |
//! |---|---|
//! | [`host`] | the host that a request names, and the base of links that lead back to this server |
//!
//! This crate must never know the API or the console, an engine or a store. It renders no page and no problem document:
//! it returns errors, and each of the two says them in its own way.
//!
//! To add something: only what both use, a file each.

pub mod host;
