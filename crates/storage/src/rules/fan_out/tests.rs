use postrider_model::automation::{ACTIONS_MAX, AUTOMATIONS_MAX, PATTERNS_MAX};
use postrider_model::event_type::EVENT_TYPE_BYTES_MAX;

use super::*;
use crate::rules::test_values::automation;

fn fan_out<T: AsRef<str>>(event_types: &[T], actions: usize) -> FanOut {
    FanOut {
        event_types: event_types
            .iter()
            .map(|text| text.as_ref().parse().unwrap())
            .collect(),
        actions,
    }
}

/// Whether saving `saved` is refused, and for which type, beside others of these patterns and actions.
fn refused(saved: (&[&str], usize), others: &[(&[&str], usize)]) -> Option<TooManyDeliveries> {
    let others: Vec<_> = others
        .iter()
        .map(|(texts, actions)| fan_out(texts, *actions))
        .collect();
    exceeding(&fan_out(saved.0, saved.1), &others)
}

fn found(event_type: &str, count: usize) -> Option<TooManyDeliveries> {
    Some(TooManyDeliveries {
        event_type: event_type.to_owned(),
        count,
        most: DELIVERIES_PER_EVENT_MAX,
    })
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
    // The saved pattern is wide, and a name of another automation exceeds the bound.
    assert_eq!(refused((&["a.*"], 30), others), found("a.b", 510));
    assert_eq!(refused((&["*"], 21), others), found("a.b", 501));
    assert_eq!(refused((&["a.*"], 101), others), found("a.*", 501));
}

#[test]
fn an_automation_counts_once_however_many_of_its_patterns_match() {
    let others: &[(&[&str], usize)] = &[(&["*", "a.*", "a.b"], 300), (&["a.b", "a.*"], 150)];
    assert_eq!(refused((&["a.b", "*"], 50), others), None);
    assert_eq!(refused((&["c", "*", "a.b"], 51), others), found("a.*", 501));
}

#[test]
fn types_that_do_not_trigger_the_automation_do_not_count() {
    assert_eq!(refused((&["b"], 50), &[(&["a"], 400), (&["a", "c"], 400)]), None);
}

#[test]
fn an_automation_that_triggers_nothing_can_always_be_saved() {
    let off = Automation {
        enabled: false,
        ..automation()
    };
    assert_eq!(FanOut::of(&off), None);
    let mut without_actions = automation();
    for action in &mut without_actions.actions {
        action.enabled = false;
    }
    assert_eq!(FanOut::of(&without_actions), None);
    let on = FanOut::of(&automation()).unwrap();
    assert_eq!(on.event_types, automation().trigger.event_types);
}

/// The chain of prefixes is as long as a name can be, each automation has all of it, and `saved` matches
/// everything without exceeding the bound: nothing ends the pass early.
#[test]
fn the_largest_account_takes_some_comparisons_for_each_pattern() {
    let prefix = |dots: usize| "a.".repeat(dots);
    let dots = (EVENT_TYPE_BYTES_MAX - 6) / 2;
    let patterns = |nth: usize| -> Vec<String> {
        let names = (dots..PATTERNS_MAX).map(|inner| format!("{}{nth}-{inner}", prefix(dots)));
        let prefixes = (1..=dots).rev().map(|dots| format!("{}*", prefix(dots)));
        names.chain(prefixes).collect()
    };
    let per_automation = DELIVERIES_PER_EVENT_MAX / AUTOMATIONS_MAX;
    let chains: Vec<_> = (1..AUTOMATIONS_MAX)
        .map(|nth| fan_out(&patterns(nth), per_automation))
        .collect();
    // Names alone, under the chain of one automation: none of them is left out.
    let names: Vec<_> = (1..AUTOMATIONS_MAX)
        .map(|nth| {
            let names: Vec<_> = (0..PATTERNS_MAX)
                .map(|inner| format!("{}{nth}-{inner}", prefix(dots)))
                .collect();
            fan_out(&names, ACTIONS_MAX)
        })
        .collect();
    let every: Vec<_> = (0..PATTERNS_MAX)
        .map(|nth| format!("{}*", prefix(1 + nth % dots)))
        .collect();
    for others in [chains, names] {
        for saved in [fan_out(&["*"], 1), fan_out(&every, 1)] {
            let mut comparisons = 0;
            assert_eq!(sweep(&saved, &others, &mut comparisons), None);
            let patterns = AUTOMATIONS_MAX * PATTERNS_MAX;
            assert!(
                comparisons < 40 * patterns,
                "{comparisons} for {patterns} patterns"
            );
        }
    }
}

#[test]
fn a_delivery_that_fails_triggers_few_actions() {
    let failed = "postrider.delivery.failed";
    let few = REACTIONS_MAX;
    assert_eq!(
        refused((&[failed], 4), &[(&["postrider.*"], few - 4), (&["*"], 50)]),
        None
    );
    let exceeding = TooManyDeliveries {
        event_type: failed.to_owned(),
        count: few + 1,
        most: few,
    };
    assert_eq!(
        refused((&["postrider.delivery.*"], 5), &[(&["postrider.*"], few - 4)]),
        Some(exceeding)
    );
    // Each automation can have a notice of its failures.
    let notices = [(&["postrider.action.failing"][..], 1); 199];
    assert_eq!(refused((&["postrider.action.failing"], 1), &notices), None);
}
