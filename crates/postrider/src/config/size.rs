//! Sizes as they are written in settings: a whole number of bytes, or of KiB, MiB or GiB (`512`, `16KiB`,
//! `1MiB`).

use std::fmt;
use std::str::FromStr;

use super::text_value::serde_as_text;

/// Units, the largest first, with their length in bytes.
const UNITS_BYTES: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A text that is not a size, or a size out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number, or an unknown unit.
    #[error("expected a whole number of bytes, KiB, MiB or GiB, such as `512B`, `16KiB`, `1MiB` or `1GiB`")]
    Malformed,
    /// Outside the bounds of the setting.
    #[error("expected {} to {}", in_words(*.0), in_words(*.1))]
    OutOfBounds(usize, usize),
}

fn parse(text: &str) -> Result<usize, SizeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: usize = number.parse().map_err(|_| SizeError::Malformed)?;
    let unit = if unit.is_empty() { "B" } else { unit };
    let bytes = UNITS_BYTES
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or(SizeError::Malformed)?
        .1;
    number.checked_mul(bytes).ok_or(SizeError::Malformed)
}

/// Writes a size as a whole number of the largest unit that fits.
pub fn in_words(bytes: usize) -> String {
    let fitting = UNITS_BYTES
        .iter()
        .find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit));
    let (unit, unit_bytes) = fitting.copied().unwrap_or(("B", 1));
    format!("{}{unit}", bytes / unit_bytes)
}

/// Writes a size for people, with one decimal of the largest unit that it reaches.
pub fn about(bytes: u64) -> String {
    let reached = UNITS_BYTES
        .iter()
        .find(|(_, unit)| u64::try_from(*unit).is_ok_and(|unit| bytes >= unit));
    let (unit, unit_bytes) = reached.copied().unwrap_or(("B", 1));
    let tenths = u128::from(bytes) * 10 / unit_bytes.max(1) as u128;
    match unit_bytes {
        1 => format!("{bytes} B"),
        _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

/// A size within bounds: a type per setting, because each has its own bounds.
macro_rules! bounded_size {
    ($(#[$doc:meta])* $name:ident, $min:expr, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(usize);

        impl $name {
            /// The size, in bytes.
            pub const fn bytes(self) -> usize {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = SizeError;

            fn from_str(text: &str) -> Result<Self, SizeError> {
                let bytes = parse(text)?;
                if ($min..=$max).contains(&bytes) {
                    Ok(Self(bytes))
                } else {
                    Err(SizeError::OutOfBounds($min, $max))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&in_words(self.0))
            }
        }

        serde_as_text!($name);
    };
}

bounded_size!(
    /// How much of a response body is stored. Bounded, because a delivery can have a thousand attempts.
    ResponseBytes, 0, 1 << 20
);
bounded_size!(
    /// How large an event's `data` may be. Bounded, because every event in memory can be this large.
    BodyLimit, 1 << 10, 16 << 20
);
bounded_size!(
    /// How much an account may store. At least a byte, because 0 would refuse every event; at most more than
    /// one database holds.
    StoredBytes, 1, 1 << 50
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_back() {
        for (text, bytes) in [
            ("512B", 512),
            ("16KiB", 16_384),
            ("1MiB", 1_048_576),
            ("20GiB", 20 << 30),
            ("1000B", 1_000),
        ] {
            assert_eq!(parse(text), Ok(bytes));
            assert_eq!(in_words(bytes), text);
        }
        assert_eq!(parse("2048"), Ok(2_048));
        assert_eq!(in_words(0), "0B");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "KiB",
            "16KB",
            "16 KiB",
            "16kib",
            "-1",
            "1.5MiB",
            "99999999999999999999MiB",
        ] {
            assert_eq!(parse(text), Err(SizeError::Malformed), "{text}");
        }
        assert_eq!(
            "2MiB".parse::<ResponseBytes>().unwrap_err().to_string(),
            "expected 0B to 1MiB"
        );
    }
}
