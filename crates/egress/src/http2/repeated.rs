//! Which headers repeat from request to request on a connection.
//!
//! `h2` would enter each header into the table that both ends keep (RFC 7541 section 2.3.2). A signature, an
//! id or a time never returns, and six of them per request displace those that do: the table holds 4 KiB.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many headers of a request are compared. The others count as ones that repeat.
const HEADERS_COMPARED: usize = 32;

/// The values of the last request on a connection.
pub(crate) struct Repeated([AtomicU64; HEADERS_COMPARED]);

/// Stands for no value.
const NONE: u64 = 0;

impl Repeated {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(NONE) }; HEADERS_COMPARED])
    }

    /// Whether the header at this position has the value that it had last time, and remembers the value. The
    /// first counts, so that its name enters the table. A wrong guess only costs some bytes.
    pub(crate) fn is_repeated(&self, position: usize, value: &[u8]) -> bool {
        let Some(last) = self.0.get(position) else {
            return true;
        };
        let fingerprint = fingerprint(value);
        let last = last.swap(fingerprint, Ordering::Relaxed);
        last == fingerprint || last == NONE
    }
}

/// Tells values apart that differ in their length or near their end, as signatures, ids and times do.
fn fingerprint(value: &[u8]) -> u64 {
    let end = value.last_chunk().copied().unwrap_or_else(|| {
        let mut end = [0; 8];
        end[..value.len()].copy_from_slice(value);
        end
    });
    u64::from_le_bytes(end) ^ (value.len() as u64 + 1).rotate_right(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_repeats_if_the_last_request_had_it_or_there_was_none() {
        let repeated = Repeated::new();
        for (position, value, expected) in [
            (0, "application/json", true),
            (1, "evt_1", true),
            (0, "application/json", true),
            (1, "evt_2", false),
            (1, "evt_2", true),
            (1, "2", false),
            (1, "", false),
            (2, "v1,0123456789012345678901234567890123456789", true),
            (2, "v1,0123456789012345678901234567890123456780", false),
            (HEADERS_COMPARED, "a", true),
            (HEADERS_COMPARED, "b", true),
        ] {
            let is_repeated = repeated.is_repeated(position, value.as_bytes());
            assert_eq!(is_repeated, expected, "{position} {value}");
        }
    }
}
