//! Times: relative, as people say them, with the exact UTC time on hover and for machines.

use askama::Template;
use postrider_model::Timestamp;

use super::markup;

/// A moment. Scripts keep its words up to date.
#[derive(Debug, Clone, Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ machine }}" title="{{ exact }}"{% if is_due %} data-due{% endif %}>{{ words }}</time>"#
)]
pub struct Moment {
    machine: String,
    exact: String,
    words: String,
    is_due: bool,
}

impl Moment {
    /// As seen from `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self {
            machine: at.to_string(),
            exact: exact(at),
            words: words(at, now),
            is_due: false,
        }
    }

    /// A moment at which something is due: `in 8 s`; from its last second on, `any moment`.
    pub fn due(at: Timestamp, now: Timestamp) -> Self {
        let moment = Self::new(at, now);
        Self {
            words: if at > now && moment.words != NOW {
                moment.words
            } else {
                ANY_MOMENT.to_owned()
            },
            is_due: true,
            ..moment
        }
    }
}

markup!(Moment);

/// An exact time as text, in UTC. Scripts show the viewer's zone, with UTC beside it.
#[derive(Debug, Clone, Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ machine }}" data-zone="{{ precision }}">{{ words }}</time>"#
)]
pub struct Exact {
    machine: String,
    /// `ms`, `s` or `date`, the three formats of `assets/times.js`.
    precision: &'static str,
    words: String,
}

impl Exact {
    /// To the millisecond: `2026-11-24 15:41:03.120 UTC`.
    pub fn new(at: Timestamp) -> Self {
        Self::of(at, "ms", exact(at))
    }

    /// `2026-11-24 15:41:03 UTC`, for times whose milliseconds do not matter.
    pub fn to_the_second(at: Timestamp) -> Self {
        Self::of(at, "s", to_the_second(at))
    }

    /// `24 November 2026, 15:41 UTC`: for dates that people plan by.
    pub fn date(at: Timestamp) -> Self {
        Self::of(at, "date", date(at))
    }

    fn of(at: Timestamp, precision: &'static str, words: String) -> Self {
        Self {
            machine: at.to_string(),
            precision,
            words,
        }
    }
}

markup!(Exact);

const NOW: &str = "just now";
const ANY_MOMENT: &str = "any moment";

/// `2026-11-24 15:41:03.120 UTC`.
fn exact(at: Timestamp) -> String {
    let text = at.to_string();
    let text = text.strip_suffix('Z').unwrap_or(&text);
    format!("{} UTC", text.replacen('T', " ", 1))
}

/// `2026-11-24 15:41:03 UTC`, for times whose milliseconds do not matter.
fn to_the_second(at: Timestamp) -> String {
    exact(Timestamp::from_unix_ms(at.unix_ms().div_euclid(1000) * 1000)).replace(".000 ", " ")
}

/// `24 November 2026, 15:41 UTC`: for dates that people plan by.
pub fn date(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.unix_ms()) {
        Ok(time) => time.strftime("%-d %B %Y, %H:%M UTC").to_string(),
        Err(_) => exact(at),
    }
}

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// A time in relative words: `just now`, `12 s ago`, `in 3 min`, `5 h ago`, `9 days ago`; the date from 30
/// days on. `assets/times.js` uses the same words.
pub fn words(at: Timestamp, now: Timestamp) -> String {
    let away_ms = at.unix_ms().saturating_sub(now.unix_ms());
    let seconds = away_ms.saturating_abs() / 1000;
    let amount = match seconds {
        0 => return NOW.to_owned(),
        1..MINUTE_S => format!("{seconds} s"),
        MINUTE_S..HOUR_S => format!("{} min", seconds / MINUTE_S),
        HOUR_S..DAY_S => format!("{} h", seconds / HOUR_S),
        _ if seconds < 2 * DAY_S => "1 day".to_owned(),
        _ if seconds < 30 * DAY_S => format!("{} days", seconds / DAY_S),
        _ => return at.to_string().chars().take(10).collect(),
    };
    if away_ms < 0 {
        format!("{amount} ago")
    } else {
        format!("in {amount}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(away_s: i64) -> String {
        let now = Timestamp::from_unix_ms(1_795_534_863_120);
        words(Timestamp::from_unix_ms(now.unix_ms() + away_s * 1000), now)
    }

    #[test]
    fn times_are_shown_in_ordinary_words() {
        let cases = [
            (0, "just now"),
            (-1, "1 s ago"),
            (-59, "59 s ago"),
            (-60, "1 min ago"),
            (95, "in 1 min"),
            (-3_600, "1 h ago"),
            (-86_400, "1 day ago"),
            (-2 * 86_400, "2 days ago"),
            (-31 * 86_400, "2026-10-24"),
        ];
        for (away_s, words) in cases {
            assert_eq!(said(away_s), words);
        }
    }

    #[test]
    fn what_is_due_is_never_past() {
        let now = Timestamp::from_unix_ms(1_795_534_863_120);
        let due = |away_ms| Moment::due(Timestamp::from_unix_ms(now.unix_ms() + away_ms), now).words;
        assert_eq!(due(8_000), "in 8 s");
        assert_eq!(due(500), "any moment");
        assert_eq!(due(-3_000), "any moment");
    }

    #[test]
    fn the_exact_time_is_in_utc() {
        let at = Timestamp::from_unix_ms(1_795_534_863_120);
        assert_eq!(exact(at), "2026-11-24 15:41:03.120 UTC");
        assert_eq!(to_the_second(at), "2026-11-24 15:41:03 UTC");
        assert_eq!(date(at), "24 November 2026, 15:41 UTC");
    }
}
