//! Checks an automation's actions, except the destinations of their URLs.

use std::collections::HashSet;

use postrider_model::automation::{ACTIONS_MAX, TIMEOUT_S};
use postrider_model::{Action, ActionId, Does, SendWebhook};
use postrider_signing::HeaderNames;

use super::ActionDraft;
use super::headers::check_headers;
use crate::{Faults, codes};

/// What actions are checked against.
pub(super) struct Rules<'a> {
    /// The automation's stored actions; empty for a new automation.
    pub(super) existing: &'a [Action],
    /// The installation's own headers.
    pub(super) header_names: &'a HeaderNames,
}

/// The draft's actions. Faulty ones are left out, since the draft is refused for its faults anyway.
pub(super) fn check(
    drafts: &[ActionDraft],
    rules: &Rules<'_>,
    fresh_id: impl Fn() -> ActionId,
    faults: &mut Faults,
) -> Vec<Action> {
    if drafts.is_empty() {
        faults.add("/actions", codes::TOO_FEW, "list at least one action");
    }
    if drafts.len() > ACTIONS_MAX {
        let detail = format!("list at most {ACTIONS_MAX} actions");
        faults.add("/actions", codes::TOO_MANY, detail);
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut actions = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.iter().enumerate() {
        let place = format!("/actions/{index}");
        let existing = match &draft.id {
            None => None,
            Some(id) => match identify(id, rules.existing, &mut seen) {
                Ok(action) => Some(action),
                Err((code, detail)) => {
                    faults.add(format!("{place}/id"), code, detail);
                    None
                }
            },
        };
        check_disabled_reason(draft, existing, &place, faults);
        check_headers(&draft.headers, rules.header_names, &place, faults);
        let timeout_s = check_timeout(draft.timeout_s, &place, faults);
        actions.push(action(draft, existing, &fresh_id, timeout_s));
    }
    actions
}

fn action(
    draft: &ActionDraft,
    existing: Option<&Action>,
    fresh_id: impl Fn() -> ActionId,
    timeout_s: Option<u32>,
) -> Action {
    Action {
        id: existing.map_or_else(fresh_id, |existing| existing.id),
        enabled: draft.enabled,
        // Switching an action on is the operator's word that the receiver is back.
        disabled_reason: existing
            .and_then(|existing| existing.disabled_reason)
            .filter(|_| !draft.enabled),
        does: Does::SendWebhook(SendWebhook {
            url: draft.url.clone(),
            content: draft.content,
            style: draft.style,
            headers: draft.headers.clone(),
            timeout_s,
        }),
    }
}

/// The action of this id, which no other action of the draft may claim too.
fn identify<'a>(
    id: &str,
    existing: &'a [Action],
    seen: &mut HashSet<ActionId>,
) -> Result<&'a Action, (&'static str, String)> {
    let id: ActionId = id
        .parse()
        .map_err(|error: postrider_model::id::IdError| (codes::INVALID_VALUE, error.to_string()))?;
    let found = existing.iter().find(|action| action.id == id).ok_or_else(|| {
        let detail = "the automation has no action with this id; leave out the id to add a new action";
        (codes::UNKNOWN_ACTION, detail.to_owned())
    })?;
    if !seen.insert(id) {
        return Err((
            codes::DUPLICATE,
            "this action is listed more than once".to_owned(),
        ));
    }
    Ok(found)
}

/// A client that sends an action as it read it sends the reason too; it cannot set another one.
fn check_disabled_reason(draft: &ActionDraft, existing: Option<&Action>, place: &str, faults: &mut Faults) {
    let current = existing
        .and_then(|action| action.disabled_reason)
        .map(|reason| reason.as_str());
    if draft
        .disabled_reason
        .as_deref()
        .is_some_and(|sent| Some(sent) != current)
    {
        let place = format!("{place}/disabled_reason");
        faults.add(place, codes::READ_ONLY, "this member is read-only");
    }
}

fn check_timeout(timeout_s: Option<i64>, place: &str, faults: &mut Faults) -> Option<u32> {
    let given = timeout_s?;
    let checked = u32::try_from(given)
        .ok()
        .filter(|timeout| TIMEOUT_S.contains(timeout));
    if checked.is_none() {
        let detail = format!(
            "a timeout must be {} to {} seconds",
            TIMEOUT_S.start(),
            TIMEOUT_S.end()
        );
        faults.add(format!("{place}/timeout_s"), codes::OUT_OF_RANGE, detail);
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;
    use postrider_model::automation::DisabledReason;

    fn id(number: u128) -> ActionId {
        ActionId::from_u128(number)
    }

    fn existing() -> Action {
        Action {
            id: id(1),
            enabled: false,
            disabled_reason: Some(DisabledReason::Gone),
            does: Does::SendWebhook(SendWebhook {
                url: "https://a.example/".to_owned(),
                content: Default::default(),
                style: Default::default(),
                headers: vec![],
                timeout_s: None,
            }),
        }
    }

    fn checked(drafts: &[ActionDraft]) -> Result<Vec<Action>, Vec<(String, &'static str)>> {
        let existing = [existing()];
        let rules = Rules {
            existing: &existing,
            header_names: &HeaderNames::new("Acme"),
        };
        let mut actions = Vec::new();
        let faults = faults_of(|faults| actions = check(drafts, &rules, || id(9), faults));
        if faults.is_empty() {
            Ok(actions)
        } else {
            Err(faults)
        }
    }

    /// An action that is on: the existing one, or a new one.
    fn draft(id: Option<&str>) -> ActionDraft {
        ActionDraft {
            id: id.map(str::to_owned),
            enabled: true,
            disabled_reason: None,
            ..ActionDraft::of(&existing())
        }
    }

    #[test]
    fn an_action_sent_back_keeps_its_id_and_others_get_one() {
        let actions = checked(&[ActionDraft::of(&existing()), draft(None)]).unwrap();
        assert_eq!(
            (actions[0].id, actions[0].disabled_reason),
            (id(1), Some(DisabledReason::Gone))
        );
        assert_eq!((actions[1].id, actions[1].enabled), (id(9), true));
    }

    #[test]
    fn switching_an_action_on_clears_the_reason() {
        let switched_on = ActionDraft {
            enabled: true,
            ..ActionDraft::of(&existing())
        };
        assert_eq!(checked(&[switched_on]).unwrap()[0].disabled_reason, None);
    }

    #[test]
    fn wrong_ids_reasons_and_timeouts_are_all_named() {
        let (known, unknown) = (id(1).to_string(), id(2).to_string());
        let with_timeout = |draft: ActionDraft, timeout_s| ActionDraft {
            timeout_s: Some(timeout_s),
            ..draft
        };
        let faults = checked(&[
            with_timeout(draft(Some(&known)), 0),
            draft(Some(&known)),
            with_timeout(draft(Some(&unknown)), 61),
            ActionDraft {
                disabled_reason: Some("gone".to_owned()),
                ..draft(Some("x"))
            },
        ]);
        let at = |pointer: &str, code| (pointer.to_owned(), code);
        assert_eq!(
            faults.unwrap_err(),
            [
                at("/actions/0/timeout_s", "out_of_range"),
                at("/actions/1/id", "duplicate"),
                at("/actions/2/id", "unknown_action"),
                at("/actions/2/timeout_s", "out_of_range"),
                at("/actions/3/id", "invalid_value"),
                at("/actions/3/disabled_reason", "read_only"),
            ]
        );
        assert_eq!(checked(&[]).unwrap_err(), [at("/actions", "too_few")]);
        assert_eq!(
            checked(&vec![draft(None); 51]).unwrap_err(),
            [at("/actions", "too_many")]
        );
    }
}
