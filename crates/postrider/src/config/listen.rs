//! The address on which the server listens.

use std::net::SocketAddr;

use serde::{Deserializer, Serializer};

use super::text_value;

/// A text that is not an address with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an IP address and a port, such as `127.0.0.1:8080`; `localhost:8080` for this machine alone, `:8080` or \
     `0.0.0.0:8080` for all IPv4 addresses, `[::]:8080` for all addresses"
)]
pub struct ListenError;

/// Reads an address with a port. `localhost` is `127.0.0.1`, without a look-up; no host is `0.0.0.0`, because
/// `[::]` cannot be bound where IPv6 is switched off.
pub fn parse(text: &str) -> Result<SocketAddr, ListenError> {
    let (host, port) = text.trim().rsplit_once(':').ok_or(ListenError)?;
    let host = match host {
        "" => "0.0.0.0",
        name if name.eq_ignore_ascii_case("localhost") => "127.0.0.1",
        address => address,
    };
    format!("{host}:{port}").parse().map_err(|_| ListenError)
}

/// Writes the address as text.
pub fn serialize<S: Serializer>(address: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
    text_value::serialize(address, serializer)
}

/// Reads the address from text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text: String = text_value::deserialize(deserializer)?;
    parse(&text).map_err(serde::de::Error::custom)
}

/// An address that need not be set.
pub mod optional {
    use std::net::SocketAddr;

    use serde::{Deserializer, Serializer};

    /// Writes the address as text.
    pub fn serialize<S: Serializer>(address: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => super::serialize(address, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the address from text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_short_forms_are_understood() {
        for (text, address) in [
            (" 10.0.0.1:80 ", "10.0.0.1:80"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("LOCALHOST:0", "127.0.0.1:0"),
            (":8080", "0.0.0.0:8080"),
            ("[::]:8080", "[::]:8080"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), address);
        }
    }

    #[test]
    fn other_texts_get_a_suggestion() {
        for text in [
            "8080",
            "localhost",
            "10.0.0.1",
            "::1:8080",
            "::8080",
            "example.com:80",
            ":http",
            ":65536",
            "",
        ] {
            let refused = parse(text).expect_err(text).to_string();
            assert!(refused.contains("`:8080`"), "{refused}");
        }
    }
}
