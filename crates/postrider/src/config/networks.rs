//! Networks as they are written in settings: `10.1.0.0/16`, or one address.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserializer, Serializer};

use super::text_value;

/// A text that is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Neither a network nor an address.
    #[error("expected a network such as `10.1.0.0/16` or `fd00::/8`, or a single address")]
    Malformed,
    /// A network whose address has bits set after the prefix, which is usually a typing error.
    #[error("the address has bits set after the prefix: write `{0}` for the whole network")]
    NotTheFirst(IpNet),
}

/// Reads one network.
pub fn parse(text: &str) -> Result<IpNet, NetworkError> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let network: IpNet = text.parse().map_err(|_| NetworkError::Malformed)?;
    if network.trunc() == network {
        Ok(network)
    } else {
        Err(NetworkError::NotTheFirst(network.trunc()))
    }
}

/// Writes networks as a list of strings.
pub fn serialize<S: Serializer>(networks: &[IpNet], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(networks.iter().map(ToString::to_string))
}

/// Reads networks from a list of strings, as in the file, or from text with commas, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let expected = "a list of networks, such as [\"10.1.0.0/16\"]";
    text_value::deserialize_list(expected, parse, deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses_are_read() {
        assert_eq!(parse("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(parse("127.0.0.1").unwrap().to_string(), "127.0.0.1/32");
        assert_eq!(parse(" ::1 ").unwrap().to_string(), "::1/128");
    }

    #[test]
    fn a_network_with_host_bits_gets_a_suggestion() {
        assert_eq!(
            parse("10.1.2.3/8"),
            Err(NetworkError::NotTheFirst("10.0.0.0/8".parse().unwrap()))
        );
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0/8"] {
            assert_eq!(parse(text), Err(NetworkError::Malformed), "{text}");
        }
    }
}
