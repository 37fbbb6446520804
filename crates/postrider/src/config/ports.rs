//! Ports as they are written in settings.

use serde::{Deserializer, Serialize, Serializer};

use super::text_value;

/// A text that is not a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a port from 1 to 65535")]
pub struct PortError;

/// Reads one port.
pub fn parse(text: &str) -> Result<u16, PortError> {
    match text.trim().parse() {
        Ok(0) | Err(_) => Err(PortError),
        Ok(port) => Ok(port),
    }
}

/// Writes ports as a list of numbers.
pub fn serialize<S: Serializer>(ports: &[u16], serializer: S) -> Result<S::Ok, S::Error> {
    ports.serialize(serializer)
}

/// Reads ports from a list, as in the file, or from text with commas, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u16>, D::Error> {
    text_value::deserialize_list("a list of ports, such as [9200]", parse, deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_from_1_to_65535() {
        assert_eq!((parse("1"), parse(" 65535 ")), (Ok(1), Ok(65_535)));
        for text in ["", "0", "65536", "-1", "http", "80-90"] {
            assert_eq!(parse(text), Err(PortError), "{text}");
        }
    }
}
