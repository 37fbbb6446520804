//! The retry schedule as it is written in settings: `10,100`, or `none`.

use std::fmt;
use std::str::FromStr;

use postrider_model::Schedule;
use postrider_model::schedule::{DELAY_S_MAX, RETRIES_MAX};
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How `--retry-delays` says that there is but one attempt.
const NONE: &str = "none";

/// The waits between attempts, in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryDelays(Schedule);

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected up to {RETRIES_MAX} whole numbers of seconds with commas between them, each at most {DELAY_S_MAX}, \
     such as `10,100`, or `none`"
)]
pub struct RetryDelaysError;

impl RetryDelays {
    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.0
    }

    fn from_delays_s(delays_s: Vec<u32>) -> Result<Self, RetryDelaysError> {
        Schedule::from_delays_s(delays_s)
            .map(Self)
            .map_err(|_| RetryDelaysError)
    }
}

impl FromStr for RetryDelays {
    type Err = RetryDelaysError;

    fn from_str(text: &str) -> Result<Self, RetryDelaysError> {
        if text.trim() == NONE {
            return Self::from_delays_s(vec![]);
        }
        let delays_s: Result<Vec<u32>, _> = text.split(',').map(|delay| delay.trim().parse()).collect();
        Self::from_delays_s(delays_s.map_err(|_| RetryDelaysError)?)
    }
}

impl fmt::Display for RetryDelays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.delays_s().is_empty() {
            return f.write_str(NONE);
        }
        for (index, delay) in self.0.delays_s().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{delay}")?;
        }
        Ok(())
    }
}

impl Serialize for RetryDelays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let delays_s = self.0.delays_s();
        let mut list = serializer.serialize_seq(Some(delays_s.len()))?;
        for delay in delays_s {
            list.serialize_element(delay)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for RetryDelays {
    /// From a list of numbers, as in the file, or from text, as in a variable.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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

        deserializer.deserialize_any(DelaysVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_and_written_back() {
        for text in ["10,100", "0", "none"] {
            assert_eq!(text.parse::<RetryDelays>().unwrap().to_string(), text);
        }
        assert_eq!(" 1, 2 ".parse::<RetryDelays>().unwrap().to_string(), "1,2");
        assert!(
            "none"
                .parse::<RetryDelays>()
                .unwrap()
                .schedule()
                .delays_s()
                .is_empty()
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "10,", "10s", "-1", "1.5", "604801", &["1"; 21].join(",")] {
            assert_eq!(text.parse::<RetryDelays>(), Err(RetryDelaysError), "{text}");
        }
    }
}
