//! What happens to events whose type is not in the catalogue.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What to do with an event whose type is not in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnseenEventTypes {
    /// Accept it and add its type to the catalogue.
    Add,
    /// Refuse it.
    Refuse,
}

impl fmt::Display for UnseenEventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Refuse => "refuse",
        })
    }
}
