//! The form's look at recent events: which of them the trigger would have matched.

use postrider_figures::{Judged, RECENT_MAX};
use postrider_json::{Conditions, RowExplanation};
use postrider_model::{EventPattern, Trigger};

use super::fields::Fields;
use super::suggestions::Suggestions;
use crate::refusal::Refusal;
use crate::state::App;
use crate::view::time::Moment;
use crate::visitor::account::InAccount;

/// Most events that are listed of each sort.
const LISTED_MAX: usize = 5;

/// What the look at recent events found.
pub enum Check {
    /// The form has no conditions, or no event types.
    Nothing,
    /// The conditions are not complete.
    Incomplete,
    /// There were no such events.
    NoEvents,
    /// Events were judged.
    Judged(Verdicts),
}

/// How many events would have matched, and some of each sort.
pub struct Verdicts {
    /// The events that would have matched.
    pub matching: usize,
    /// All events that were judged.
    pub judged: usize,
    /// The newest that would have matched.
    pub matched: Vec<Verdict>,
    /// The newest that would not have.
    pub held_back: Vec<Verdict>,
}

/// An event of the list.
pub struct Verdict {
    /// Its address.
    pub href: String,
    /// Its type.
    pub event_type: String,
    /// When it was accepted.
    pub accepted: Moment,
    /// What decided, in words; empty if no single comparison did.
    pub reason: String,
}

impl Check {
    /// Judges recent events by the trigger as typed.
    pub async fn of(
        app: &App,
        account: &InAccount,
        fields: &Fields,
        suggestions: &Suggestions,
    ) -> Result<Self, Refusal> {
        let patterns = fields.event_types();
        let patterns = patterns.iter().filter_map(|text| text.parse().ok());
        let event_types: Vec<EventPattern> = patterns.collect();
        let mut conditions = fields.conditions.clone();
        let (json, faults) = conditions.json(&|path| suggestions.kind(path));
        if event_types.is_empty() || json.is_none() && faults.is_empty() {
            return Ok(Self::Nothing);
        }
        let Some(conditions) = json.and_then(|json| Conditions::read(&json).ok()) else {
            return Ok(Self::Incomplete);
        };
        let trigger = Trigger {
            event_types,
            conditions: Some(conditions),
        };
        let judged = app.figures.judge_recent(account.id(), &trigger).await?;
        debug_assert!(judged.len() <= RECENT_MAX);
        if judged.is_empty() {
            return Ok(Self::NoEvents);
        }
        Ok(Self::Judged(Verdicts::of(app, account, &judged)))
    }
}

impl Verdicts {
    fn of(app: &App, account: &InAccount, judged: &[Judged]) -> Self {
        let of_sort = |holds: bool| {
            let sort = judged.iter().filter(move |event| event.holds == holds);
            sort.take(LISTED_MAX)
                .map(|event| Verdict {
                    href: account.path(&format!("events/{}", event.event.id)),
                    event_type: event.event.event_type.as_str().to_owned(),
                    accepted: Moment::new(event.event.created_at, app.now()),
                    reason: reason(&event.rows, holds),
                })
                .collect()
        };
        Self {
            matching: judged.iter().filter(|event| event.holds).count(),
            judged: judged.len(),
            matched: of_sort(true),
            held_back: of_sort(false),
        }
    }

    /// `12 of the last 50 events`
    pub fn words(&self) -> String {
        match (self.matching, self.judged) {
            (0, 1) => "not have matched the last event".to_owned(),
            (_, 1) => "have matched the last event".to_owned(),
            (0, judged) => format!("have matched none of the last {judged} events"),
            (matching, judged) if matching == judged => {
                format!("have matched all of the last {judged} events")
            }
            (matching, judged) => format!("have matched {matching} of the last {judged} events"),
        }
    }
}

/// The sentence of the first comparison that speaks for this verdict. One that was not compared speaks for
/// holding back.
pub fn reason(rows: &[RowExplanation], holds: bool) -> String {
    let speaks = |row: &&RowExplanation| match row.compared {
        true => (row.holds != row.inverted) == holds,
        false => !holds,
    };
    let speaking = rows.iter().find(speaks);
    speaking.map(|row| row.sentence.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use postrider_json::{Conditions, Payload};

    use super::*;

    #[test]
    fn a_comparison_that_was_not_made_is_a_reason_to_hold_back() {
        for conditions in [
            r#"{"path":"/a","op":"exists"}"#,
            r#"{"not":{"path":"/a","op":"exists"}}"#,
        ] {
            let conditions = Conditions::read(conditions).unwrap().compile();
            let payload = Payload::of_stored(br#"{"b":1}"#);
            let rows = conditions.explain(&payload, &mut 0);
            assert_eq!(
                reason(&rows, false),
                "a was not compared: the data is too large for these conditions"
            );
            assert_eq!(reason(&rows, true), "");
        }
    }
}
