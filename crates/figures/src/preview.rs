//! What a trigger would have done: recent events of its types, and whether its conditions hold for each.

use postrider_json::conditions::{Verdict, WORK_MAX};
use postrider_json::{CompiledConditions, Conditions, Payload, RowExplanation};
use postrider_model::{AccountId, Event, EventPattern, EventTypeName, Origin, Trigger};
use postrider_storage::{EventFilter, PageRequest, Position, StoreResult};

use crate::Figures;

/// Most recent events that are judged.
pub const RECENT_MAX: usize = 50;

/// Most events that are looked at to find those of a pattern: ten pages.
const LOOKED_AT_MAX: usize = 10 * RECENT_MAX;

/// Most event types whose events are looked up one by one. With more of them, all events are looked at.
const TYPES_MAX: usize = 10;

/// Bytes of `data` after which no further events are read: what 50 large events have.
const DATA_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Steps after which no further events are judged, about a third of a second. Those of the last event come on
/// top.
const STEPS_MAX: usize = 30 * WORK_MAX;

/// An event, and whether a trigger's conditions hold for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The event.
    pub event: Event,
    /// Whether all conditions hold together.
    pub holds: bool,
    /// Each comparison; empty if the trigger has no conditions.
    pub rows: Vec<RowExplanation>,
}

impl Figures {
    /// The account's newest events whose types match the trigger, newest first, at most [`RECENT_MAX`], each
    /// judged by the trigger's conditions. Tests are left out. For patterns, only the newest events of the
    /// account are looked at. There are fewer if the conditions are built to be slow.
    pub async fn judge_recent(&self, account: AccountId, trigger: &Trigger) -> StoreResult<Vec<Judged>> {
        let conditions = trigger.conditions.as_ref().map(Conditions::compile);
        let (mut judged, mut steps) = (Vec::new(), STEPS_MAX);
        for event in self.recent_events(account, &trigger.event_types).await? {
            // Conditions on a large event may take milliseconds.
            tokio::task::yield_now().await;
            judged.push(judge(event, conditions.as_ref(), &mut steps));
            if steps == 0 {
                break;
            }
        }
        Ok(judged)
    }

    /// The account's newest events of these types, newest first, at most [`RECENT_MAX`]. Tests are left out.
    pub async fn recent_events(
        &self,
        account: AccountId,
        event_types: &[EventPattern],
    ) -> StoreResult<Vec<Event>> {
        let exact = event_types.iter().map(|pattern| match pattern {
            EventPattern::Exact(name) => Some(name),
            EventPattern::Any | EventPattern::Under(_) => None,
        });
        match exact.collect::<Option<Vec<_>>>() {
            Some(names) if names.len() <= TYPES_MAX => self.recent_of(account, &names).await,
            _ => self.recent_matching(account, event_types).await,
        }
    }

    async fn recent_of(&self, account: AccountId, names: &[&EventTypeName]) -> StoreResult<Vec<Event>> {
        let mut events = Vec::new();
        for name in names {
            let filter = EventFilter {
                event_type: Some((*name).clone()),
                ..EventFilter::default()
            };
            let page = self.events(account, &filter, page_after(None)).await?;
            let mut found = Recent::default();
            found.extend(page.items.into_iter());
            events.append(&mut found.events);
        }
        events.sort_by_key(|event| std::cmp::Reverse(event.created_at));
        events.truncate(RECENT_MAX);
        Ok(events)
    }

    async fn recent_matching(
        &self,
        account: AccountId,
        patterns: &[EventPattern],
    ) -> StoreResult<Vec<Event>> {
        let matches = |event: &Event| patterns.iter().any(|pattern| pattern.matches(&event.event_type));
        let mut found = Recent::default();
        let (mut after, mut looked_at) = (None, 0);
        while looked_at < LOOKED_AT_MAX {
            let filter = EventFilter::default();
            let page = self.events(account, &filter, page_after(after)).await?;
            looked_at += page.items.len();
            let is_full = found.extend(page.items.into_iter().filter(matches));
            after = page.next;
            if is_full || after.is_none() {
                break;
            }
        }
        Ok(found.events)
    }
}

const fn page_after(after: Option<Position>) -> PageRequest {
    PageRequest {
        limit: RECENT_MAX,
        after,
    }
}

/// The events found so far.
#[derive(Default)]
struct Recent {
    events: Vec<Event>,
    bytes: usize,
}

impl Recent {
    /// Adds events until there are enough. Returns whether there are.
    fn extend(&mut self, events: impl Iterator<Item = Event>) -> bool {
        for event in events.filter(|event| event.origin != Origin::Test) {
            if self.is_full() {
                break;
            }
            self.bytes += event.bytes();
            self.events.push(event);
        }
        self.is_full()
    }

    fn is_full(&self) -> bool {
        self.events.len() >= RECENT_MAX || self.bytes >= DATA_BYTES_MAX
    }
}

/// Judges an event by conditions, and takes the work from `steps`, down to 0.
pub fn judge(event: Event, conditions: Option<&CompiledConditions>, steps: &mut usize) -> Judged {
    let Some(conditions) = conditions else {
        return Judged {
            event,
            holds: true,
            rows: Vec::new(),
        };
    };
    let payload = Payload::of_stored(&event.data);
    let judgement = conditions.judge(&payload);
    let mut left = WORK_MAX;
    let rows = conditions.explain(&payload, &mut left);
    *steps = steps.saturating_sub(judgement.steps + WORK_MAX - left);
    Judged {
        holds: judgement.verdict == Verdict::Holds,
        rows,
        event,
    }
}
