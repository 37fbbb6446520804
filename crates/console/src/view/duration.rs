//! Durations, as people say them.

use std::time::Duration;

/// How long an attempt took: `0.4 ms`, `87 ms`, `1.25 s`, `15 s`.
pub fn exact(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else if ms < 10_000.0 {
        format!("{:.2} s", ms / 1000.0)
    } else {
        long(duration.as_secs())
    }
}

/// A whole number of seconds: `10 seconds`, `1 minute`, `1 minute 40 seconds`, `2 hours`, `7 days`.
pub fn spelled(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if parts.is_empty() {
        return "0 seconds".to_owned();
    }
    parts.join(" ")
}

/// A whole number of seconds, short: `40 s`, `3 min`, `5 h`, `2 days`, rounded down.
pub fn long(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_digits_that_matter() {
        let cases = [
            (400, "0.4 ms"),
            (87_400, "87 ms"),
            (1_250_000, "1.25 s"),
            (15_000_000, "15 s"),
        ];
        for (us, text) in cases {
            assert_eq!(exact(Duration::from_micros(us)), text);
        }
    }

    #[test]
    fn seconds_are_spelled_in_units() {
        let cases = [
            (0, "0 seconds"),
            (1, "1 second"),
            (100, "1 minute 40 seconds"),
            (7_200, "2 hours"),
            (604_800, "7 days"),
        ];
        for (seconds, text) in cases {
            assert_eq!(spelled(seconds), text);
        }
    }
}
