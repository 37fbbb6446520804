//! Secrets that are shown once: API keys, and the tokens of links and sessions.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The prefix of every API key that Postrider creates. Scanners for leaked secrets can search for it.
const KEY_PREFIX: &str = "prk_";

/// The prefix of a link's token.
pub(crate) const LINK_PREFIX: &str = "prl_";

/// The prefix of a session's token.
pub(crate) const SESSION_PREFIX: &str = "prs_";

/// Length of a token, in bytes: the prefix, and 32 random bytes in base64url without padding.
const TOKEN_BYTES: usize = 4 + 43;

/// An API key in plain text, to be shown once. Only [`ShownKey::expose`] reveals it.
#[derive(PartialEq, Eq)]
pub struct ShownKey(String);

impl ShownKey {
    pub(crate) fn from_random(bytes: [u8; 32]) -> Self {
        Self(text(KEY_PREFIX, bytes))
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// The key. The caller decides where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KEY_PREFIX}…")
    }
}

/// The token of a link or a session in plain text, to be handed over once. Only [`ShownToken::expose`]
/// reveals it.
#[derive(PartialEq, Eq)]
pub struct ShownToken(String);

impl ShownToken {
    pub(crate) fn from_random(prefix: &str, bytes: [u8; 32]) -> Self {
        Self(text(prefix, bytes))
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// The token. The caller decides where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.0.get(..LINK_PREFIX.len()).unwrap_or_default())
    }
}

/// The hash that memory and store hold of a key or token.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Whether a text looks like an API key that Postrider created.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == TOKEN_BYTES && text.starts_with(KEY_PREFIX) && text.is_ascii()
}

/// The hash of a token that starts with `prefix`. Returns `None`, without hashing, if `text` cannot be such a
/// token.
pub(crate) fn token_sha256(text: &str, prefix: &str) -> Option<[u8; 32]> {
    let fits = text.len() == TOKEN_BYTES && text.starts_with(prefix);
    fits.then(|| sha256(text))
}

fn text(prefix: &str, bytes: [u8; 32]) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_own_prefix_and_never_printed() {
        let token = ShownToken::from_random(LINK_PREFIX, [7; 32]);
        assert_eq!(token.expose().len(), TOKEN_BYTES);
        assert_eq!(token_sha256(token.expose(), LINK_PREFIX), Some(token.sha256()));
        assert_eq!(token_sha256(token.expose(), SESSION_PREFIX), None);
        assert_eq!(format!("{token:?}"), "prl_…");
        assert_eq!(format!("{:?}", ShownKey::from_random([1; 32])), "prk_…");
    }

    #[test]
    fn a_token_of_the_wrong_length_is_not_hashed() {
        let token = ShownToken::from_random(SESSION_PREFIX, [7; 32]);
        let longer = format!("{}A", token.expose());
        for other in ["", SESSION_PREFIX, &token.expose()[..TOKEN_BYTES - 1], &longer] {
            assert_eq!(token_sha256(other, SESSION_PREFIX), None, "{other}");
        }
    }
}
