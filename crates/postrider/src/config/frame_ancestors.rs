//! Which pages may show the console in a frame.

use std::fmt;
use std::str::FromStr;

use serde::{Deserializer, Serializer};

use super::public_url::origin;
use super::text_value;

/// Pages that may show the console in a frame: a source of the directive `frame-ancestors` (CSP 3, section
/// 6.4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameAncestor {
    /// Pages of the console's own origin.
    Itself,
    /// Pages of an origin, or of all subdomains of a host: `https://*.example.com`.
    Origin(String),
}

/// A text that is neither an origin nor `self`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin such as `https://app.example.com` or `https://*.example.com`, or `self`")]
pub struct FrameAncestorError;

/// The sources of `frame-ancestors`: `'none'` for an empty list.
pub fn csp_sources(ancestors: &[FrameAncestor]) -> String {
    if ancestors.is_empty() {
        return "'none'".to_owned();
    }
    let sources: Vec<_> = ancestors
        .iter()
        .map(|ancestor| match ancestor {
            FrameAncestor::Itself => "'self'",
            FrameAncestor::Origin(origin) => origin,
        })
        .collect();
    sources.join(" ")
}

impl FromStr for FrameAncestor {
    type Err = FrameAncestorError;

    fn from_str(text: &str) -> Result<Self, FrameAncestorError> {
        let text = text.trim();
        if matches!(text, "self" | "'self'") {
            return Ok(Self::Itself);
        }
        let (scheme, host) = text.split_once("://").ok_or(FrameAncestorError)?;
        let below = host.strip_prefix("*.");
        let exact =
            origin(&format!("{scheme}://{}", below.unwrap_or(host))).map_err(|_| FrameAncestorError)?;
        // Any other character in a host would end the source or widen it.
        let (scheme, host) = exact.split_once("://").ok_or(FrameAncestorError)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if !host.bytes().all(plain) {
            return Err(FrameAncestorError);
        }
        Ok(Self::Origin(match below {
            Some(_) => format!("{scheme}://*.{host}"),
            None => exact,
        }))
    }
}

impl fmt::Display for FrameAncestor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself => f.write_str("self"),
            Self::Origin(origin) => f.write_str(origin),
        }
    }
}

/// Writes the sources as a list of strings.
pub fn serialize<S: Serializer>(ancestors: &[FrameAncestor], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ancestors.iter().map(ToString::to_string))
}

/// Reads the sources from a list of strings, as in the file, or from text with commas, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FrameAncestor>, D::Error> {
    let expected = "a list of origins, such as [\"https://app.example.com\"]";
    text_value::deserialize_list(expected, FrameAncestor::from_str, deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_and_self_are_sources() {
        let ancestors: Vec<FrameAncestor> = [
            "self",
            "https://App.example.com/",
            " https://*.example.com:444 ",
            "http://127.0.0.1:3000",
        ]
        .map(|text| text.parse().unwrap())
        .to_vec();
        assert_eq!(
            csp_sources(&ancestors),
            "'self' https://app.example.com https://*.example.com:444 http://127.0.0.1:3000"
        );
        assert_eq!(csp_sources(&[]), "'none'");
    }

    #[test]
    fn other_source_expressions_are_refused() {
        for text in [
            "",
            "*",
            "none",
            "https:",
            "https://*",
            "https://*.",
            "https://*.*.example.com",
            "https://a.*.example.com",
            "https://example.com/page",
            "https://example.com; script-src *",
            "https://a.example https://b.example",
            "app.example.com",
            "data://x",
        ] {
            assert_eq!(text.parse::<FrameAncestor>(), Err(FrameAncestorError), "{text}");
        }
    }
}
