//! The labels along a chart: few enough for a phone, at round numbers and round times in UTC.

use std::time::Duration;

use postrider_model::Timestamp;

use super::scale::Scale;
use crate::view::number;

/// Most time labels: at 320 pixels each has room for `24 Nov`.
const TIMES_MAX: u64 = 7;

/// Distances between labelled times, shortest first, in minutes.
const DISTANCES_MIN: [u64; 9] = [5, 10, 15, 60, 240, 720, 1_440, 7_200, 14_400];

/// A time label nearer to an edge than this share of the width would be cut off.
const EDGE: f64 = 0.03;

/// A label.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Its position: a share of the width from the left, or of the height from the bottom.
    pub at: f64,
    /// Its text.
    pub text: String,
}

/// The labels of a scale.
pub fn numbers(scale: Scale) -> Vec<Label> {
    let label = |value| Label {
        at: scale.share(value),
        text: short(value),
    };
    scale.ticks().map(label).collect()
}

/// The labels of a span of time.
pub fn times(from: Timestamp, to: Timestamp) -> Vec<Label> {
    let span = to.since(from);
    let distance = DISTANCES_MIN
        .into_iter()
        .map(|minutes| Duration::from_secs(60 * minutes))
        .find(|distance| span.as_millis() <= distance.as_millis() * u128::from(TIMES_MAX));
    let Some(distance) = distance else {
        return Vec::new();
    };
    let distance_ms = i64::try_from(distance.as_millis()).unwrap_or(i64::MAX);
    let mut at_ms = from.unix_ms().div_euclid(distance_ms) * distance_ms;
    let mut labels = Vec::new();
    while at_ms < to.unix_ms() {
        let share = (at_ms - from.unix_ms()) as f64 / span.as_millis() as f64;
        if (EDGE..=1.0 - EDGE).contains(&share) {
            let text = moment(Timestamp::from_unix_ms(at_ms));
            labels.push(Label { at: share, text });
        }
        at_ms += distance_ms;
    }
    labels
}

/// `15:30`; midnight shows the day that begins: `24 Nov`.
fn moment(at: Timestamp) -> String {
    let Ok(time) = jiff::Timestamp::from_millisecond(at.unix_ms()) else {
        return String::new();
    };
    let clock = time.strftime("%H:%M").to_string();
    if clock == "00:00" {
        time.strftime("%-d %b").to_string()
    } else {
        clock
    }
}

/// A number, shortened: `20,000`, `1.5 M`.
fn short(value: u64) -> String {
    const MILLION: u64 = 1_000_000;
    if value < MILLION {
        return number::grouped(value);
    }
    let tenths = (value % MILLION) / (MILLION / 10);
    let whole = number::grouped(value / MILLION);
    if tenths == 0 {
        format!("{whole} M")
    } else {
        format!("{whole}.{tenths} M")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(from: &str, hours: u64) -> Vec<String> {
        let from: Timestamp = from.parse().unwrap();
        let to = from.after(Duration::from_secs(3_600 * hours));
        times(from, to).into_iter().map(|label| label.text).collect()
    }

    #[test]
    fn times_are_round_and_few() {
        assert_eq!(
            texts("2026-11-24T15:22:00Z", 1),
            ["15:30", "15:40", "15:50", "16:00", "16:10", "16:20"]
        );
        assert_eq!(
            texts("2026-11-23T15:15:00Z", 24),
            ["16:00", "20:00", "24 Nov", "04:00", "08:00", "12:00"]
        );
        assert_eq!(texts("2026-11-17T16:00:00Z", 24 * 7).len(), 7);
        assert!((5..=7).contains(&texts("2026-10-25T12:00:00Z", 24 * 30).len()));
    }

    #[test]
    fn large_numbers_are_short() {
        for (value, text) in [
            (0, "0"),
            (20_000, "20,000"),
            (1_500_000, "1.5 M"),
            (2_000_000_000, "2,000 M"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
