//! What a template produces, and how it is addressed.

use std::fmt;

use crate::hex;

/// What a template produces. It decides how values are escaped, and the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateKind {
    /// A JSON text: the body of a webhook whose content type is JSON.
    Json,
    /// Any text: the body of a webhook with another content type, the text of an e-mail.
    Text,
    /// One line: the value of a header, the subject of an e-mail.
    HeaderValue,
}

/// What a stored template produces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinnedKind {
    /// The body of a webhook, as [`TemplateKind::Json`].
    Json,
    /// The body of a webhook, as [`TemplateKind::Text`].
    Text,
    /// Subject and text of an e-mail: the source holds two templates.
    Email,
}

impl PinnedKind {
    /// The name, as it is stored and hashed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Email => "email",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Json, Self::Text, Self::Email];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// The number of a stored template, from 1 to [`TemplateNumber::MAX`]. Deliveries refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateNumber(u32);

impl TemplateNumber {
    /// The greatest number: a code of [`crate::delivery::BodySpec`] has 31 bits.
    pub const MAX: u32 = i32::MAX as u32 - 256;

    /// The number, if it is in range.
    pub const fn new(number: u32) -> Option<Self> {
        match number {
            1..=Self::MAX => Some(Self(number)),
            _ => None,
        }
    }

    /// As a number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The content address of a template: SHA-256 of its kind, its content type and its source. Written as 64
/// lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateHash([u8; 32]);

impl TemplateHash {
    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TemplateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for TemplateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TemplateHash({self})")
    }
}
