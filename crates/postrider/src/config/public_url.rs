//! The URL under which browsers reach the server: an origin, perhaps with a path.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::text_value::serde_as_text;

/// An origin, `http` or `https`, perhaps with a path, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is not such a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Not an `http` or `https` URL.
    #[error("expected an origin such as `https://webhooks.example.com`")]
    Malformed,
    /// A URL with more than an origin, where only an origin is valid.
    #[error(
        "expected only an origin, such as `https://webhooks.example.com`: no user, path, query or fragment"
    )]
    NotAlone,
    /// A URL with more than an origin and a path.
    #[error(
        "expected an origin, perhaps with a path, such as `https://example.com/webhooks`: no user, query or \
         fragment"
    )]
    TooMuch,
    /// A path with empty segments, dots alone or characters that proxies may rewrite.
    #[error("the path may have only letters, digits, `-`, `_`, `.` and `~` between single slashes")]
    OddPath,
}

impl PublicUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers use TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether it leads to the browser's own machine.
    pub fn is_loopback(&self) -> bool {
        let url = Url::parse(&self.0).ok();
        match url.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let url = parsed(text)?;
        // The parser drops an empty user, so search the text for `@`.
        if url.query().is_some() || url.fragment().is_some() || text.contains('@') {
            return Err(PublicUrlError::TooMuch);
        }
        // The parser resolves dots and escapes characters, so look at the text.
        let (_, after_scheme) = text.trim().split_once("://").ok_or(PublicUrlError::Malformed)?;
        let path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]);
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.split('/').skip(1).all(is_plain_segment) {
            return Err(PublicUrlError::OddPath);
        }
        Ok(Self(format!("{}{path}", url.origin().ascii_serialization())))
    }
}

fn is_plain_segment(segment: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
}

fn parsed(text: &str) -> Result<Url, PublicUrlError> {
    let url = Url::parse(text.trim()).map_err(|_| PublicUrlError::Malformed)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(PublicUrlError::Malformed);
    }
    Ok(url)
}

/// The origin in `text`, in the form in which browsers compare it.
pub(super) fn origin(text: &str) -> Result<String, PublicUrlError> {
    let url = parsed(text)?;
    // The parser drops an empty user, so search the text for `@`.
    let alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.contains('@');
    if alone {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(PublicUrlError::NotAlone)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(PublicUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_of_an_origin_is_ignored() {
        for (text, read) in [
            ("https://webhooks.example.com", "https://webhooks.example.com"),
            ("https://Webhooks.example.com/", "https://webhooks.example.com"),
            ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), read);
        }
    }

    #[test]
    fn a_path_is_kept_without_its_last_slash() {
        for (text, read) in [
            ("https://example.com/webhooks", "https://example.com/webhooks"),
            (
                "https://Example.com/a/b-c_d.e~/",
                "https://example.com/a/b-c_d.e~",
            ),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), read);
        }
        for text in [
            "https://example.com//a",
            "https://example.com/a//",
            "https://example.com/../a",
            "https://example.com/a/./b",
            "https://example.com/a%2fb",
            "https://example.com/\u{e9}",
            "https://example.com/a b",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(PublicUrlError::OddPath), "{text}");
        }
    }

    #[test]
    fn anything_but_an_origin_and_a_path_is_refused() {
        for text in ["", "webhooks.example.com", "ftp://example.com", "mailto:a@b"] {
            assert_eq!(
                text.parse::<PublicUrl>(),
                Err(PublicUrlError::Malformed),
                "{text}"
            );
        }
        for text in [
            "https://example.com/?a",
            "https://example.com/#a",
            "https://user@example.com",
            "https://@example.com",
            "https://user:word@example.com/",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(PublicUrlError::TooMuch), "{text}");
        }
        assert_eq!(
            origin("https://example.com/postrider"),
            Err(PublicUrlError::NotAlone)
        );
    }
}
