//! The address on which the server listens.

use std::net::SocketAddr;

use serde::{Deserializer, Serializer};

use super::text_value;

/// A text that is not an address with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an IP address and a port, such as `127.0.0.1:8080`, or `0.0.0.0:8080` for all interfaces")]
pub struct ListenError;

/// Reads an address with a port.
pub fn parse(text: &str) -> Result<SocketAddr, ListenError> {
    text.trim().parse().map_err(|_| ListenError)
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
    fn a_port_alone_gets_a_suggestion() {
        assert_eq!(parse("[::1]:0").unwrap().port(), 0);
        for text in [":8080", "8080", "localhost:8080", "10.0.0.1", ""] {
            assert!(
                parse(text).unwrap_err().to_string().contains("0.0.0.0:8080"),
                "{text}"
            );
        }
    }
}
