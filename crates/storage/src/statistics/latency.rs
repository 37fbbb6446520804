//! Delivery latencies, counted in buckets that are √2 wide.
//!
//! The bounds of a bucket differ by a factor of √2, so two buckets double. A percentile read from the counts
//! lies in the bucket of the true percentile, so it is wrong by less than 42 % (by less than a millisecond
//! below one millisecond). Interpolation makes it far more accurate where a bucket is filled evenly. Counts
//! of several nodes and steps can be added.

use std::time::Duration;

/// The number of buckets. The last one ends at 281 days: the longest possible schedule takes 140.
pub const BUCKETS: usize = 70;

/// A bucket, by its number. The first ends at 1 ms, each further one at √2 times the previous one's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u8);

/// The bucket of a latency. A latency beyond the last bucket's bound is counted in the last bucket.
pub fn bucket_of(latency: Duration) -> Bucket {
    let (mut low, mut high) = (0, BUCKETS as u8 - 1);
    while low < high {
        let middle = low.midpoint(high);
        if latency <= upper_bound(Bucket(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Bucket(low)
}

/// The longest latency that the bucket holds.
pub const fn upper_bound(bucket: Bucket) -> Duration {
    const SQRT_2_MS_IN_NS: u64 = 1_414_214;
    let first = if bucket.0.is_multiple_of(2) {
        1_000_000
    } else {
        SQRT_2_MS_IN_NS
    };
    Duration::from_nanos(first << (bucket.0 / 2))
}

impl Bucket {
    /// The number stored for this bucket.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The bucket with this stored number.
    pub fn from_code(code: u8) -> Option<Self> {
        (usize::from(code) < BUCKETS).then_some(Self(code))
    }

    /// The longest latency that is too short for the bucket.
    fn lower_bound(self) -> Duration {
        self.0
            .checked_sub(1)
            .map_or(Duration::ZERO, |before| upper_bound(Self(before)))
    }
}

/// How many latencies fell into each bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram([u64; BUCKETS]);

impl Histogram {
    /// An empty histogram.
    pub const fn new() -> Self {
        Self([0; BUCKETS])
    }

    /// Adds `count` to a bucket.
    pub fn add(&mut self, bucket: Bucket, count: u64) {
        self.0[usize::from(bucket.0)] += count;
    }

    /// The non-empty buckets, shortest first.
    pub fn filled(&self) -> impl Iterator<Item = (Bucket, u64)> {
        (0..).map(Bucket).zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// The latency that this share (0 to 1) of the counted latencies does not exceed, with the error that the
    /// module documentation states. `None` if nothing was counted.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let total: u64 = self.0.iter().sum();
        let rank = (total as f64 * share).max(1.0);
        let mut before = 0;
        for (bucket, count) in self.filled() {
            if (before + count) as f64 >= rank || before + count == total {
                let within = ((rank - before as f64) / count as f64).clamp(0.0, 1.0);
                let (low, high) = (bucket.lower_bound(), upper_bound(bucket));
                return Some(low + (high - low).mul_f64(within));
            }
            before += count;
        }
        None
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: f64) -> Duration {
        Duration::from_secs_f64(ms / 1_000.0)
    }

    #[test]
    fn every_bucket_ends_where_the_next_begins_and_two_of_them_double() {
        for code in 0..BUCKETS as u8 {
            let bucket = Bucket::from_code(code).unwrap();
            assert_eq!(bucket_of(upper_bound(bucket)), bucket);
            if let Some(next) = Bucket::from_code(code + 1) {
                assert_eq!(bucket_of(upper_bound(bucket) + Duration::from_nanos(1)), next);
                assert_eq!(next.lower_bound(), upper_bound(bucket));
            }
            if let Some(second) = Bucket::from_code(code + 2) {
                assert_eq!(upper_bound(second), upper_bound(bucket) * 2);
            }
        }
        assert_eq!(bucket_of(Duration::ZERO).code(), 0);
        assert_eq!(usize::from(bucket_of(Duration::MAX).code()), BUCKETS - 1);
        assert_eq!(Bucket::from_code(BUCKETS as u8), None);
    }

    #[test]
    fn the_longest_schedule_fits() {
        use postrider_model::schedule::{DELAY_S_MAX, RETRIES_MAX};
        let longest = Duration::from_secs(u64::from(DELAY_S_MAX)) * RETRIES_MAX as u32;
        assert!(usize::from(bucket_of(longest).code()) < BUCKETS - 1);
    }

    #[test]
    fn a_percentile_is_off_by_less_than_its_buckets_width() {
        // Latencies from 1 ms to 1 minute, evenly distributed on a logarithmic scale, as in practice.
        let latencies: Vec<Duration> = (0..5_000_i32)
            .map(|n| ms(60_000_f64.powf(f64::from(n) / 5_000.0)))
            .collect();
        let mut histogram = Histogram::new();
        for latency in &latencies {
            histogram.add(bucket_of(*latency), 1);
        }
        for share in [0.01, 0.25, 0.5, 0.95, 0.99, 1.0] {
            let exact = latencies[((5_000.0 * share) as usize - 1).min(4_999)].as_secs_f64();
            let read = histogram.percentile(share).unwrap().as_secs_f64();
            assert!((read / exact - 1.0).abs() < 0.1, "{share}: {read} for {exact}");
        }
        let mut one = Histogram::new();
        one.add(bucket_of(ms(100.0)), 1);
        for share in [0.0, 0.5, 1.0] {
            let off = one.percentile(share).unwrap().as_secs_f64() / 0.1;
            assert!((0.70..1.42).contains(&off), "{off}");
        }
        assert_eq!(Histogram::new().percentile(0.5), None);
    }
}
