//! Dates in HTTP headers: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7, IMF-fixdate).

use postrider_model::time::civil;

/// Length of every such date.
pub(super) const LENGTH: usize = 29;

const DAY_S: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The Unix time of a date; `None` for any text that [`format`] would not produce.
pub(super) fn parse(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let month = MONTHS.iter().position(|month| Some(*month) == text.get(8..11))?;
    let days = days_before(number(12, 16)?, i64::try_from(month).ok()? + 1) + number(5, 7)? - 1;
    let time_s = days * DAY_S + number(17, 19)? * 3600 + number(20, 22)? * 60 + number(23, 25)?;
    (written(time_s)? == text.as_bytes()).then_some(time_s)
}

/// The date of a Unix time, for the years 0 to 9999.
pub(super) fn format(time_s: i64) -> Option<String> {
    String::from_utf8(written(time_s)?.to_vec()).ok()
}

/// Formats without allocating: nearly every response has a date, and the encoder checks each one against
/// this.
fn written(time_s: i64) -> Option<[u8; LENGTH]> {
    let days = time_s.div_euclid(DAY_S);
    let second = time_s.rem_euclid(DAY_S);
    let (year, month, day) = civil(days);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let weekday = WEEKDAYS[usize::try_from(days.rem_euclid(7)).ok()?];
    let month = MONTHS[usize::try_from(month - 1).ok()?];
    let mut text = *b"www, 00 mmm 0000 00:00:00 GMT";
    text[..3].copy_from_slice(weekday.as_bytes());
    text[8..11].copy_from_slice(month.as_bytes());
    for (at, number) in [
        (5, day),
        (12, year / 100),
        (14, year % 100),
        (17, second / 3600),
        (20, second / 60 % 60),
        (23, second % 60),
    ] {
        text[at] += (number / 10) as u8;
        text[at + 1] += (number % 10) as u8;
    }
    Some(text)
}

/// Days from 1970-01-01 to the first day of a month: the inverse of [`civil`].
fn days_before(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        for (text, time_s) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ] {
            assert_eq!(parse(text), Some(time_s), "{text}");
            assert_eq!(format(time_s).as_deref(), Some(text));
        }
    }

    #[test]
    fn other_spellings_are_no_dates() {
        for text in [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 6 Nov 1994  08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
