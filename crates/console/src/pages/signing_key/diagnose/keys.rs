//! The keys that a request may be signed with: the account's, and those of its actions.

use postrider_model::account::KeyStatus;
use postrider_model::{Does, KeyMaterial, SigningKey, Timestamp};

use crate::view::time::date;
use crate::visitor::account::InAccount;

/// Most keys that a request is checked with. Those of an account come first, then those of its actions.
const KEYS_MAX: usize = 64;

/// Most choices that the page offers.
const CHOICES_MAX: usize = 200;

/// The value of the choice of the account's keys alone.
const OF_ACCOUNT: &str = "account";

/// A key, and what people call it.
pub struct Labelled {
    /// In words, as in "signed with …".
    pub label: String,
    /// The key.
    pub key: KeyMaterial,
    /// Whether it still signs.
    pub is_live: bool,
}

/// A choice of keys.
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// For people.
    pub words: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// The keys of an account or of an action.
struct Owned<'a> {
    /// What the form sends to choose them.
    value: String,
    /// The owner in words.
    owner: String,
    keys: &'a [SigningKey],
}

/// What can be chosen; empty if the account's keys are all there are.
pub fn choices(account: &InAccount, chosen: &str) -> Vec<Choice> {
    let all = Choice {
        value: String::new(),
        words: "All keys of this account and its actions".to_owned(),
        is_chosen: chosen.is_empty(),
    };
    let each = owned(account).map(|owned| Choice {
        words: format!("The keys of {}", owned.owner),
        is_chosen: owned.value == chosen,
        value: owned.value,
    });
    let choices: Vec<_> = [all].into_iter().chain(each).take(CHOICES_MAX).collect();
    // Without keys of actions, there is nothing to choose.
    if choices.len() > 2 { choices } else { vec![] }
}

/// The chosen keys, also those that have expired. An unknown choice means all.
pub fn keys(account: &InAccount, chosen: &str, now: Timestamp) -> Vec<Labelled> {
    let is_known = owned(account).any(|owned| owned.value == chosen);
    owned(account)
        .filter(|owned| !is_known || owned.value == chosen)
        .flat_map(|owned| {
            let keys = owned.keys.iter();
            keys.map(move |key| Labelled {
                label: label(key, &owned.owner, now),
                key: key.secret.clone(),
                is_live: key.status(now) != KeyStatus::Expired,
            })
        })
        .take(KEYS_MAX)
        .collect()
}

fn owned(account: &InAccount) -> impl Iterator<Item = Owned<'_>> {
    let of_account = Owned {
        value: OF_ACCOUNT.to_owned(),
        owner: "the account".to_owned(),
        keys: &account.entry.config.keys,
    };
    let automations = account.entry.config.automations.iter();
    let of_actions =
        automations
            .flat_map(|automation| &automation.actions)
            .filter_map(|action| match &action.does {
                Does::SendWebhook(webhook) if !webhook.signature.own_keys.is_empty() => Some(Owned {
                    value: action.id.to_string(),
                    owner: format!("the action to {}", webhook.url),
                    keys: &webhook.signature.own_keys,
                }),
                Does::SendWebhook(_) | Does::SendEmail(_) => None,
            });
    [of_account].into_iter().chain(of_actions)
}

fn label(key: &SigningKey, owner: &str, now: Timestamp) -> String {
    match (key.status(now), key.expires_at) {
        (KeyStatus::Expired, Some(at)) => format!("a key of {owner} that expired on {}", date(at)),
        (_, Some(at)) => format!("the older key of {owner}, which signs until {}", date(at)),
        (_, None) => format!("the current key of {owner}"),
    }
}
