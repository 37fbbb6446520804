//! How many deliveries one event can have: decided where an automation is saved, in the same commit, so that
//! acceptance never has to refuse an event for it.

use std::cmp::Ordering;

use postrider_model::automation::{DELIVERIES_PER_EVENT_MAX, REACTIONS_MAX};
use postrider_model::{Automation, EventPattern, OperationalType};

/// What an automation that is on adds to an event that triggers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanOut {
    /// The patterns of its trigger.
    pub event_types: Vec<EventPattern>,
    /// How many of its actions are on.
    pub actions: usize,
}

/// Event types that would trigger too many actions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{event_type}` would trigger {count} actions; at most {most} are possible")]
pub struct TooManyDeliveries {
    /// The event type, or the pattern of such types.
    pub event_type: String,
    /// How many actions it would trigger.
    pub count: usize,
    /// How many it can trigger: [`DELIVERIES_PER_EVENT_MAX`] or [`REACTIONS_MAX`].
    pub most: usize,
}

impl FanOut {
    /// What the automation adds; `None` if it is off or has no action that is on, because it can then be
    /// saved whatever the account's other automations are.
    pub fn of(automation: &Automation) -> Option<Self> {
        let actions = automation.actions.iter().filter(|action| action.enabled).count();
        (automation.enabled && actions > 0).then(|| Self {
            event_types: automation.trigger.event_types.clone(),
            actions,
        })
    }
}

/// Whether one event could trigger too many actions once `saved` is on beside `others`, which are all other
/// automations of the account that are on. Only event types that trigger `saved` count: it can be saved
/// beside automations that already exceed the bound without it.
pub fn exceeding(saved: &FanOut, others: &[FanOut]) -> Option<TooManyDeliveries> {
    for event_type in [
        OperationalType::DeliveryFailed,
        OperationalType::SigningKeyRotated,
    ] {
        if let Some(exceeding) = of_reactions(event_type, saved, others) {
            return Some(exceeding);
        }
    }
    let all: usize = others.iter().map(|other| other.actions).sum();
    if saved.actions + all <= DELIVERIES_PER_EVENT_MAX {
        return None;
    }
    sweep(saved, others, &mut 0)
}

/// Whether one event of a type that an account can cause at will could trigger too many actions.
fn of_reactions(event_type: OperationalType, saved: &FanOut, others: &[FanOut]) -> Option<TooManyDeliveries> {
    let name = event_type.name();
    let matches = |of: &&FanOut| of.event_types.iter().any(|pattern| pattern.matches(&name));
    if !matches(&saved) {
        return None;
    }
    let others = others.iter().filter(matches).map(|other| other.actions);
    let count = saved.actions + others.sum::<usize>();
    (count > REACTIONS_MAX).then(|| TooManyDeliveries {
        event_type: name.to_string(),
        count,
        most: REACTIONS_MAX,
    })
}

/// A pattern of an automation.
#[derive(Clone, Copy)]
struct Key<'a> {
    /// An exact name, or a prefix that ends in a dot; the empty one is that of `*`.
    text: &'a str,
    is_exact: bool,
    /// The actions that the automation adds.
    actions: usize,
    is_of_saved: bool,
}

/// The first event types that trigger `saved` and too many actions. Adds to `comparisons` how many pairs of
/// patterns it compared: some 15 for each pattern, however the patterns overlap.
///
/// An event type matches a chain of prefixes and perhaps an exact name. Sorted by their text, all patterns
/// under a prefix follow it without a gap, so one pass with a stack of prefixes meets every chain.
fn sweep(saved: &FanOut, others: &[FanOut], comparisons: &mut usize) -> Option<TooManyDeliveries> {
    let mut keys = Vec::new();
    push_keys(&mut keys, saved, true, comparisons);
    for other in others {
        push_keys(&mut keys, other, false, comparisons);
    }
    sort(&mut keys, comparisons);
    let mut chain: Vec<Key<'_>> = Vec::new();
    let mut keys = keys.into_iter().peekable();
    while let Some(key) = keys.next() {
        leave(&mut chain, &key, comparisons);
        chain.push(key);
        let is_last_of_its_text = keys.peek().is_none_or(|next| {
            *comparisons += 1;
            order(&key, next) != Ordering::Equal
        });
        if !is_last_of_its_text {
            continue;
        }
        let count = chain.iter().map(|key| key.actions).sum();
        if count > DELIVERIES_PER_EVENT_MAX && chain.iter().any(|key| key.is_of_saved) {
            return Some(TooManyDeliveries {
                event_type: format!("{}{}", key.text, if key.is_exact { "" } else { "*" }),
                count,
                most: DELIVERIES_PER_EVENT_MAX,
            });
        }
    }
    None
}

/// Adds the automation's patterns, without those that match nothing that another of them does not match: of
/// the others, no event type matches two.
fn push_keys<'a>(
    keys: &mut Vec<Key<'a>>,
    automation: &'a FanOut,
    is_of_saved: bool,
    comparisons: &mut usize,
) {
    let key = |pattern: &'a EventPattern| {
        let (text, is_exact) = match pattern {
            EventPattern::Any => ("", false),
            EventPattern::Under(prefix) => (&**prefix, false),
            EventPattern::Exact(name) => (name.as_str(), true),
        };
        Key {
            text,
            is_exact,
            actions: automation.actions,
            is_of_saved,
        }
    };
    let mut own: Vec<_> = automation.event_types.iter().map(key).collect();
    sort(&mut own, comparisons);
    let mut widest: Option<Key<'a>> = None;
    for key in own {
        *comparisons += 1;
        if widest.is_some_and(|widest| widest.covers(&key)) {
            continue;
        }
        widest = Some(key);
        keys.push(key);
    }
}

/// Leaves the prefixes that the key is not under.
fn leave(chain: &mut Vec<Key<'_>>, key: &Key<'_>, comparisons: &mut usize) {
    while let Some(last) = chain.last() {
        *comparisons += 1;
        if last.covers(key) {
            return;
        }
        chain.pop();
    }
}

fn sort(keys: &mut [Key<'_>], comparisons: &mut usize) {
    keys.sort_unstable_by(|one, other| {
        *comparisons += 1;
        order(one, other)
    });
}

fn order(one: &Key<'_>, other: &Key<'_>) -> Ordering {
    (one.text, one.is_exact).cmp(&(other.text, other.is_exact))
}

impl Key<'_> {
    /// Whether all event types of the other key match this one.
    fn covers(&self, other: &Key<'_>) -> bool {
        if self.is_exact {
            other.is_exact && self.text == other.text
        } else {
            other.text.starts_with(self.text)
        }
    }
}

#[cfg(test)]
mod tests;
