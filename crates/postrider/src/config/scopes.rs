//! The scopes of a sign-in at the identity provider.

use std::fmt;
use std::str::FromStr;

use super::text_value::serde_as_text;

/// Longest list of scopes, in bytes.
const BYTES_MAX: usize = 1_024;

/// Scopes, separated by single spaces (RFC 6749, section 3.3), with `openid` among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(String);

/// A text that is not such a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected scopes separated by spaces, `openid` among them, such as `openid profile email groups`")]
pub struct ScopesError;

impl Scopes {
    /// The scopes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scopes {
    type Err = ScopesError;

    fn from_str(text: &str) -> Result<Self, ScopesError> {
        let scopes: Vec<&str> = text.split_whitespace().collect();
        let is_token = |scope: &&str| {
            scope
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
        };
        if text.len() <= BYTES_MAX && scopes.iter().all(is_token) && scopes.contains(&"openid") {
            Ok(Self(scopes.join(" ")))
        } else {
            Err(ScopesError)
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(Scopes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openid_is_among_the_scopes() {
        let scopes: Scopes = " email  openid https://a/groups ".parse().unwrap();
        assert_eq!(scopes.as_str(), "email openid https://a/groups");
        for text in ["", "profile", "openid \"x\"", "openid é", "openid2"] {
            assert_eq!(text.parse::<Scopes>(), Err(ScopesError), "{text}");
        }
    }
}
