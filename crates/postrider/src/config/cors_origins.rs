//! The origins whose pages may call the API from a browser.

use std::fmt;
use std::str::FromStr;

use http::HeaderValue;
use serde::{Deserializer, Serializer};

use super::public_url::origin;
use super::text_value;

/// An origin as browsers write it in `Origin` (RFC 6454, section 6.1): `https://app.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsOrigin(HeaderValue);

/// A text that is not such an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorsOriginError {
    /// `*`, alone or in a host.
    #[error("list each origin: `*` would let every page use an API key that it gets hold of")]
    Wildcard,
    /// Anything else.
    #[error("expected an origin such as `https://app.example.com`")]
    Malformed,
}

impl CorsOrigin {
    /// The origin as a header's value.
    pub fn value(&self) -> &HeaderValue {
        &self.0
    }
}

impl FromStr for CorsOrigin {
    type Err = CorsOriginError;

    fn from_str(text: &str) -> Result<Self, CorsOriginError> {
        if text.contains('*') {
            return Err(CorsOriginError::Wildcard);
        }
        let origin = origin(text.trim()).map_err(|_| CorsOriginError::Malformed)?;
        let value = HeaderValue::from_str(&origin).map_err(|_| CorsOriginError::Malformed)?;
        Ok(Self(value))
    }
}

impl fmt::Display for CorsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// Writes the origins as a list of strings.
pub fn serialize<S: Serializer>(origins: &[CorsOrigin], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(origins.iter().map(ToString::to_string))
}

/// Reads the origins from a list of strings, as in the file, or from text with commas, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CorsOrigin>, D::Error> {
    let expected = "a list of origins, such as [\"https://app.example.com\"]";
    text_value::deserialize_list(expected, CorsOrigin::from_str, deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, expected) in [
            ("https://app.example.com", "https://app.example.com"),
            (" https://App.example.com:443/ ", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            let origin: CorsOrigin = text.parse().unwrap();
            assert_eq!(origin.to_string(), expected, "{text}");
        }
        for text in ["*", "https://*.example.com"] {
            assert_eq!(
                text.parse::<CorsOrigin>(),
                Err(CorsOriginError::Wildcard),
                "{text}"
            );
        }
        for text in ["", "app.example.com", "https://app.example.com/a", "null"] {
            assert_eq!(
                text.parse::<CorsOrigin>(),
                Err(CorsOriginError::Malformed),
                "{text}"
            );
        }
    }
}
