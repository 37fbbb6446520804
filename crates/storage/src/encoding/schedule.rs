//! Schedules as a JSON array of seconds.

use postrider_model::Schedule;

use super::{Damaged, json_text, json_value};

/// Encodes a schedule.
pub fn text(schedule: &Schedule) -> String {
    json_text(schedule.delays_s())
}

/// Decodes a schedule.
///
/// # Errors
/// [`Damaged`] if [`text`] never returns such a text.
pub fn parse(text: &str) -> Result<Schedule, Damaged> {
    let delays: Vec<u32> = json_value(text)?;
    Schedule::from_delays_s(delays).map_err(|_| Damaged("a schedule"))
}
