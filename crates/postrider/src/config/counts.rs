//! Numbers of attempts and connections, within their bounds.

use postrider_model::email_address::RECIPIENTS_MAX;

use super::text_value;

/// Bounds on the attempts in flight: a system has about 28,000 ports for one destination.
pub(super) const IN_FLIGHT: std::ops::RangeInclusive<i64> = 1..=20_000;

/// Bounds on the connections to the database. At least two, so that reads do not wait for writes. The upper
/// bound is PostgreSQL's default limit; a node sends its work in batches over one or two connections.
pub(super) const CONNECTIONS: std::ops::RangeInclusive<i64> = 2..=100;

/// Bounds on the connections to the mail server. Providers permit 10 to 50 for each client.
pub(super) const SMTP_CONNECTIONS: std::ops::RangeInclusive<i64> = 1..=100;

/// Bounds on the recipients of an account within an hour. The least is what one e-mail may have.
pub(super) const RECIPIENTS_PER_HOUR: std::ops::RangeInclusive<i64> = RECIPIENTS_MAX as i64..=1_000_000;

/// Bounds on the traces a second that are recorded because their producer records them: more than a server
/// handles.
pub(super) const TRACES_PER_S: std::ops::RangeInclusive<i64> = 0..=1_000_000;

pub(super) fn traces_per_s<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number_within(&TRACES_PER_S, deserializer)
}

pub(super) fn in_flight<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number_within(&IN_FLIGHT, deserializer)
}

pub(super) fn connections<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number_within(&CONNECTIONS, deserializer)
}

pub(super) fn smtp_connections<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number_within(&SMTP_CONNECTIONS, deserializer)
}

pub(super) fn recipients_per_hour<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    number_within(&RECIPIENTS_PER_HOUR, deserializer)
}

fn number_within<'de, D: serde::Deserializer<'de>>(
    range: &std::ops::RangeInclusive<i64>,
    deserializer: D,
) -> Result<u32, D::Error> {
    let number: u32 = text_value::deserialize(deserializer)?;
    if range.contains(&i64::from(number)) {
        Ok(number)
    } else {
        let bounds = format!("expected {} to {}", range.start(), range.end());
        Err(serde::de::Error::custom(bounds))
    }
}
