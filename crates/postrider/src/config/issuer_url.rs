//! The issuer of the identity provider.

use std::fmt;
use std::str::FromStr;

use postrider_access::people::{Issuer, IssuerError};

use super::text_value::serde_as_text;

/// An issuer identifier, as [`Issuer`] reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl(pub Issuer);

impl FromStr for IssuerUrl {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, IssuerError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

serde_as_text!(IssuerUrl);
