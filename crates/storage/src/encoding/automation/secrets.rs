//! The secrets of an automation's actions, as the JSON that a row holds sealed:
//! `{"act_…":{"headers":[["Authorization","Bearer …"]],"query":"token=…","keys":[…]}}`.

use std::collections::BTreeMap;

use postrider_model::{Action, ActionId, Does, SecretQuery, SigningKey, SigningKeyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::encoding::{Damaged, json_text};

/// The secrets of an automation's actions.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secrets(BTreeMap<ActionId, ActionSecrets>);

/// The secrets of one action.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct ActionSecrets {
    /// Names and values of secret headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(String, String)>,
    /// The secret query of the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<String>,
    /// The action's own signing keys, the current one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<StoredKey>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredKey {
    id: SigningKeyId,
    /// `whsec_…` or `whsk_…`.
    secret: String,
    created_at: i64,
    /// Absent for the current key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl Secrets {
    /// The secrets of these actions; `None` if there are none.
    pub fn of(actions: &[Action]) -> Option<Self> {
        let of_actions = actions
            .iter()
            .map(|action| (action.id, ActionSecrets::of(action)));
        let found: BTreeMap<_, _> = of_actions.filter(|(_, secrets)| !secrets.is_empty()).collect();
        (!found.is_empty()).then_some(Self(found))
    }

    /// Encodes them.
    pub fn text(&self) -> String {
        json_text(&self.0)
    }

    /// Decodes them.
    ///
    /// # Errors
    /// [`Damaged`] if [`Self::text`] never returns such a text.
    pub fn parse(text: &[u8]) -> Result<Self, Damaged> {
        let found = serde_json::from_slice(text);
        found.map(Self).map_err(|_| Damaged("secrets of another shape"))
    }

    /// Takes the secrets of an action out.
    pub(super) fn take(&mut self, action: ActionId) -> ActionSecrets {
        self.0.remove(&action).unwrap_or_default()
    }
}

/// Prints no secret.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl ActionSecrets {
    fn of(action: &Action) -> Self {
        match &action.does {
            Does::SendWebhook(webhook) => {
                let secret = webhook.headers.iter().filter(|header| !header.is_plain);
                let headers = secret.map(|header| (header.name.clone(), header.value.clone()));
                let query = webhook.secret_query.as_ref();
                Self {
                    headers: headers.collect(),
                    query: query.map(|query| query.expose().to_owned()),
                    keys: webhook.signature.own_keys.iter().map(StoredKey::of).collect(),
                }
            }
            Does::SendEmail(_) => Self::default(),
        }
    }

    fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.query.is_none() && self.keys.is_empty()
    }

    /// Takes the secret query out.
    pub(super) fn query(&mut self) -> Result<SecretQuery, Damaged> {
        let query = self.query.take().map(SecretQuery::new);
        query.ok_or(Damaged("a URL without its secret query"))
    }

    /// Takes the action's own signing keys out. There is a current one.
    pub(super) fn own_keys(&mut self) -> Result<Vec<SigningKey>, Damaged> {
        let keys = std::mem::take(&mut self.keys).into_iter().map(StoredKey::open);
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        match keys.first() {
            Some(current) if current.expires_at.is_none() => Ok(keys),
            _ => Err(Damaged("an action without its signing key")),
        }
    }

    /// Takes the value of a secret header out.
    pub(super) fn header(&mut self, name: &str) -> Result<String, Damaged> {
        let index = self.headers.iter().position(|(other, _)| other == name);
        let index = index.ok_or(Damaged("a header without its value"))?;
        Ok(self.headers.remove(index).1)
    }
}

impl StoredKey {
    fn of(key: &SigningKey) -> Self {
        Self {
            id: key.id,
            secret: key.secret.expose(),
            created_at: key.created_at.unix_ms(),
            expires_at: key.expires_at.map(Timestamp::unix_ms),
        }
    }

    fn open(self) -> Result<SigningKey, Damaged> {
        Ok(SigningKey {
            id: self.id,
            secret: self
                .secret
                .parse()
                .map_err(|_| Damaged("a signing key of an action"))?,
            created_at: Timestamp::from_unix_ms(self.created_at),
            expires_at: self.expires_at.map(Timestamp::from_unix_ms),
        })
    }
}
