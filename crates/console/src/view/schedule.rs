//! A retry schedule as a sentence.

use postrider_model::{Schedule, duration as duration_text};

use super::duration;

/// `retries after 10 seconds, then 100 seconds, then marks the delivery failed`. Delays below two minutes
/// stay in seconds, except `1 minute`, so that the default schedule reads as it is documented.
pub fn sentence(schedule: &Schedule) -> String {
    let delays = schedule.delays_s();
    if delays.is_empty() {
        return "does not retry".to_owned();
    }
    let delays: Vec<String> = delays.iter().map(|delay| wait(*delay)).collect();
    format!(
        "retries after {}, then marks the delivery failed",
        delays.join(", then ")
    )
}

fn wait(seconds: u32) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        60 => "1 minute".to_owned(),
        0..120 => format!("{seconds} seconds"),
        _ => duration::spelled(u64::from(seconds)),
    }
}

/// The delays as the form's field holds them: `10, 100`; `none` for no retry; empty without a schedule.
pub fn field(schedule: Option<&Schedule>) -> String {
    match schedule {
        None => String::new(),
        Some(schedule) if schedule.delays_s().is_empty() => "none".to_owned(),
        Some(schedule) => {
            let delays: Vec<String> = schedule.delays_s().iter().map(ToString::to_string).collect();
            delays.join(", ")
        }
    }
}

/// The delays in the form's field, as drafts hold them, in seconds; `None` for an empty field. A word is a
/// number of seconds, or has a unit: `30s`, `5m`, `1h`, `2d`. Any other becomes -1, so that the draft's check
/// reports a fault at its place.
pub fn parse(field: &str) -> Option<Vec<i64>> {
    let field = field.trim();
    if field.is_empty() {
        return None;
    }
    if field.eq_ignore_ascii_case("none") {
        return Some(Vec::new());
    }
    let words = field.split([',', ' ', ';']).filter(|word| !word.is_empty());
    Some(words.map(|word| seconds(word).unwrap_or(-1)).collect())
}

fn seconds(word: &str) -> Option<i64> {
    let seconds = duration_text::seconds(&word.to_ascii_lowercase()).ok()?;
    i64::try_from(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(delays: &[u32]) -> Schedule {
        Schedule::from_delays_s(delays.to_vec()).unwrap()
    }

    #[test]
    fn a_schedule_is_a_sentence() {
        assert_eq!(
            sentence(&schedule(&[10, 100])),
            "retries after 10 seconds, then 100 seconds, then marks the delivery failed"
        );
        assert_eq!(sentence(&schedule(&[])), "does not retry");
        assert_eq!(
            sentence(&schedule(&[1, 60, 7_200])),
            "retries after 1 second, then 1 minute, then 2 hours, then marks the delivery failed"
        );
    }

    #[test]
    fn the_field_shows_the_schedule() {
        for delays in [&[10, 100][..], &[], &[0]] {
            let text = field(Some(&schedule(delays)));
            let parsed = parse(&text).unwrap();
            assert_eq!(
                parsed,
                delays.iter().map(|delay| i64::from(*delay)).collect::<Vec<_>>()
            );
        }
        assert_eq!(parse(" "), None);
        assert_eq!(parse("10s;100"), Some(vec![10, 100]));
        assert_eq!(parse("10, soon"), Some(vec![10, -1]));
        assert_eq!(parse("30s, 5m,1h 2D;3"), Some(vec![30, 300, 3_600, 172_800, 3]));
        assert_eq!(parse("m, 3min, 9223372036854775807d"), Some(vec![-1, -1, -1]));
    }
}
