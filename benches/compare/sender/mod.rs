//! Descriptions of webhook senders: a TOML file says how to set one up over HTTP, how to post an event to it,
//! and how to tell an event in what it delivers.
//!
//! * [`description`]: the file, and what it may contain.
//! * [`environment`]: `${VARIABLE}` in a description.
//! * [`template`]: `{name}` in a path, a header or a body.
//! * [`request`]: the requests that result.
//! * [`number`]: how the sink finds the number of an event.
//! * [`charge`]: whose processor time counts.
//! * [`preview`]: everything that would be sent, for people.
//!
//! This module knows neither the network nor the clock, so that the tests in `tests/` include it as it is. It
//! is `mod.rs`, because a module that is included by its path finds its files only beside itself.

pub mod charge;
pub mod description;
pub mod environment;
pub mod number;
pub mod preview;
pub mod request;
pub mod template;

use std::fmt;

pub use self::description::Description;
pub use self::number::Pointer;
pub use self::request::{Payload, Request};

/// What is wrong with a description, or with what a sender responded, in a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    /// A fault in these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The same fault, with the place where it is.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}
