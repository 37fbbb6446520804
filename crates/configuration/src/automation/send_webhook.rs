//! Webhook actions: what can be set of one, and its checks. The URL's destination is checked by
//! `destinations`, which may have to look up its name.

use postrider_model::automation::TIMEOUT_S;
use postrider_model::{BodyContent, BodyStyle, SendWebhook};
use postrider_signing::HeaderNames;

use super::headers::check_headers;
use crate::{Faults, codes};

/// A webhook to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendWebhookDraft {
    /// The URL to send to.
    pub url: String,
    /// What the body holds.
    pub content: BodyContent,
    /// How the body is serialised.
    pub style: BodyStyle,
    /// Further headers, in the order given: names and values.
    pub headers: Vec<(String, String)>,
    /// The timeout of one attempt, response included, in seconds; `None` uses the installation's default.
    pub timeout_s: Option<i64>,
}

impl SendWebhookDraft {
    /// A webhook to `url` with the default of every option.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            content: BodyContent::default(),
            style: BodyStyle::default(),
            headers: Vec::new(),
            timeout_s: None,
        }
    }

    /// The draft that leaves `webhook` unchanged.
    pub(super) fn of(webhook: &SendWebhook) -> Self {
        Self {
            url: webhook.url.clone(),
            content: webhook.content,
            style: webhook.style,
            headers: webhook.headers.clone(),
            timeout_s: webhook.timeout_s.map(i64::from),
        }
    }

    /// The webhook that this draft describes. Adds what is wrong with it to `faults`; `pointer` points to the
    /// action.
    pub(super) fn check(
        &self,
        header_names: &HeaderNames,
        pointer: &str,
        faults: &mut Faults,
    ) -> SendWebhook {
        check_headers(&self.headers, header_names, pointer, faults);
        SendWebhook {
            url: self.url.clone(),
            content: self.content,
            style: self.style,
            headers: self.headers.clone(),
            timeout_s: check_timeout(self.timeout_s, pointer, faults),
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
