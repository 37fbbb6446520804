//! Points in time, in whole milliseconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Written as RFC 3339 in UTC with three decimals (`2026-01-31T09:30:00.000Z`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A string that is not an RFC 3339 time with an offset, or whose year is outside 0000–9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an RFC 3339 time with an offset, such as 2026-01-31T09:30:00.000Z")]
pub struct TimestampError;

impl Timestamp {
    /// The Unix epoch. Postrider stores no earlier time of its own clock.
    pub const EPOCH: Self = Self::from_unix_ms(0);

    /// The point `ms` milliseconds after the Unix epoch.
    pub const fn from_unix_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn unix_s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time that lies `duration` after this one, at millisecond precision; saturates.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The time that lies `duration` before this one; saturates.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The duration from `earlier` to this time; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// The range that is written as a date: the range of jiff, which is the years -9999 to 9999 less the hours by
/// which an offset could leave them. A time outside is written as a number of milliseconds.
const SHOWN_MS: std::ops::RangeInclusive<i64> = -377_705_023_201_000..=253_402_207_200_000;

const DAY_MS: i64 = 86_400_000;

impl fmt::Display for Timestamp {
    /// Written by hand, because every event shows timestamps: jiff takes 900 instructions for one, this code
    /// takes a tenth.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !SHOWN_MS.contains(&self.0) {
            return write!(f, "{} ms after 1970", self.0);
        }
        let (year, month, day) = civil(self.0.div_euclid(DAY_MS));
        let of_day = self.0.rem_euclid(DAY_MS).unsigned_abs();
        let mut text = *b"-000000-00-00T00:00:00.000Z";
        for (at, digits, number) in [
            (3, 4, year.unsigned_abs()),
            (8, 2, month.unsigned_abs()),
            (11, 2, day.unsigned_abs()),
            (14, 2, of_day / 3_600_000),
            (17, 2, of_day / 60_000 % 60),
            (20, 2, of_day / 1_000 % 60),
            (23, 3, of_day % 1_000),
        ] {
            put_digits(&mut text[at..at + digits], number);
        }
        // Only years before 0 have a sign and two more digits (ISO 8601, expanded).
        let shown = if year < 0 { &text[..] } else { &text[3..] };
        f.write_str(std::str::from_utf8(shown).map_err(|_| fmt::Error)?)
    }
}

/// Year, month and day of the date that is `days` after 1970-01-01, in the Gregorian calendar. The algorithm
/// begins years in March, so that the leap day is the last (H. Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
pub const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + (month <= 2) as i64, month, day)
}

fn put_digits(buffer: &mut [u8], mut number: u64) {
    for digit in buffer.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        // jiff accepts more than RFC 3339 (no seconds, a space, names of zones), so check the shape first.
        let bytes = text.as_bytes();
        let shaped = text.is_ascii()
            && bytes.len() >= 20
            && bytes[4] == b'-'
            && bytes[7] == b'-'
            && matches!(bytes[10], b'T' | b't')
            && bytes[13] == b':'
            && bytes[16] == b':'
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && has_offset(&bytes[19..])
            && !text.contains('[');
        if !shaped {
            return Err(TimestampError);
        }
        let time: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        // An offset can leave the years that RFC 3339 can write.
        Some(time.as_millisecond())
            .filter(|ms| FOUR_DIGITS_MS.contains(ms))
            .map(Self)
            .ok_or(TimestampError)
    }
}

/// The years 0000 to 9999.
const FOUR_DIGITS_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// Whether the part after the seconds ends with an offset as RFC 3339, section 5.6, writes it: `Z` or
/// `+01:00`.
fn has_offset(rest: &[u8]) -> bool {
    matches!(rest, [.., b'Z' | b'z'] | [.., b'+' | b'-', _, _, b':', _, _])
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text that jiff writes. Existing records and bodies contain this form.
    fn by_jiff(ms: i64) -> String {
        match jiff::Timestamp::from_millisecond(ms) {
            Ok(time) => format!("{time:.3}"),
            Err(_) => format!("{ms} ms after 1970"),
        }
    }

    fn shown(ms: i64) -> String {
        Timestamp::from_unix_ms(ms).to_string()
    }

    #[test]
    fn times_at_the_ends_of_days_years_and_the_range_are_written_as_jiff_does() {
        let years = (-9_999..=9_999).map(|year| (year - 1_970) * 31_556_952_000);
        let turns = [0, DAY_MS, -62_135_596_800_000, -62_167_219_200_000];
        for ms in years.chain(turns).chain([*SHOWN_MS.start(), *SHOWN_MS.end()]) {
            for near in [
                -DAY_MS,
                -1_000,
                -1,
                0,
                1,
                999,
                DAY_MS - 1,
                58 * DAY_MS,
                59 * DAY_MS,
            ] {
                assert_eq!(shown(ms + near), by_jiff(ms + near));
            }
        }
        assert_eq!(
            (shown(i64::MIN), shown(i64::MAX)),
            (by_jiff(i64::MIN), by_jiff(i64::MAX))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn times_are_written_as_jiff_does(
            any in SHOWN_MS.start() - DAY_MS..SHOWN_MS.end() + DAY_MS,
            recent in 0..4_102_444_800_000_i64,
        ) {
            prop_assert_eq!(shown(any), by_jiff(any));
            prop_assert_eq!(shown(recent), by_jiff(recent));
        }
    }

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        assert_eq!(Timestamp::from_unix_ms(0).to_string(), "1970-01-01T00:00:00.000Z");
        let time: Timestamp = "2026-01-31T10:30:00.5+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-31T09:30:00.500Z");
    }

    #[test]
    fn times_without_an_offset_or_of_another_shape_are_refused() {
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T09:30:00",
            "2026-01-31 09:30:00Z",
            "2026-02-30T00:00:00Z",
            "1769851800",
            "2026-01-31T09:30:00Z[UTC]",
            "2026-01-31T09:30Z",
            "+002026-01-31T09:30:00Z",
            "2026-01-31T09:30:00+01",
            "2026-01-31T09:30:00+0100",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
