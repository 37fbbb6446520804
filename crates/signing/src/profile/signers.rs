//! Signs requests under a profile, with live keys that were expanded once.
//!
//! Nothing is parsed, looked up by name or expanded for an attempt.

use std::sync::Arc;

use postrider_model::ed25519::KeyMaterial;

use super::format::Format;
use super::key::ExpandedKey;
use super::{Header, Overlap, Profile, Token};

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The event's id.
    pub id: &'a str,
    /// When the attempt starts, in Unix seconds.
    pub timestamp_s: i64,
    /// The body, byte for byte as it is sent.
    pub body: &'a [u8],
}

/// The keys of an account that currently sign.
#[derive(Debug, Clone)]
pub struct LiveKeys {
    /// The newest key.
    pub current: KeyMaterial,
    /// The keys before it whose overlap lasts, the newest first.
    pub previous: Vec<KeyMaterial>,
}

/// A key of a kind that a header of the profile cannot sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyKindError {
    /// The header is signed by HMAC, and the key is an Ed25519 key.
    #[error("profile `{profile}` signs {header} by HMAC, which needs a key that begins with `whsec_`")]
    NeedsHmac {
        /// The profile's name.
        profile: String,
        /// The header's name.
        header: String,
    },
    /// The header is signed by Ed25519, and the key is an HMAC key.
    #[error("profile `{profile}` signs {header} by Ed25519, which needs a key that begins with `whsk_`")]
    NeedsEd25519 {
        /// The profile's name.
        profile: String,
        /// The header's name.
        header: String,
    },
}

/// Live keys, expanded for a profile.
#[derive(Debug, Clone)]
pub struct ProfileSigners {
    profile: Arc<Profile>,
    current: ExpandedKeys,
    previous: Vec<ExpandedKeys>,
}

/// A key, expanded for each scheme of a profile that fits its kind.
#[derive(Debug, Clone)]
pub(super) struct ExpandedKeys(Vec<Option<ExpandedKey>>);

impl ProfileSigners {
    /// Expands the keys.
    ///
    /// # Errors
    /// A header of the profile cannot be signed with a live key.
    pub fn new(profile: &Arc<Profile>, keys: &LiveKeys) -> Result<Self, KeyKindError> {
        let previous = keys.previous.iter().map(|key| ExpandedKeys::new(profile, key));
        Ok(Self {
            profile: Arc::clone(profile),
            current: ExpandedKeys::new(profile, &keys.current)?,
            previous: previous.collect::<Result<_, _>>()?,
        })
    }

    /// The profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Signs the message, and hands the name and value of each header to `put`.
    pub fn sign(&self, message: &Message<'_>, mut put: impl FnMut(&str, String)) {
        let timestamp = message.timestamp_s.to_string();
        for header in &self.profile.headers {
            if header.tokens.is_empty() {
                put(&header.name, header.lead(message.id, &timestamp, 0));
                continue;
            }
            let (first, others) = match (header.overlap, &*self.previous) {
                (Overlap::Next, []) => continue,
                (Overlap::Previous, [.., oldest]) => (oldest, &[][..]),
                (Overlap::All, previous) => (&self.current, previous),
                _ => (&self.current, &[][..]),
            };
            put(&header.name, header.value(message, &timestamp, first, others));
        }
    }
}

impl ExpandedKeys {
    pub(super) fn new(profile: &Profile, key: &KeyMaterial) -> Result<Self, KeyKindError> {
        profile.takes(key.algorithm())?;
        let expanded = profile.schemes.iter().map(|scheme| scheme.expand(key));
        Ok(Self(expanded.collect()))
    }

    /// How the key signs, and with what.
    fn find<'a>(&'a self, tokens: &'a [Token]) -> Option<(&'a Token, &'a ExpandedKey)> {
        tokens
            .iter()
            .find_map(|token| Some((token, self.0[token.scheme].as_ref()?)))
    }

    pub(super) fn get(&self, token: &Token) -> Option<&ExpandedKey> {
        self.0[token.scheme].as_ref()
    }
}

impl Header {
    /// The value, with a signature by each of these keys.
    fn value(
        &self,
        message: &Message<'_>,
        timestamp: &str,
        first: &ExpandedKeys,
        others: &[ExpandedKeys],
    ) -> String {
        let longest = self.tokens.iter().map(|token| token.len(message.id, timestamp));
        let signatures = 1 + others.len();
        let mut value = self.lead(message.id, timestamp, signatures * longest.max().unwrap_or(0));
        for (at, keys) in std::iter::once(first).chain(others).enumerate() {
            let (token, key) = keys.find(&self.tokens).expect("new() looked for it");
            if at > 0 || !self.lead.is_empty() {
                value.push(self.separator);
            }
            token.render(key, message.id, timestamp, message.body, &mut value);
        }
        value
    }

    /// What precedes the signatures, in a string with room for `more` bytes.
    fn lead(&self, id: &str, timestamp: &str, more: usize) -> String {
        let len = |format: &Format| format.rendered_len(id.len(), timestamp.len(), 0) + 1;
        let mut lead = String::with_capacity(self.lead.iter().map(len).sum::<usize>() + more);
        for (at, format) in self.lead.iter().enumerate() {
            if at > 0 {
                lead.push(self.separator);
            }
            format.render(id, timestamp, &[], &mut lead);
        }
        lead
    }
}

impl Token {
    /// The bytes that [`Self::render`] appends, and a separator.
    fn len(&self, id: &str, timestamp: &str) -> usize {
        self.value
            .rendered_len(id.len(), timestamp.len(), self.signature_len)
            + 1
    }

    /// Appends the signature, as it stands in the value.
    pub(super) fn render(&self, key: &ExpandedKey, id: &str, timestamp: &str, body: &[u8], out: &mut String) {
        let signature = key.sign(self.content.parts(id, timestamp, body));
        self.value.render(id, timestamp, signature.bytes(), out);
    }
}
