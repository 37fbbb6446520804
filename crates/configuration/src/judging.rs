//! Judging the conditions of all automations for one event, with a bound on the work.

use postrider_json::conditions::{Verdict, WORK_MAX};
use postrider_json::{CompiledConditions, Payload};

/// Steps after which no further conditions of an event are judged. The steps of the last ones come on top: 20
/// to 30 ms altogether. Usual conditions take a microsecond; 200 automations whose conditions are built to be
/// slow would take two seconds.
pub const EVENT_STEPS_MAX: usize = 2 * WORK_MAX;

/// Judges the conditions of an event's automations, one after the other. The oldest automation comes first,
/// because all share [`EVENT_STEPS_MAX`]: so acceptance and a later explanation give the same verdicts.
#[derive(Debug)]
pub struct Judging<'p, 'a> {
    payload: &'p Payload<'a>,
    steps: usize,
}

impl<'p, 'a> Judging<'p, 'a> {
    /// Begins with the first automation.
    pub fn new(payload: &'p Payload<'a>) -> Self {
        Self { payload, steps: 0 }
    }

    /// Whether the conditions hold; `None` always does. Once the event took more than [`EVENT_STEPS_MAX`], no
    /// further conditions hold.
    pub fn hold(&mut self, conditions: Option<&CompiledConditions>) -> bool {
        let Some(conditions) = conditions else {
            return true;
        };
        if self.steps > EVENT_STEPS_MAX {
            return false;
        }
        let judgement = conditions.judge(self.payload);
        self.steps += judgement.steps;
        judgement.verdict == Verdict::Holds
    }
}
