//! The setting of the retry schedule: a list of numbers in the file, text in a variable.

use std::fmt;

use postrider_cli::values::retry_delays::RetryDelays;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

/// Writes the schedule as a list of seconds.
pub fn serialize<S: Serializer>(delays: &RetryDelays, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(delays.schedule().delays_s())
}

/// Reads the schedule from a list of numbers, as in the file, or from text, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RetryDelays, D::Error> {
    deserializer.deserialize_any(DelaysVisitor)
}

struct DelaysVisitor;

impl<'de> Visitor<'de> for DelaysVisitor {
    type Value = RetryDelays;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of seconds, such as [10, 100]")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RetryDelays, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RetryDelays, A::Error> {
        let mut delays_s = Vec::new();
        while let Some(delay) = list.next_element()? {
            delays_s.push(delay);
        }
        RetryDelays::from_delays_s(delays_s).map_err(A::Error::custom)
    }
}
