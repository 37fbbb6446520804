//! Schedules as a JSON array of seconds.

use postrider_model::Schedule;

use super::{Damaged, json_text, json_value};

/// What a row keeps of a schedule.
pub fn text(schedule: &Schedule) -> String {
    json_text(schedule.delays_s())
}

/// The schedule that a row keeps.
///
/// # Errors
/// [`Damaged`] where the text is none that [`text`] makes.
pub fn parse(text: &str) -> Result<Schedule, Damaged> {
    let delays: Vec<u32> = json_value(text)?;
    Schedule::from_delays_s(delays).map_err(|_| Damaged("a schedule"))
}
