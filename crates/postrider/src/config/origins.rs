//! Receivers that speak HTTP/2 without TLS, as they are written in settings:
//! `http://collector.example.com:8080`.

use postrider_egress::Origin;
use serde::{Deserializer, Serializer};

use super::text_value;

/// A text that is not such a receiver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not a URL, or one with more than scheme, host and port.
    #[error("expected the scheme, host and port of a receiver, such as `http://collector.example.com:8080`")]
    Malformed,
    /// An `https` URL.
    #[error("over https the receiver chooses the version of HTTP: list http origins only")]
    Tls,
}

/// Reads one receiver.
pub fn parse(text: &str) -> Result<Origin, OriginError> {
    let origin = Origin::parse(text.trim()).map_err(|_| OriginError::Malformed)?;
    if origin.tls {
        return Err(OriginError::Tls);
    }
    Ok(origin)
}

/// Writes receivers as a list of strings.
pub fn serialize<S: Serializer>(origins: &[Origin], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(origins.iter().map(ToString::to_string))
}

/// Reads receivers from a list of strings, as in the file, or from text with commas, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Origin>, D::Error> {
    let expected = "a list of receivers, such as [\"http://collector.example.com:8080\"]";
    text_value::deserialize_list(expected, parse, deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_host_and_port_are_read_and_nothing_else() {
        for (text, expected) in [
            (
                "http://collector.example.com:8080",
                "http://collector.example.com:8080",
            ),
            (
                " http://Collector.example.com/ ",
                "http://collector.example.com:80",
            ),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "",
            "collector.example.com",
            "collector.example.com:8080",
            "http://collector.example.com/hooks",
            "http://collector.example.com/?a",
            "http://collector.example.com?",
            "http://name@collector.example.com",
        ] {
            assert_eq!(parse(text), Err(OriginError::Malformed), "{text}");
        }
        assert_eq!(parse("https://receiver.example"), Err(OriginError::Tls));
    }
}
