//! Dates and times of RFC 3339.

use super::super::budget::{Builder, Stop, stop};
use super::super::number::Number;
use super::super::render::Render;
use super::super::value::Value;
use super::{Arguments, Evaluated};

const DAY_S: i64 = 86_400;
/// The seconds from the year 0 to the year 9999, since 1970.
const RANGE_S: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

/// `{{ event.timestamp | date("%d.%m.%Y %H:%M", "+02:00") }}`: the time at that offset, or at the offset with
/// which it is written. An integer counts seconds since 1970. Anything else is
/// returned unchanged.
pub(super) fn date(render: &Render, input: &Value, arguments: &Arguments<'_>) -> Evaluated {
    let format = arguments.text(0, "%Y-%m-%d %H:%M", render)?;
    let time = match input {
        Value::Text(text) => read(text.as_str()),
        Value::Number(number) => at_seconds(number),
        _ => None,
    };
    let Some(mut time) = time else {
        return Ok(input.clone());
    };
    if let Some(offset) = arguments.get(1) {
        let offset = offset.to_text(&render.document, &render.budget)?;
        match read_offset(offset.as_str()) {
            Some(offset_s) => time.offset_s = offset_s,
            None => return stop(OFFSET_FAULT),
        }
    }
    let mut out = Builder::new(&render.budget);
    time.format(format.as_str(), &mut out)?;
    Ok(Value::owned(out.finish()))
}

const OFFSET_FAULT: &str = "the offset of `date` is written like \"+02:00\" or \"Z\"";

/// Refuses a format or an offset that is wrong.
pub(super) fn check(format: Option<&str>, offset: Option<&str>) -> Result<(), String> {
    let mut rest = format.unwrap_or_default();
    while let Some((directive, after)) = next_directive(rest) {
        if !directive.is_known() {
            return Err(directive.fault());
        }
        rest = after;
    }
    match offset.map(read_offset) {
        Some(None) => Err(OFFSET_FAULT.into()),
        _ => Ok(()),
    }
}

/// A directive, those of C's `strftime`. NUL stands for the end of the text.
#[derive(Debug, Clone, Copy)]
struct Directive {
    letter: char,
    /// Whether a hyphen stands before the letter: `%-d` is `%d` without a zero in front.
    is_short: bool,
}

impl Directive {
    fn is_known(self) -> bool {
        let letters = match self.is_short {
            true => "ymdHIMS",
            false => "YymdeBbAaHIMSfpjzFT%",
        };
        letters.contains(self.letter)
    }

    fn fault(self) -> String {
        let hyphen = if self.is_short { "-" } else { "" };
        match self.letter {
            '\0' => format!("a directive of `date` is not complete: `%{hyphen}`"),
            letter => format!("`date` knows no directive `%{hyphen}{letter}`"),
        }
    }
}

/// The directive after the next `%`, and the text after it.
fn next_directive(format: &str) -> Option<(Directive, &str)> {
    let after = &format[format.find('%')? + 1..];
    let (is_short, after) = match after.strip_prefix('-') {
        Some(after) => (true, after),
        None => (false, after),
    };
    let mut characters = after.chars();
    let letter = characters.next().unwrap_or('\0');
    Some((Directive { letter, is_short }, characters.as_str()))
}

/// A point in time, and where its clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Time {
    /// Seconds since 1970-01-01T00:00:00Z.
    unix_s: i64,
    millisecond: u32,
    offset_s: i64,
}

impl Time {
    fn format(self, format: &str, out: &mut Builder<'_>) -> Result<(), Stop> {
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            out.push(&rest[..at])?;
            let Some((directive, after)) = next_directive(rest) else {
                break;
            };
            self.directive(directive, out)?;
            rest = after;
        }
        out.push(rest)
    }

    fn directive(self, directive: Directive, out: &mut Builder<'_>) -> Result<(), Stop> {
        if !directive.is_known() {
            return stop(directive.fault());
        }
        let local_s = self.unix_s + self.offset_s;
        let day = local_s.div_euclid(DAY_S);
        let (year, month, of_month) = civil(day);
        let of_day = local_s.rem_euclid(DAY_S);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let hour_12 = (hour + 11) % 12 + 1;
        let month_name = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
        let weekday = WEEKDAYS[usize::try_from(day.rem_euclid(7)).unwrap_or(0)];
        let mut two = |number: i64| match directive.is_short {
            true => out.push(&number.to_string()),
            false => out.push(&format!("{number:02}")),
        };
        match directive.letter {
            'm' => two(month),
            'd' => two(of_month),
            'H' => two(hour),
            'I' => two(hour_12),
            'M' => two(minute),
            'S' => two(second),
            'y' => two(year.rem_euclid(100)),
            'e' => out.push(&format!("{of_month:2}")),
            'Y' => out.push(&format!("{year:04}")),
            'B' => out.push(month_name),
            'b' => out.push(&month_name[..3]),
            'A' => out.push(weekday),
            'a' => out.push(&weekday[..3]),
            'p' => out.push(if hour < 12 { "AM" } else { "PM" }),
            'f' => out.push(&format!("{:03}000", self.millisecond)),
            'j' => out.push(&format!("{:03}", day - days(year, 1, 1) + 1)),
            'z' => {
                let (sign, minutes) = (
                    if self.offset_s < 0 { '-' } else { '+' },
                    self.offset_s.abs() / 60,
                );
                out.push(&format!("{sign}{:02}{:02}", minutes / 60, minutes % 60))
            }
            'F' => out.push(&format!("{year:04}-{month:02}-{of_month:02}")),
            'T' => out.push(&format!("{hour:02}:{minute:02}:{second:02}")),
            _ => out.push("%"),
        }
    }
}

fn at_seconds(number: &Number) -> Option<Time> {
    let seconds = number.int().and_then(|int| i64::try_from(int).ok());
    let unix_s = seconds.filter(|seconds| RANGE_S.contains(seconds))?;
    Some(Time {
        unix_s,
        millisecond: 0,
        offset_s: 0,
    })
}

/// Reads `2026-01-31`, or a time of RFC 3339, section 5.6; an offset may be missing, and means UTC then.
fn read(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to)?;
        digits.iter().try_fold(0_i64, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let separated =
        |at: usize, separators: &[u8]| bytes.get(at).is_some_and(|byte| separators.contains(byte));
    let (year, month, of_month) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let is_date = separated(4, b"-") && separated(7, b"-") && (1..=12).contains(&month);
    if !is_date || of_month < 1 || civil(days(year, month, of_month)) != (year, month, of_month) {
        return None;
    }
    let day_s = days(year, month, of_month) * DAY_S;
    if bytes.len() == 10 {
        return Some(Time {
            unix_s: day_s,
            millisecond: 0,
            offset_s: 0,
        });
    }
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_time = separated(10, b"Tt ") && separated(13, b":") && separated(16, b":");
    if !is_time || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut millisecond = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        millisecond = format!("{:0<3.3}", fraction.get(..length)?)
            .parse()
            .ok()
            .filter(|_| length > 0)?;
        rest = &fraction[length..];
    }
    let offset_s = match rest {
        "" => 0,
        offset => read_offset(offset)?,
    };
    Some(Time {
        unix_s: day_s + hour * 3600 + minute * 60 + second.min(59) - offset_s,
        millisecond,
        offset_s,
    })
}

fn read_offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let two_digits = |part: &str, max: i64| {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse()
            .ok()
            .filter(|&number: &i64| is_number && number <= max)
    };
    Some(sign * (two_digits(hours, 23)? * 3600 + two_digits(minutes, 59)? * 60))
}

/// The days from 1970-01-01 to this date of the Gregorian calendar ("days_from_civil" of Howard Hinnant's
/// chrono-Compatible Low-Level Date Algorithms).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days`]: year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::super::super::budget::Budget;
    use super::*;

    fn formatted(text: &str, format: &str) -> Option<String> {
        let budget = Budget::new();
        let mut out = Builder::new(&budget);
        read(text)?.format(format, &mut out).ok()?;
        Some(out.finish())
    }

    #[test]
    fn times_are_read_and_formatted() {
        for (text, format, expected) in [
            (
                "2026-01-31T09:30:05.120Z",
                "%d.%m.%Y %H:%M:%S.%f %z",
                "31.01.2026 09:30:05.120000 +0000",
            ),
            (
                "2026-01-31T23:30:00-05:30",
                "%A %-d %B %Y, %-I %p",
                "Saturday 31 January 2026, 11 PM",
            ),
            (
                "2024-02-29",
                "%F %T %j %a %b %y %%",
                "2024-02-29 00:00:00 060 Thu Feb 24 %",
            ),
            (
                "1969-12-31T23:59:60.5+00:00",
                "%Y-%m-%dT%T.%f",
                "1969-12-31T23:59:59.500000",
            ),
            ("0000-03-01 00:00:00", "%Y %e", "0000  1"),
            (
                "2006-03-04T05:06:07Z",
                "%-y %-m %-d %-H %-I %-M %-S",
                "6 3 4 5 5 6 7",
            ),
        ] {
            assert_eq!(formatted(text, format).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_hyphen_stands_before_numbers_with_a_zero_in_front_only() {
        for format in ["%-j", "%-e", "%-Y", "%-B", "%-%", "%-", "%", "%Q"] {
            assert!(check(Some(format), None).is_err(), "{format}");
            assert_eq!(formatted("2026-01-31", format), None, "{format}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "2026",
            "2026-02-30",
            "2026-13-01",
            "2026-01-31T24:00:00Z",
            "2026-01-31T09:30Z",
            "2026-01-31T09:30:00.Z",
            "2026-01-31T09:30:00+2:00",
            "2026-01-31T09:30:00 UTC",
            "２０26-01-31",
            "2026-01-31é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn dates_survive_a_round_trip_through_days() {
        for day in (-719_600..2_932_896).step_by(97) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }
}
