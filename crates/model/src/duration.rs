//! Durations as they are written: a whole number and a unit (`250ms`, `15s`, `5m`, `12h`, `30d`).

use std::ops::RangeInclusive;
use std::time::Duration;

/// Units, the largest first, with their length in milliseconds.
const UNITS_MS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A text that is not a duration, or a duration out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number alone.
    #[error("a duration needs a unit: `{0}ms`, `{0}s`, `{0}m`, `{0}h` or `{0}d`")]
    NoUnit(String),
    /// Anything else.
    #[error("expected a whole number and a unit (ms, s, m, h or d), such as `250ms`, `15s` or `30d`")]
    Malformed,
    /// Outside the bounds.
    #[error("expected {} to {}", in_words(*.0), in_words(*.1))]
    OutOfBounds(Duration, Duration),
}

/// Reads a duration.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if digits > 0 && unit.is_empty() {
        return Err(DurationError::NoUnit(number.to_owned()));
    }
    let number: u64 = number.parse().map_err(|_| DurationError::Malformed)?;
    let unit_ms = UNITS_MS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or(DurationError::Malformed)?
        .1;
    number
        .checked_mul(unit_ms)
        .map(Duration::from_millis)
        .ok_or(DurationError::Malformed)
}

/// Reads a duration that must lie within `bounds`.
pub fn parse_within(text: &str, bounds: RangeInclusive<Duration>) -> Result<Duration, DurationError> {
    let duration = parse(text)?;
    if bounds.contains(&duration) {
        return Ok(duration);
    }
    let (least, most) = bounds.into_inner();
    Err(DurationError::OutOfBounds(least, most))
}

/// Reads a number of whole seconds: alone (`30`), or as a duration (`5m`).
pub fn seconds(text: &str) -> Result<u64, DurationError> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let duration = parse(text)?;
    match duration.subsec_nanos() {
        0 => Ok(duration.as_secs()),
        _ => Err(DurationError::Malformed),
    }
}

/// Writes a duration as a whole number of the largest unit that fits.
pub fn in_words(duration: Duration) -> String {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let fitting = UNITS_MS
        .iter()
        .find(|(_, unit_ms)| ms > 0 && ms.is_multiple_of(*unit_ms));
    let (unit, unit_ms) = fitting.copied().unwrap_or(("s", 1_000));
    format!("{}{unit}", ms / unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for (text, ms) in [
            ("250ms", 250),
            ("15s", 15_000),
            ("5m", 300_000),
            ("12h", 43_200_000),
            ("0s", 0),
        ] {
            let duration = parse(text).unwrap();
            assert_eq!(duration, Duration::from_millis(ms));
            assert_eq!(in_words(duration), text);
        }
        assert_eq!(in_words(parse("24h").unwrap()), "1d");
        assert_eq!(in_words(parse("1500ms").unwrap()), "1500ms");
    }

    #[test]
    fn seconds_need_no_unit() {
        for (text, read) in [
            ("30", Some(30)),
            ("5m", Some(300)),
            ("2000ms", Some(2)),
            ("1ms", None),
            ("x", None),
        ] {
            assert_eq!(seconds(text).ok(), read, "{text}");
        }
    }

    #[test]
    fn an_error_names_the_missing_unit_or_the_bounds() {
        assert_eq!(
            parse("15").unwrap_err().to_string(),
            "a duration needs a unit: `15ms`, `15s`, `15m`, `15h` or `15d`"
        );
        let bounds = Duration::from_secs(1)..=Duration::from_secs(60);
        assert_eq!(
            parse_within("61s", bounds.clone()).unwrap_err().to_string(),
            "expected 1s to 1m"
        );
        assert_eq!(parse_within("60s", bounds), Ok(Duration::from_secs(60)));
        for text in [
            "",
            "s",
            "1.5s",
            "-1s",
            "1 s",
            "1S",
            "1w",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), Err(DurationError::Malformed), "{text}");
        }
    }
}
