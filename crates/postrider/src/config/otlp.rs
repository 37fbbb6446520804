//! Where traces, metrics and logs go, and which of them.

use std::fmt;
use std::str::FromStr;

use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use postrider_telemetry::Signal;
use serde::{Deserialize, Serialize};
use url::Url;

use super::text_value::serde_as_text;

/// Most headers for a collector. Vendors want one or two.
const HEADERS_MAX: usize = 20;

/// The endpoint of a collector: the URL below which it takes `v1/traces`, `v1/metrics` and `v1/logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpEndpoint(Url);

/// A text that is not an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a URL such as http://127.0.0.1:4318, without a user, a query and the path of a signal; keys \
     belong into otlp_headers_file"
)]
pub struct OtlpEndpointError;

impl OtlpEndpoint {
    /// Where a signal goes.
    pub fn url(&self, path: &str) -> Url {
        let base = self.0.path().trim_end_matches('/');
        let mut url = self.0.clone();
        url.set_path(&format!("{base}/{path}"));
        url
    }
}

impl FromStr for OtlpEndpoint {
    type Err = OtlpEndpointError;

    fn from_str(text: &str) -> Result<Self, OtlpEndpointError> {
        let url = Url::parse(text.trim()).map_err(|_| OtlpEndpointError)?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let path = url.path().trim_end_matches('/');
        let names_signal = Signal::ALL.iter().any(|signal| path.ends_with(signal.path()));
        if matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare && !names_signal {
            Ok(Self(url))
        } else {
            Err(OtlpEndpointError)
        }
    }
}

impl fmt::Display for OtlpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

serde_as_text!(OtlpEndpoint);

/// Which signals are exported: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals(Vec<Signal>);

/// A text that names no signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one or more of `traces`, `metrics` and `logs`, separated by commas")]
pub struct SignalsError;

impl Signals {
    /// Whether this one is exported.
    pub fn contain(&self, signal: Signal) -> bool {
        self.0.contains(&signal)
    }
}

impl FromStr for Signals {
    type Err = SignalsError;

    fn from_str(text: &str) -> Result<Self, SignalsError> {
        let named = |name: &str| {
            Signal::ALL
                .into_iter()
                .find(|signal| signal.as_str() == name.trim())
        };
        let named: Option<Vec<Signal>> = text.split(',').map(named).collect();
        named.map(Self).ok_or(SignalsError)
    }
}

impl fmt::Display for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|signal| signal.as_str()).collect();
        f.write_str(&names.join(","))
    }
}

serde_as_text!(Signals);

/// Whether what a collector gets is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OtlpCompression {
    /// As it is.
    None,
    /// RFC 1952. Every collector takes it (OTLP, "OTLP/HTTP Request").
    Gzip,
}

/// A share of the traces, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl Eq for Share {}

/// A text that is not a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a share from 0 to 1, such as 0.1 for a tenth")]
pub struct ShareError;

impl Share {
    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let share: f64 = text.trim().parse().map_err(|_| ShareError)?;
        (0.0..=1.0)
            .contains(&share)
            .then_some(Self(share))
            .ok_or(ShareError)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Share {
    /// As a number, so that the reference shows one.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text_value::deserialize(deserializer)
    }
}

/// Headers that a collector wants, such as a vendor's key. `Debug` shows their names only.
#[derive(Clone, Default)]
pub struct OtlpHeaders(Vec<(HeaderName, HeaderValue)>);

/// A text that is not a list of headers. It names the place and not the text, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OtlpHeadersError {
    /// An item that is not a header.
    #[error(
        "header {0} of the list is not of the form `name=value`; separate headers by commas or line breaks, and \
         write a comma in a value as %2C"
    )]
    Malformed(usize),
    /// Too many of them.
    #[error("there are more than {HEADERS_MAX} headers")]
    TooMany,
}

impl OtlpHeaders {
    /// Each header's name and value.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.0.iter()
    }
}

impl FromStr for OtlpHeaders {
    type Err = OtlpHeadersError;

    /// Reads the form of the variable `OTEL_EXPORTER_OTLP_HEADERS`, in which vendors show their keys.
    fn from_str(text: &str) -> Result<Self, OtlpHeadersError> {
        let items = text
            .split([',', '\n'])
            .map(str::trim)
            .filter(|item| !item.is_empty());
        let mut headers = Vec::new();
        for (index, item) in items.enumerate() {
            let malformed = OtlpHeadersError::Malformed(index + 1);
            let (name, value) = item.split_once('=').ok_or(malformed)?;
            let value: Vec<u8> = percent_decode_str(value.trim()).collect();
            let name = HeaderName::try_from(name.trim()).map_err(|_| malformed)?;
            let mut value = HeaderValue::try_from(value).map_err(|_| malformed)?;
            value.set_sensitive(true);
            if headers.len() == HEADERS_MAX {
                return Err(OtlpHeadersError::TooMany);
            }
            headers.push((name, value));
        }
        Ok(Self(headers))
    }
}

impl fmt::Debug for OtlpHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_lie_below_the_endpoint() {
        let url = |text: &str| {
            text.parse::<OtlpEndpoint>()
                .map(|endpoint| endpoint.url("v1/logs").to_string())
        };
        assert_eq!(
            url("http://127.0.0.1:4318").as_deref(),
            Ok("http://127.0.0.1:4318/v1/logs")
        );
        assert_eq!(
            url("https://a.example/otlp/").as_deref(),
            Ok("https://a.example/otlp/v1/logs")
        );
        for text in [
            "",
            "127.0.0.1:4318",
            "grpc://a.example",
            "http://key@a.example",
            "http://a.example?key=1",
            "http://a.example/v1/traces",
            "http://a.example/otlp/v1/logs/",
        ] {
            assert_eq!(url(text), Err(OtlpEndpointError), "{text}");
        }
    }

    #[test]
    fn signals_and_shares_are_checked() {
        let signals: Signals = "traces, logs".parse().unwrap();
        assert!(signals.contain(Signal::Logs) && !signals.contain(Signal::Metrics));
        assert_eq!(signals.to_string(), "traces,logs");
        for text in ["", "traces,", "spans"] {
            assert_eq!(text.parse::<Signals>(), Err(SignalsError), "{text}");
        }
        for text in ["0", "1", "0.1"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
        let in_file = |text: &str| toml::from_str::<toml::Table>(text).unwrap()["share"].clone();
        for text in ["share = 0.5", "share = \"0.5\""] {
            assert_eq!(in_file(text).try_into::<Share>().unwrap().get(), 0.5);
        }
        assert_eq!(in_file("share = 1").try_into::<Share>().unwrap().get(), 1.0);
        for text in ["", "-0.1", "1.1", "NaN", "10 %"] {
            assert_eq!(text.parse::<Share>(), Err(ShareError), "{text}");
        }
    }

    #[test]
    fn headers_have_the_form_that_vendors_show_and_no_error_repeats_them() {
        let headers: OtlpHeaders = "Authorization=Basic%20YTpi, x-key=a=b\nx-empty=\n"
            .parse()
            .unwrap();
        let listed: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(
            listed,
            [("authorization", "Basic YTpi"), ("x-key", "a=b"), ("x-empty", "")]
        );
        assert!(!format!("{headers:?}").contains("YTpi"));
        for text in ["hidden", "a b=hidden", "x=hidden%0A"] {
            let error = text.parse::<OtlpHeaders>().unwrap_err();
            assert_eq!(error, OtlpHeadersError::Malformed(1), "{text}");
            assert!(!error.to_string().contains("hidden"));
        }
        let many = vec!["x=1"; HEADERS_MAX + 1].join(",");
        assert_eq!(
            many.parse::<OtlpHeaders>().unwrap_err(),
            OtlpHeadersError::TooMany
        );
    }
}
