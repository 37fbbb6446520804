//! Checks an automation's actions, except the destinations of their URLs.

use std::collections::HashSet;

use postrider_model::automation::ACTIONS_MAX;
use postrider_model::{Action, ActionId, Does};
use postrider_signing::HeaderNames;

use super::rate_limit::{RateLimitDraft, check_rate_limit};
use super::send_email::{self, SendEmailDraft};
use super::send_webhook::SendWebhookDraft;
use super::signature::SigningRules;
use crate::{Faults, codes};

/// An action, whatever it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDraft {
    /// In an update, the id of an existing action, which then keeps its record. An action without an id is
    /// new.
    pub id: Option<String>,
    /// Whether the action is on. Postrider sends nothing for an action that is off.
    pub enabled: bool,
    /// In an update, the value that was read, or `None`. Nothing else can be set; switching the action on
    /// clears it.
    pub disabled_reason: Option<String>,
    /// How often the action may be called; `None` sets no limit, and for an e-mail [`EMAIL_RATE_LIMIT`].
    ///
    /// [`EMAIL_RATE_LIMIT`]: send_email::EMAIL_RATE_LIMIT
    pub rate_limit: Option<RateLimitDraft>,
    /// What the action does.
    pub does: DoesDraft,
}

/// What an action does, by kind. In JSON its members stand beside those of the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoesDraft {
    /// Sends a webhook.
    SendWebhook(SendWebhookDraft),
    /// Sends an e-mail.
    SendEmail(SendEmailDraft),
}

impl ActionDraft {
    /// A new action that is on.
    pub fn new(does: DoesDraft) -> Self {
        Self {
            id: None,
            enabled: true,
            disabled_reason: None,
            rate_limit: None,
            does,
        }
    }

    /// The draft that leaves `action` unchanged.
    pub fn of(action: &Action) -> Self {
        Self {
            id: Some(action.id.to_string()),
            enabled: action.enabled,
            disabled_reason: action.disabled_reason.map(|reason| reason.as_str().to_owned()),
            rate_limit: action.rate_limit.map(RateLimitDraft::of),
            does: match &action.does {
                Does::SendWebhook(webhook) => DoesDraft::SendWebhook(SendWebhookDraft::of(webhook)),
                Does::SendEmail(email) => DoesDraft::SendEmail(SendEmailDraft::of(email)),
            },
        }
    }
}

/// What actions are checked against.
pub(super) struct Rules<'a> {
    /// The automation's stored actions; empty for a new automation.
    pub(super) existing: &'a [Action],
    /// The installation's own headers.
    pub(super) header_names: &'a HeaderNames,
    /// How requests can be signed.
    pub(super) signing: SigningRules<'a>,
    /// Whether this installation sends e-mail.
    pub(super) sends_email: bool,
}

/// Checks the draft's actions. Most faulty actions are returned too, because the draft is rejected for its
/// faults anyway; in the place of one that cannot be told, there is `None`.
pub(super) fn check(
    drafts: &[ActionDraft],
    rules: &Rules<'_>,
    fresh_id: impl Fn() -> ActionId,
    faults: &mut Faults,
) -> Vec<Option<Action>> {
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
        let pointer = format!("/actions/{index}");
        let existing = match &draft.id {
            None => None,
            Some(id) => match identify(id, rules.existing, &mut seen) {
                Ok(action) => Some(action),
                Err((code, detail)) => {
                    faults.add(format!("{pointer}/id"), code, detail);
                    None
                }
            },
        };
        check_disabled_reason(draft, existing, &pointer, faults);
        let rate_limit = check_rate_limit(draft.rate_limit, &pointer, faults);
        let Some(does) = check_does(&draft.does, existing, rules, &pointer, faults) else {
            actions.push(None);
            continue;
        };
        let rate_limit = match &does {
            Does::SendWebhook(_) => rate_limit,
            Does::SendEmail(_) => rate_limit.or_else(send_email::default_rate_limit),
        };
        actions.push(Some(Action {
            rate_limit,
            ..action(draft, existing, &fresh_id, does)
        }));
    }
    actions
}

/// What the action does; `None` if a fault says why that is not known.
fn check_does(
    draft: &DoesDraft,
    existing: Option<&Action>,
    rules: &Rules<'_>,
    pointer: &str,
    faults: &mut Faults,
) -> Option<Does> {
    match (draft, existing.map(|action| &action.does)) {
        (DoesDraft::SendWebhook(webhook), stored @ (None | Some(Does::SendWebhook(_)))) => {
            let stored = stored.and_then(|stored| match stored {
                Does::SendWebhook(stored) => Some(stored),
                Does::SendEmail(_) => None,
            });
            let webhook = webhook.check(stored, rules, pointer, faults);
            Some(Does::SendWebhook(webhook))
        }
        (DoesDraft::SendEmail(email), stored @ (None | Some(Does::SendEmail(_)))) => {
            // An edit of something else must not fail because the operator has changed the settings.
            if stored.is_none() && !rules.sends_email {
                faults.add(format!("{pointer}/type"), codes::EMAIL_NOT_SET_UP, NOT_SET_UP);
            }
            email.check(pointer, faults).map(Does::SendEmail)
        }
        // Its deliveries refer to templates of the other type.
        (DoesDraft::SendWebhook(_) | DoesDraft::SendEmail(_), Some(_)) => {
            let detail = "the type of an action cannot change; leave out the id to add a new action";
            faults.add(format!("{pointer}/type"), codes::INVALID_VALUE, detail);
            None
        }
    }
}

/// What a customer reads where the operator has set no mail server.
const NOT_SET_UP: &str = "e-mail is not set up on this installation";

fn action(
    draft: &ActionDraft,
    existing: Option<&Action>,
    fresh_id: impl Fn() -> ActionId,
    does: Does,
) -> Action {
    Action {
        id: existing.map_or_else(fresh_id, |existing| existing.id),
        enabled: draft.enabled,
        // By switching an action on, the caller states that the receiver is back.
        disabled_reason: existing
            .and_then(|existing| existing.disabled_reason)
            .filter(|_| !draft.enabled),
        rate_limit: None,
        does,
    }
}

/// The existing action of this id. No other action of the draft may have the same id.
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

/// A client may send back the reason that it has read, but cannot set another one.
fn check_disabled_reason(draft: &ActionDraft, existing: Option<&Action>, pointer: &str, faults: &mut Faults) {
    let current = existing
        .and_then(|action| action.disabled_reason)
        .map(|reason| reason.as_str());
    if draft
        .disabled_reason
        .as_deref()
        .is_some_and(|sent| Some(sent) != current)
    {
        let pointer = format!("{pointer}/disabled_reason");
        faults.add(pointer, codes::READ_ONLY, "this member is read-only");
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::SendWebhook;
    use postrider_signing::profile::{BuiltIn, SignatureProfiles};

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
            rate_limit: None,
            does: Does::SendWebhook(SendWebhook {
                url: "https://a.example/".to_owned(),
                body: Default::default(),
                headers: vec![],
                secret_query: None,
                timeout_s: None,
                signature: Default::default(),
                connection: None,
            }),
        }
    }

    fn checked(drafts: &[ActionDraft]) -> Result<Vec<Action>, Vec<(String, &'static str)>> {
        let existing = [existing()];
        let rules = Rules {
            existing: &existing,
            header_names: &HeaderNames::new("Acme"),
            signing: SigningRules {
                profiles: &SignatureProfiles::built_in(BuiltIn::Postrider, &HeaderNames::new("Acme")),
                header_names: &HeaderNames::new("Acme"),
                account_key: None,
                new_key: &|_| unreachable!("no draft asks for a key"),
            },
            sends_email: false,
        };
        let mut actions = Vec::new();
        let faults = faults_of(|faults| actions = check(drafts, &rules, || id(9), faults));
        if faults.is_empty() {
            Ok(actions.into_iter().flatten().collect())
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
    fn a_resent_action_keeps_its_id_and_new_actions_get_one() {
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
    fn invalid_ids_reasons_and_timeouts_are_all_reported() {
        let (known, unknown) = (id(1).to_string(), id(2).to_string());
        let with_timeout = |draft: ActionDraft, timeout_s| {
            let DoesDraft::SendWebhook(webhook) = draft.does else {
                panic!("a webhook");
            };
            let does = DoesDraft::SendWebhook(SendWebhookDraft {
                secret_query: false,
                timeout_s: Some(timeout_s),
                ..webhook
            });
            ActionDraft { does, ..draft }
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
