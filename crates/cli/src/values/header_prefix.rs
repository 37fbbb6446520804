//! The prefix of header names: the name under which a company sends.

use std::fmt;
use std::str::FromStr;

/// Longest prefix, in bytes: the rest of a header name can be as long, and some receivers limit names to 64.
const BYTES_MAX: usize = 32;

/// Prefixes, in lower case, whose headers would collide with those of Standard Webhooks or of HTTP itself.
const RESERVED: [&str; 3] = ["webhook", "http", "content"];

/// The prefix of our header names and of the user agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderPrefix(String);

/// A text that cannot start a header name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderPrefixError {
    /// Wrong characters or a wrong length.
    #[error("expected 1 to {BYTES_MAX} letters, digits and hyphens, with a letter or digit at both ends")]
    Malformed,
    /// The headers would collide with others.
    #[error("this prefix is reserved: headers that start with it have a meaning of their own")]
    Taken,
}

impl HeaderPrefix {
    /// The prefix, without a hyphen at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HeaderPrefix {
    type Err = HeaderPrefixError;

    fn from_str(text: &str) -> Result<Self, HeaderPrefixError> {
        let fits = (1..=BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if !fits {
            return Err(HeaderPrefixError::Malformed);
        }
        if RESERVED
            .iter()
            .any(|reserved| reserved.eq_ignore_ascii_case(text))
        {
            return Err(HeaderPrefixError::Taken);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for HeaderPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_header_prefixes_are_refused() {
        assert!("Acme-Hooks2".parse::<HeaderPrefix>().is_ok());
        for text in ["", "-a", "a-", "a b", "a:", "é", &"x".repeat(33)] {
            assert_eq!(
                text.parse::<HeaderPrefix>(),
                Err(HeaderPrefixError::Malformed),
                "{text}"
            );
        }
        assert_eq!("Webhook".parse::<HeaderPrefix>(), Err(HeaderPrefixError::Taken));
    }
}
