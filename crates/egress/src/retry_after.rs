//! The `Retry-After` header (RFC 9110 section 10.2.3): seconds or a date. Any other value is ignored.

use std::time::{Duration, UNIX_EPOCH};

use postrider_model::Timestamp;

/// Returns how long the receiver asks to wait, if the status is 429 or 503. A date in the past means zero.
pub(crate) fn retry_after(status: u16, value: &str, now: impl Fn() -> Timestamp) -> Option<Duration> {
    if !matches!(status, 429 | 503) {
        return None;
    }
    let text = value.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows still asks for a long wait; the engine caps it.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let since_epoch = httpdate::parse_http_date(text)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let at = Timestamp::from_unix_ms(i64::try_from(since_epoch.as_millis()).ok()?);
    Some(at.since(now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(status: u16, value: &str) -> Option<Duration> {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = || Timestamp::from_unix_ms(784_111_777_000);
        retry_after(status, value, now)
    }

    #[test]
    fn seconds_and_every_form_of_date_are_read() {
        assert_eq!(asked(429, "120"), Some(Duration::from_secs(120)));
        assert_eq!(asked(503, " 0 "), Some(Duration::ZERO));
        for date in [
            "Sun, 06 Nov 1994 08:50:37 GMT",
            "Sunday, 06-Nov-94 08:50:37 GMT",
            "Sun Nov  6 08:50:37 1994",
        ] {
            assert_eq!(asked(503, date), Some(Duration::from_secs(60)), "{date}");
        }
        assert_eq!(asked(503, "Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert!(asked(429, "99999999999999999999999").unwrap() > Duration::from_secs(86_400));
    }

    #[test]
    fn invalid_values_and_other_statuses_are_ignored() {
        for value in [
            "",
            "-1",
            "+1",
            "1.5",
            "soon",
            "1e3",
            "12 s",
            "Sun, 99 Nov 1994 08:50:37 GMT",
        ] {
            assert_eq!(asked(429, value), None, "{value}");
        }
        for status in [200, 301, 404, 500, 502] {
            assert_eq!(asked(status, "120"), None, "{status}");
        }
    }
}
