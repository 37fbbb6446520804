//! From numbers to heights: a scale from zero to a round number, with few ticks.

/// Most intervals between ticks: what an eye takes in on a chart of this height.
const INTERVALS_MAX: u64 = 4;

/// A scale from zero to the first round number that no value exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    step: u64,
    intervals: u64,
}

impl Scale {
    /// For values up to `largest`. If that is zero, the scale ends at one, so that there is something to
    /// draw.
    pub fn up_to(largest: u64) -> Self {
        let largest = largest.max(1);
        let mut power = 1u64;
        loop {
            for factor in [1, 2, 5] {
                let step = power.saturating_mul(factor);
                let intervals = largest.div_ceil(step);
                if intervals <= INTERVALS_MAX {
                    return Self { step, intervals };
                }
            }
            power = power.saturating_mul(10);
        }
    }

    /// The numbers that get a line, from zero up.
    pub fn ticks(self) -> impl Iterator<Item = u64> {
        (0..=self.intervals).map(move |tick| tick.saturating_mul(self.step))
    }

    /// The height of a value: 0 at zero, 1 at the top.
    pub fn share(self, value: u64) -> f64 {
        let top = self.step as f64 * self.intervals as f64;
        (value as f64 / top).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(largest: u64) -> Vec<u64> {
        Scale::up_to(largest).ticks().collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(3), [0, 1, 2, 3]);
        assert_eq!(ticks(7), [0, 2, 4, 6, 8]);
        assert_eq!(ticks(83), [0, 50, 100]);
        assert_eq!(ticks(140), [0, 50, 100, 150]);
        assert_eq!(ticks(2_000), [0, 500, 1_000, 1_500, 2_000]);
        assert_eq!(ticks(2_001), [0, 1_000, 2_000, 3_000]);
    }

    #[test]
    fn no_value_is_above_the_top_and_the_top_is_not_far_above_it() {
        for largest in (1..5_000).chain([999_999, 1_000_001, 123_456_789]) {
            let top = Scale::up_to(largest).ticks().last().unwrap();
            assert!(top >= largest, "{largest}");
            assert!(largest < 5 || top <= largest * 2, "{largest}");
        }
    }

    #[test]
    fn an_empty_chart_has_a_scale() {
        assert_eq!(ticks(0), [0, 1]);
        assert_eq!(Scale::up_to(0).share(0), 0.0);
    }

    #[test]
    fn the_largest_number_stays_inside_the_scale() {
        let scale = Scale::up_to(u64::MAX);
        assert!(scale.ticks().count() <= 5);
        assert!(scale.share(u64::MAX) > 0.5 && scale.share(u64::MAX) <= 1.0);
        assert!(scale.share(1_000) >= 0.0);
    }
}
