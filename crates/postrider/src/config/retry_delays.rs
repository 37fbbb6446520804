//! The setting of the retry schedule: a list of seconds or durations in the file, text in a variable.

use std::fmt;

use postrider_cli::values::retry_delays::{RetryDelays, delay_s};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the schedule as a list of seconds.
pub fn serialize<S: Serializer>(delays: &RetryDelays, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(delays.schedule().delays_s())
}

/// Reads the schedule from a list, as in the file, or from text, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RetryDelays, D::Error> {
    deserializer.deserialize_any(DelaysVisitor)
}

struct DelaysVisitor;

impl<'de> Visitor<'de> for DelaysVisitor {
    type Value = RetryDelays;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of delays, such as [10, 100] or [\"10s\", \"5m\"]")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RetryDelays, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RetryDelays, A::Error> {
        let mut delays_s = Vec::new();
        while let Some(Delay(delay_s)) = list.next_element()? {
            delays_s.push(delay_s);
        }
        RetryDelays::from_delays_s(delays_s).map_err(A::Error::custom)
    }
}

/// An item of the list: a number of seconds, or a duration as text.
struct Delay(u32);

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DelayVisitor).map(Self)
    }
}

struct DelayVisitor;

impl Visitor<'_> for DelayVisitor {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds, or a duration such as \"5m\"")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<u32, E> {
        self.visit_str(&seconds.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u32, E> {
        delay_s(text).map_err(E::custom)
    }
}
