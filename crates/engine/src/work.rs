//! The tasks that run for as long as the engine does.
//!
//! Each is one file with one loop. They share the [`crate::Engine`] and stop with it: see [`Engine::stop`]
//! for the order.
//!
//! [`Engine::stop`]: crate::Engine::stop

pub mod advance;
pub mod append;
pub mod attempts;
pub mod follow;
pub mod prune;
pub mod record;
pub mod refill;
pub mod session;
