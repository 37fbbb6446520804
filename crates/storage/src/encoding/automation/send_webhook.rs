//! The members of an action of type `send_webhook`.

use postrider_model::{BodyContent, BodyStyle, SendWebhook};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredWebhook {
    url: String,
    content: BodyContent,
    style: BodyStyle,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_s: Option<u32>,
}

impl StoredWebhook {
    pub(super) fn of(webhook: &SendWebhook) -> Self {
        Self {
            url: webhook.url.clone(),
            content: webhook.content,
            style: webhook.style,
            headers: webhook.headers.clone(),
            timeout_s: webhook.timeout_s,
        }
    }
}

impl From<StoredWebhook> for SendWebhook {
    fn from(stored: StoredWebhook) -> Self {
        Self {
            url: stored.url,
            content: stored.content,
            style: stored.style,
            headers: stored.headers,
            timeout_s: stored.timeout_s,
        }
    }
}
