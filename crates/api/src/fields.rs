//! Values that several resources show.

use postrider_model::Schedule;

/// The delays of a schedule, as bodies show them.
pub fn delays_s(schedule: Option<&Schedule>) -> Option<Vec<u32>> {
    schedule.map(|schedule| schedule.delays_s().to_vec())
}
