//! Checks a trigger: its event types and its conditions.

use std::collections::HashSet;

use postrider_json::Conditions;
use postrider_model::automation::PATTERNS_MAX;
use postrider_model::{EventPattern, Trigger};

use crate::{Faults, codes};

/// The trigger of a draft. Adds what is wrong with it to `faults`.
pub(super) fn check_trigger(
    event_types: &[String],
    conditions: Option<&str>,
    faults: &mut Faults,
) -> Trigger {
    Trigger {
        event_types: check_event_types(event_types, faults),
        conditions: conditions.and_then(|text| check_conditions(text, faults)),
    }
}

fn check_conditions(text: &str, faults: &mut Faults) -> Option<Conditions> {
    match Conditions::read(text) {
        Ok(conditions) => Some(conditions),
        Err(found) => {
            for fault in found {
                let pointer = format!("/trigger/conditions{}", fault.pointer);
                faults.add(pointer, codes::INVALID_CONDITION, fault.message);
            }
            None
        }
    }
}

fn check_event_types(event_types: &[String], faults: &mut Faults) -> Vec<EventPattern> {
    let pointer = "/trigger/event_types";
    if event_types.is_empty() {
        faults.add(pointer, codes::TOO_FEW, "list at least one event type");
    }
    if event_types.len() > PATTERNS_MAX {
        let detail = format!("list at most {PATTERNS_MAX} event types");
        faults.add(pointer, codes::TOO_MANY, detail);
    }
    let mut seen = HashSet::new();
    let mut patterns = Vec::new();
    for (index, text) in event_types.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        match text.parse::<EventPattern>() {
            Err(error) => faults.add(pointer, codes::INVALID_VALUE, error.to_string()),
            Ok(_) if !seen.insert(text) => {
                faults.add(
                    pointer,
                    codes::DUPLICATE,
                    "this event type is listed more than once",
                );
            }
            Ok(pattern) => patterns.push(pattern),
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    #[test]
    fn faults_of_conditions_point_into_the_trigger() {
        let conditions =
            r#"{"all":[{"path":"/total","op":"about","value":1},{"path":"total","op":"missing"}]}"#;
        let found = faults_of(|faults| {
            let trigger = check_trigger(&["a".to_owned()], Some(conditions), faults);
            assert_eq!(trigger.conditions, None);
        });
        let expected = ["/trigger/conditions/all/0/op", "/trigger/conditions/all/1/path"];
        assert_eq!(
            found,
            expected.map(|pointer| (pointer.to_owned(), codes::INVALID_CONDITION))
        );
    }
}
