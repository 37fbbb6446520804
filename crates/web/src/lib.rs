//! The HTTP code that the API and the console share.
//!
//! | module | holds |
//! |---|---|
//! | [`body`] | request bodies, bounded in bytes and in time |
//! | [`body_budget`] | memory for bodies, shared between accounts |
//! | [`caller`] | what a route requires of its caller |
//! | [`client`] | who sent a request: the peer, and the client that a trusted proxy names |
//! | [`host`] | the host that a request names, and the base of links that lead back to this server |
//! | [`method`] | the method of a request by its name |
//! | [`panics`] | the net for panics |
//! | [`path_prefix`] | the path of the public URL, below which all addresses appear |
//! | [`path`], [`query`] | the parameters of paths and queries |
//! | [`request_id`] | the id of a request |
//! | [`request_line`] | the line of the log that says how a request was answered |
//! | [`trace`] | the trace that a request belongs to |
//! | [`unambiguous`] | refuses requests that a proxy in front may read differently |
//! | [`wait`] | how long a client has to wait, in whole seconds |
//!
//! This crate must never know the API or the console, an engine or a store, or how connections are accepted.
//! It renders no page and no problem document: it returns errors, which the API and the console each present
//! in their own way.
//!
//! To add something, add a file, and only if both use it.

#![forbid(unsafe_code)]

pub mod body;
pub mod body_budget;
pub mod caller;
pub mod client;
pub mod host;
pub mod method;
pub mod panics;
pub mod path;
pub mod path_prefix;
pub mod query;
pub mod request_id;
pub mod request_line;
pub mod trace;
pub mod unambiguous;
pub mod wait;
