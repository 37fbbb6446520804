//! How many requests to one action may be under way at once.
//!
//! A receiver that answers, with whatever status, bears more; one that cannot be reached or does not answer in time
//! gets less, down to one probe at a time. Additive growth per answer doubles the width each round trip, halving per
//! failure takes a wide lane down within one timeout: a receiver that comes back is at full width after some eight
//! round trips.

use postrider_model::Outcome;

/// The width of a lane that nothing is known of.
pub const START: u32 = 8;

/// The widest lane. With answers in 5 ms, 256 at once are 51,000 requests a second: more than one node sends.
pub const MAX: u32 = 256;

/// The width of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width(u32);

impl Width {
    /// How many requests may be under way now; at least 1.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Learns from an attempt.
    pub fn learn(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Succeeded | Outcome::BadStatus | Outcome::ProtocolError => {
                self.0 = (self.0 + 1).min(MAX);
            }
            Outcome::Timeout
            | Outcome::DnsError
            | Outcome::ConnectError
            | Outcome::TlsError
            | Outcome::Blocked => {
                self.0 = (self.0 / 2).max(1);
            }
        }
    }
}

impl Default for Width {
    fn default() -> Self {
        Self(START)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_receiver_is_probed_one_at_a_time_and_recovers() {
        let mut width = Width::default();
        for _ in 0..3 {
            width.learn(Outcome::Timeout);
        }
        assert_eq!(width.get(), 1);
        for _ in 0..1_000 {
            width.learn(Outcome::Succeeded);
        }
        assert_eq!(width.get(), MAX);
    }

    #[test]
    fn an_answer_with_an_error_status_is_no_reason_to_slow_down() {
        let mut width = Width::default();
        width.learn(Outcome::BadStatus);
        assert_eq!(width.get(), START + 1);
    }
}
