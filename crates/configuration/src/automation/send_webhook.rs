//! Webhook actions: what can be set of one, and its checks. `destinations` checks where the URL leads,
//! because that may need a lookup.

use std::borrow::Cow;
use std::fmt;

use postrider_model::automation::TIMEOUT_S;
use postrider_model::{CustomHeader, SecretQuery, SendWebhook};

use super::actions::Rules;
use super::body::BodyDraft;
use super::headers::check_headers;
use super::query::check_query;
use super::signature::SigningKeyDraft;
use crate::{Faults, codes};

/// A webhook to send. `Debug` leaves out the values of headers.
#[derive(Clone, PartialEq, Eq)]
pub struct SendWebhookDraft {
    /// The URL to send to. With a secret query, [`MASK`] in its place stands for the one that the existing
    /// action has.
    ///
    /// [`MASK`]: postrider_model::custom_header::MASK
    pub url: String,
    /// Whether the query of the URL is a secret.
    pub secret_query: bool,
    /// The body.
    pub body: BodyDraft,
    /// Further headers, in the order given: names and values. [`MASK`] in the place of a value stands for the
    /// value that the existing action has under this name.
    ///
    /// [`MASK`]: postrider_model::custom_header::MASK
    pub headers: Vec<(String, String)>,
    /// The names of the headers whose values may be read again. All other values are secrets.
    pub plain_headers: Vec<String>,
    /// The timeout of one attempt, response included, in seconds; `None` uses the installation's default.
    pub timeout_s: Option<i64>,
    /// The name of the signature profile; `None` uses the installation's.
    pub signature_profile: Option<String>,
    /// Which keys sign. `None` changes nothing; for a new action it means the account's.
    pub signing_key: Option<SigningKeyDraft>,
}

impl fmt::Debug for SendWebhookDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("SendWebhookDraft")
            .field("url", &self.shown_url())
            .field("secret_query", &self.secret_query)
            .field("body", &self.body)
            .field("headers", &names)
            .field("plain_headers", &self.plain_headers)
            .field("timeout_s", &self.timeout_s)
            .field("signature_profile", &self.signature_profile)
            .field("signing_key", &self.signing_key)
            .finish()
    }
}

impl SendWebhookDraft {
    /// A webhook to `url` with the default of every option.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            secret_query: false,
            body: BodyDraft::default(),
            headers: Vec::new(),
            plain_headers: Vec::new(),
            timeout_s: None,
            signature_profile: None,
            signing_key: None,
        }
    }

    /// The draft that leaves `webhook` unchanged.
    pub(super) fn of(webhook: &SendWebhook) -> Self {
        let shown = |header: &CustomHeader| (header.name.clone(), header.shown().to_owned());
        let plain = webhook.headers.iter().filter(|header| header.is_plain);
        Self {
            url: webhook.url.clone(),
            secret_query: webhook.secret_query.is_some(),
            body: BodyDraft::of(&webhook.body),
            headers: webhook.headers.iter().map(shown).collect(),
            plain_headers: plain.map(|header| header.name.clone()).collect(),
            timeout_s: webhook.timeout_s.map(i64::from),
            signature_profile: webhook.signature.profile.clone(),
            signing_key: Some(match webhook.signature.own_algorithm() {
                None => SigningKeyDraft::Account,
                Some(algorithm) => SigningKeyDraft::Own(algorithm),
            }),
        }
    }

    /// The URL without its secret query.
    pub(super) fn shown_url(&self) -> Cow<'_, str> {
        let divided = self.secret_query.then(|| SecretQuery::divide(&self.url));
        match divided.flatten() {
            Some((shown, _)) => shown.into(),
            None => self.url.as_str().into(),
        }
    }

    /// The webhook that this draft describes, of an action that was `stored` or is new. Adds what is wrong
    /// with it to `faults`; `pointer` points to the action.
    pub(super) fn check(
        &self,
        stored: Option<&SendWebhook>,
        rules: &Rules<'_>,
        pointer: &str,
        faults: &mut Faults,
    ) -> SendWebhook {
        let (url, secret_query) = check_query(self, stored, pointer, faults);
        SendWebhook {
            url,
            secret_query,
            body: self.body.check(pointer, faults),
            headers: check_headers(self, stored, rules.header_names, pointer, faults),
            timeout_s: check_timeout(self.timeout_s, pointer, faults),
            signature: {
                let stored = stored.map(|stored| &stored.signature);
                rules.signing.check(self, stored, pointer, faults)
            },
        }
    }
}

fn check_timeout(timeout_s: Option<i64>, pointer: &str, faults: &mut Faults) -> Option<u32> {
    let requested = timeout_s?;
    let checked = u32::try_from(requested)
        .ok()
        .filter(|timeout| TIMEOUT_S.contains(timeout));
    if checked.is_none() {
        let detail = format!(
            "a timeout must be {} to {} seconds",
            TIMEOUT_S.start(),
            TIMEOUT_S.end()
        );
        faults.add(format!("{pointer}/timeout_s"), codes::OUT_OF_RANGE, detail);
    }
    checked
}
