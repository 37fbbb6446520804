//! Ports that the client never calls: the "bad ports" of the WHATWG Fetch standard, section 2.9.
//!
//! They belong to other protocols (SMTP, IRC, SIP …) whose servers can be tricked into acting on lines of an
//! HTTP request. Browsers refuse them for the same reason, so no receiver of webhooks can use them.

/// In ascending order.
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// Whether requests may go to the port.
pub fn is_permitted(port: u16) -> bool {
    BAD_PORTS.binary_search(&port).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_for_the_binary_search() {
        assert!(BAD_PORTS.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(BAD_PORTS.len(), 83);
    }

    #[test]
    fn ports_of_other_protocols_are_refused() {
        for port in [0, 21, 22, 25, 110, 143, 587, 6667, 10080] {
            assert!(!is_permitted(port), "{port}");
        }
        for port in [80, 443, 3000, 8000, 8080, 8443, 5000, 65535] {
            assert!(is_permitted(port), "{port}");
        }
    }
}
