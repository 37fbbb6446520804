//! `PUT` of an automation by its uid: configuration that can be repeated.

use postrider_model::{AccountId, Action, Automation, By, Does};

use super::{ActionDraft, AutomationDraft, DoesDraft};
use crate::{Configuration, ConfigureError, EDITS_MAX};

impl Configuration {
    /// Creates the automation of this uid, or replaces all of it by the draft, whose own `uid` does not
    /// count. Returns it, and whether it is new. A draft that changes nothing writes nothing.
    ///
    /// An action without an id is the stored action of the same type and URL (of an e-mail: the same
    /// recipients), if there is one, and then keeps its identity, its record, and the secrets that the draft
    /// leaves out. If the URLs of several are the same, their order decides. Where no stored action has a URL
    /// with this secret query, one with another secret query is meant. An action that Postrider switched off
    /// stays off, unless the draft names it by its id: repeating a configuration does not say that the
    /// receiver is back.
    ///
    /// Fails with `Faults`, `TooMany`, `Missing` if the account does not exist, and `Stale` if other requests
    /// keep changing the automation.
    pub async fn put_automation(
        &self,
        by: &By,
        account: AccountId,
        uid: &str,
        draft: AutomationDraft,
    ) -> Result<(Automation, bool), ConfigureError> {
        let draft = AutomationDraft {
            uid: Some(uid.to_owned()),
            ..draft
        };
        for _ in 0..EDITS_MAX {
            let Some(current) = self.store.automation_of_uid(account, uid).await? else {
                match self.create_automation(by, account, draft.clone()).await {
                    // Another request has created it since.
                    Err(ConfigureError::UidTaken) => continue,
                    created => return created.map(|automation| (automation, true)),
                }
            };
            match self.replace_automation(by, account, current, draft.clone()).await {
                // Another request has changed or deleted it since.
                Err(ConfigureError::Stale | ConfigureError::Missing) => {}
                updated => return updated.map(|automation| (automation, false)),
            }
        }
        Err(ConfigureError::Stale)
    }

    /// Replaces `current`, which the caller has read, as [`Self::put_automation`] does. Fails like
    /// [`Configuration::update_automation`].
    pub async fn replace_automation(
        &self,
        by: &By,
        account: AccountId,
        current: Automation,
        draft: AutomationDraft,
    ) -> Result<Automation, ConfigureError> {
        let mut draft = draft;
        draft.uid.clone_from(&current.uid);
        identify(&mut draft.actions, &current.actions);
        self.update_automation(by, account, current, draft).await
    }
}

/// Gives each action without an id the id of the stored action that it repeats.
fn identify(drafts: &mut [ActionDraft], stored: &[Action]) {
    let is_named = |action: &&Action| {
        let id = action.id.to_string();
        drafts.iter().any(|draft| draft.id.as_ref() == Some(&id))
    };
    let mut free: Vec<&Action> = stored.iter().filter(|action| !is_named(action)).collect();
    for is_same in [has_same_target, has_same_url_but_for_the_secret_query] {
        for draft in drafts.iter_mut().filter(|draft| draft.id.is_none()) {
            let Some(at) = free.iter().position(|action| is_same(&draft.does, &action.does)) else {
                continue;
            };
            let action = free.remove(at);
            draft.id = Some(action.id.to_string());
            draft.enabled &= action.disabled_reason.is_none();
        }
    }
}

fn has_same_target(draft: &DoesDraft, stored: &Does) -> bool {
    match (draft, stored) {
        (DoesDraft::SendWebhook(draft), Does::SendWebhook(stored)) => {
            draft.url == stored.call_url() || draft.secret_query && draft.url == stored.url
        }
        (DoesDraft::SendEmail(draft), Does::SendEmail(stored)) => {
            draft.target().as_deref() == Some(stored.to.as_str())
        }
        _ => false,
    }
}

fn has_same_url_but_for_the_secret_query(draft: &DoesDraft, stored: &Does) -> bool {
    let (DoesDraft::SendWebhook(draft), Does::SendWebhook(stored)) = (draft, stored) else {
        return false;
    };
    draft.secret_query && stored.secret_query.is_some() && draft.shown_url() == stored.url
}

#[cfg(test)]
mod tests {
    use postrider_model::automation::DisabledReason;
    use postrider_model::{ActionId, SecretQuery, SendWebhook};

    use super::super::SendWebhookDraft;
    use super::*;

    fn stored(number: u128, url: &str, query: Option<&str>) -> Action {
        Action {
            id: ActionId::from_u128(number),
            enabled: true,
            disabled_reason: None,
            rate_limit: None,
            does: Does::SendWebhook(SendWebhook {
                url: url.to_owned(),
                secret_query: query.map(SecretQuery::new),
                body: Default::default(),
                headers: Vec::new(),
                timeout_s: None,
                signature: Default::default(),
                connection: None,
            }),
        }
    }

    fn draft(url: &str) -> ActionDraft {
        ActionDraft::new(DoesDraft::SendWebhook(SendWebhookDraft::to(url)))
    }

    fn secret(url: &str) -> ActionDraft {
        ActionDraft::new(DoesDraft::SendWebhook(SendWebhookDraft {
            secret_query: true,
            ..SendWebhookDraft::to(url)
        }))
    }

    /// The numbers of the stored actions that these drafts repeat.
    fn identified(mut drafts: Vec<ActionDraft>, stored: &[Action]) -> Vec<Option<u128>> {
        identify(&mut drafts, stored);
        let number = |draft: ActionDraft| Some(draft.id?.parse::<ActionId>().unwrap().as_u128());
        drafts.into_iter().map(number).collect()
    }

    #[test]
    fn an_action_is_the_stored_one_of_its_url_and_of_equal_ones_the_next() {
        let stored = [
            stored(1, "https://a.example/", None),
            stored(2, "https://b.example/", None),
            stored(3, "https://a.example/", None),
        ];
        let drafts = [
            "https://b.example/",
            "https://a.example/",
            "https://c.example/",
            "https://a.example/",
        ];
        let drafts = drafts.map(draft).to_vec();
        assert_eq!(identified(drafts, &stored), [Some(2), Some(1), None, Some(3)]);
        let surplus = vec![draft("https://b.example/"); 2];
        assert_eq!(identified(surplus, &stored), [Some(2), None]);
    }

    #[test]
    fn an_id_in_the_draft_comes_first() {
        let stored = [
            stored(1, "https://a.example/", None),
            stored(2, "https://a.example/", None),
        ];
        let named = ActionDraft {
            id: Some(ActionId::from_u128(1).to_string()),
            ..draft("https://elsewhere.example/")
        };
        let drafts = vec![draft("https://a.example/"), named];
        assert_eq!(identified(drafts, &stored), [Some(2), Some(1)]);
    }

    #[test]
    fn of_urls_with_secret_queries_the_same_query_comes_first_and_then_any() {
        let shown = "https://a.example/?••••";
        let stored = [stored(1, shown, Some("t=1")), stored(2, shown, Some("t=2"))];
        let both = vec![secret("https://a.example/?t=2"), secret("https://a.example/?t=1")];
        assert_eq!(identified(both, &stored), [Some(2), Some(1)]);
        let replaced = vec![secret("https://a.example/?t=3"), secret("https://a.example/?t=1")];
        assert_eq!(identified(replaced, &stored), [Some(2), Some(1)]);
        assert_eq!(
            identified(vec![secret(shown), secret(shown)], &stored),
            [Some(1), Some(2)]
        );
        assert_eq!(identified(vec![draft("https://a.example/?t=3")], &stored), [None]);
    }

    #[test]
    fn an_action_that_postrider_switched_off_stays_off_unless_it_is_named() {
        let gone = Action {
            enabled: false,
            disabled_reason: Some(DisabledReason::Gone),
            ..stored(1, "https://a.example/", None)
        };
        let named = ActionDraft {
            id: Some(gone.id.to_string()),
            ..draft("https://a.example/")
        };
        let mut drafts = [draft("https://a.example/")];
        identify(&mut drafts, std::slice::from_ref(&gone));
        assert!(!drafts[0].enabled);
        let mut drafts = [named];
        identify(&mut drafts, &[gone]);
        assert!(drafts[0].enabled);
        let by_hand = Action {
            enabled: false,
            ..stored(1, "https://a.example/", None)
        };
        let mut drafts = [draft("https://a.example/")];
        identify(&mut drafts, &[by_hand]);
        assert!(drafts[0].enabled, "the configuration says that it is on");
    }
}
