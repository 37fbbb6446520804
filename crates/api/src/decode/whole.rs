//! Whole numbers, however they are written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// The largest float below which every whole number is one (2^53).
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A whole number. `103.0` and `1e2` are whole too: JSON has one kind of number, JSON Schema counts them as
/// `integer`, and some languages print all their numbers that way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole(pub i64);

impl Whole {
    /// These numbers.
    pub fn list(numbers: Vec<i64>) -> Vec<Self> {
        numbers.into_iter().map(Self).collect()
    }

    /// The numbers of a list.
    pub fn values(list: Vec<Self>) -> Vec<i64> {
        list.into_iter().map(|it| it.0).collect()
    }
}

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
        let whole = i64::try_from(number).map(Whole);
        whole.map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
        if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
            // Exact, by the condition.
            Ok(Whole(number as i64))
        } else {
            Err(E::invalid_type(Unexpected::Float(number), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        serde_json::from_str(text).ok().map(|Whole(number)| number)
    }

    #[test]
    fn a_whole_number_is_read_in_every_notation() {
        for (text, expected) in [
            ("103", 103),
            ("103.0", 103),
            ("1e2", 100),
            ("-0.0", 0),
            ("-7.00", -7),
            ("9007199254740992.0", 9_007_199_254_740_992),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in ["1.5", "1e-1", "1e300", "9223372036854775808", "\"1\"", "true"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
