//! The members of an action of type `send_webhook`.

use postrider_model::{BodyContent, BodyStyle, CustomHeader, SendWebhook};
use serde::{Deserialize, Serialize};

use super::secrets::ActionSecrets;
use crate::encoding::Damaged;

#[derive(Serialize, Deserialize)]
pub(super) struct StoredWebhook {
    /// With the mask in place of a secret query.
    url: String,
    /// Whether the query is in [`super::Secrets`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    secret_query: bool,
    content: BodyContent,
    style: BodyStyle,
    /// Names and values; the values of secret headers are in [`super::Secrets`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, Option<String>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_s: Option<u32>,
}

impl StoredWebhook {
    pub(super) fn of(webhook: &SendWebhook) -> Self {
        let headers = webhook
            .headers
            .iter()
            .map(|header| (header.name.clone(), header.is_plain.then(|| header.value.clone())));
        Self {
            url: webhook.url.clone(),
            secret_query: webhook.secret_query.is_some(),
            content: webhook.content,
            style: webhook.style,
            headers: headers.collect(),
            timeout_s: webhook.timeout_s,
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The webhook, with its secrets.
    pub(super) fn open(self, mut secrets: ActionSecrets) -> Result<SendWebhook, Damaged> {
        let secret_query = self.secret_query.then(|| secrets.query()).transpose()?;
        let headers = self.headers.into_iter().map(|(name, value)| match value {
            Some(value) => Ok(CustomHeader::plain(name, value)),
            None => Ok(CustomHeader {
                value: secrets.header(&name)?,
                is_plain: false,
                name,
            }),
        });
        Ok(SendWebhook {
            headers: headers.collect::<Result<_, Damaged>>()?,
            url: self.url,
            secret_query,
            content: self.content,
            style: self.style,
            timeout_s: self.timeout_s,
        })
    }
}
