//! How many deliveries one event can have: checked when an automation is saved, so that acceptance never has
//! to refuse an event for it.

use std::collections::HashMap;

use postrider_model::automation::DELIVERIES_PER_EVENT_MAX;
use postrider_model::{Action, Automation, AutomationId, EventPattern, Trigger};

use crate::{Faults, codes};

/// Checks the automation `id`, which will have this trigger and these actions and be on, beside the others of
/// its account.
pub(super) fn check_fan_out(
    automations: &[Automation],
    id: AutomationId,
    trigger: &Trigger,
    actions: &[Action],
    faults: &mut Faults,
) {
    let others = automations
        .iter()
        .filter(|automation| automation.enabled && automation.id != id)
        .map(|automation| {
            (
                automation.trigger.event_types.as_slice(),
                enabled(&automation.actions),
            )
        });
    let others: Vec<_> = others.collect();
    let own = (trigger.event_types.as_slice(), enabled(actions));
    if let Some((event_type, count)) = exceeding(own, &others) {
        let detail = format!(
            "`{event_type}` would trigger {count} actions; at most {DELIVERIES_PER_EVENT_MAX} are possible"
        );
        faults.add("/trigger/event_types", codes::TOO_MANY, detail);
    }
}

fn enabled(actions: &[Action]) -> usize {
    actions.iter().filter(|action| action.enabled).count()
}

/// Patterns, and the number of actions that they trigger.
type Triggers<'a> = (&'a [EventPattern], usize);

/// The first of `own` patterns with an event type that triggers too many actions, and their number. The type
/// may be one of another automation, if `own` matches it.
fn exceeding(own: Triggers<'_>, others: &[Triggers<'_>]) -> Option<(String, usize)> {
    let (patterns, own_actions) = own;
    let all: usize = others.iter().map(|(_, actions)| actions).sum();
    if own_actions == 0 || own_actions + all <= DELIVERIES_PER_EVENT_MAX {
        return None;
    }
    let index = Index::of(others);
    let own_keys = patterns.iter().map(Key::of);
    // An event type matches a chain of prefixes and perhaps an exact name: the last of them says which others
    // match as well. So the types that the patterns name, and one under each prefix, are all that differ.
    let matched = index
        .keys()
        .filter(|key| patterns.iter().any(|pattern| key.is_under(pattern)));
    let mut stamps = vec![0; others.len()];
    own_keys.chain(matched).zip(1..).find_map(|(key, stamp)| {
        let count = own_actions + index.count(key, others, &mut stamps, stamp);
        (count > DELIVERIES_PER_EVENT_MAX).then(|| (key.to_text(), count))
    })
}

/// An exact name, or a prefix that ends in a dot; the empty one is that of `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'a> {
    text: &'a str,
    is_exact: bool,
}

impl<'a> Key<'a> {
    fn of(pattern: &'a EventPattern) -> Self {
        let (text, is_exact) = match pattern {
            EventPattern::Any => ("", false),
            EventPattern::Under(prefix) => (&**prefix, false),
            EventPattern::Exact(name) => (name.as_str(), true),
        };
        Self { text, is_exact }
    }

    /// Whether the pattern matches all types of the key.
    fn is_under(self, pattern: &EventPattern) -> bool {
        match pattern {
            EventPattern::Any => true,
            EventPattern::Under(prefix) => self.text.starts_with(&**prefix),
            EventPattern::Exact(name) => self.is_exact && self.text == name.as_str(),
        }
    }

    /// The keys whose types include those of this one, itself among them.
    fn chain(self) -> impl Iterator<Item = Self> {
        let dots = self.text.match_indices('.').map(|(dot, _)| dot + 1);
        let ends = std::iter::once(0).chain(dots);
        let prefixes = ends.map(move |end| Self {
            text: &self.text[..end],
            is_exact: false,
        });
        prefixes.chain(self.is_exact.then_some(self))
    }

    fn to_text(self) -> String {
        let star = if self.is_exact { "" } else { "*" };
        format!("{}{star}", self.text)
    }
}

/// The automations that have a key.
struct Index<'a>(HashMap<Key<'a>, Vec<usize>>);

impl<'a> Index<'a> {
    fn of(automations: &[Triggers<'a>]) -> Self {
        let mut index: HashMap<_, Vec<usize>> = HashMap::new();
        for (position, (patterns, _)) in automations.iter().enumerate() {
            for key in patterns.iter().map(Key::of) {
                index.entry(key).or_default().push(position);
            }
        }
        Self(index)
    }

    fn keys(&self) -> impl Iterator<Item = Key<'a>> {
        self.0.keys().copied()
    }

    /// The actions that a type of this key triggers. `stamps` marks with `stamp` who was counted.
    fn count(&self, key: Key<'_>, automations: &[Triggers<'_>], stamps: &mut [u32], stamp: u32) -> usize {
        let mut count = 0;
        for position in key.chain().filter_map(|key| self.0.get(&key)).flatten() {
            if std::mem::replace(&mut stamps[*position], stamp) != stamp {
                count += automations[*position].1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<EventPattern> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// Whether saving `own` is refused, and for which type, beside others of these patterns and actions.
    fn refused(own: (&[&str], usize), others: &[(&[&str], usize)]) -> Option<(String, usize)> {
        let own_patterns = patterns(own.0);
        let others: Vec<_> = others
            .iter()
            .map(|(texts, actions)| (patterns(texts), *actions))
            .collect();
        let others: Vec<_> = others
            .iter()
            .map(|(patterns, actions)| (&**patterns, *actions))
            .collect();
        exceeding((&own_patterns, own.1), &others)
    }

    fn found(event_type: &str, count: usize) -> Option<(String, usize)> {
        Some((event_type.to_owned(), count))
    }

    #[test]
    fn the_bound_is_on_one_event_not_on_the_account() {
        assert_eq!(refused((&["a.b"], 50), &[(&["a.c"], 500), (&["b.*"], 500)]), None);
        assert_eq!(refused((&["a.b"], 50), &[(&["a.b"], 450)]), None);
        assert_eq!(refused((&["a.b"], 50), &[(&["a.b"], 451)]), found("a.b", 501));
    }

    #[test]
    fn prefixes_and_all_types_count_with_the_names_that_they_match() {
        let others: &[(&[&str], usize)] = &[(&["*"], 200), (&["a.*"], 200), (&["a.b.*"], 60), (&["a.b"], 80)];
        assert_eq!(refused((&["x"], 50), others), None);
        assert_eq!(refused((&["a.b.c"], 40), others), None);
        assert_eq!(refused((&["a.b.c"], 41), others), found("a.b.c", 501));
        assert_eq!(refused((&["a.b"], 21), others), found("a.b", 501));
        // `a.bc` is neither under `a.b.` nor `a.b`.
        assert_eq!(refused((&["a.bc"], 50), others), None);
        // The own pattern is wide, and a name of another automation exceeds the bound.
        assert_eq!(refused((&["a.*"], 30), others), found("a.b", 510));
        assert_eq!(refused((&["*"], 21), others), found("a.b", 501));
    }

    #[test]
    fn an_automation_counts_once_however_many_of_its_patterns_match() {
        let others: &[(&[&str], usize)] = &[(&["*", "a.*", "a.b"], 300), (&["a.b", "a.*"], 150)];
        assert_eq!(refused((&["a.b", "*"], 50), others), None);
        assert_eq!(refused((&["c", "*", "a.b"], 51), others), found("a.b", 501));
    }

    #[test]
    fn an_automation_without_actions_that_are_on_is_never_refused() {
        assert_eq!(refused((&["a"], 0), &[(&["a"], 600)]), None);
    }

    #[test]
    fn the_largest_account_is_checked_quickly() {
        let chain: String = (0..50).map(|_| "a.").collect();
        let names: Vec<Vec<String>> = (0..200)
            .map(|outer| (0..100).map(|inner| format!("{chain}{outer}-{inner}")).collect())
            .collect();
        let others: Vec<Vec<EventPattern>> = names
            .iter()
            .map(|names| names.iter().map(|name| name.parse().unwrap()).collect())
            .collect();
        let others: Vec<_> = others.iter().map(|patterns| (patterns.as_slice(), 50)).collect();
        assert_eq!(exceeding((&patterns(&["*"]), 50), &others), None);
    }
}
