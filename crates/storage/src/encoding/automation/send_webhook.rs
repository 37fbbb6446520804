//! The members of an action of type `send_webhook`.

use postrider_model::{
    BodyContent, BodyStyle, BodyTemplate, ConnectionId, CustomHeader, SendWebhook, WebhookBody,
    WebhookSignature,
};
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
    content: StoredContent,
    style: BodyStyle,
    /// If `content` is `template`: the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<StoredTemplate>,
    /// Names and values; the values of secret headers are in [`super::Secrets`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, Option<String>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature_profile: Option<String>,
    /// Whether the action's own signing keys are in [`super::Secrets`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    own_keys: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection: Option<ConnectionId>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredContent {
    Envelope,
    Data,
    #[serde(rename = "cloudevents")]
    CloudEvents,
    #[serde(rename = "cloudevents_binary")]
    CloudEventsBinary,
    Template,
}

#[derive(Serialize, Deserialize)]
struct StoredTemplate {
    source: String,
    content_type: String,
}

impl StoredWebhook {
    pub(super) fn of(webhook: &SendWebhook) -> Self {
        let headers = webhook
            .headers
            .iter()
            .map(|header| (header.name.clone(), header.is_plain.then(|| header.value.clone())));
        let (content, style, template) = match &webhook.body {
            WebhookBody::BuiltIn { content, style } => (
                match content {
                    BodyContent::Envelope => StoredContent::Envelope,
                    BodyContent::Data => StoredContent::Data,
                    BodyContent::CloudEvents => StoredContent::CloudEvents,
                    BodyContent::CloudEventsBinary => StoredContent::CloudEventsBinary,
                },
                *style,
                None,
            ),
            WebhookBody::Template(BodyTemplate { source, content_type }) => {
                let template = StoredTemplate {
                    source: source.clone(),
                    content_type: content_type.clone(),
                };
                (StoredContent::Template, BodyStyle::default(), Some(template))
            }
        };
        Self {
            url: webhook.url.clone(),
            secret_query: webhook.secret_query.is_some(),
            content,
            style,
            template,
            headers: headers.collect(),
            timeout_s: webhook.timeout_s,
            signature_profile: webhook.signature.profile.clone(),
            own_keys: !webhook.signature.own_keys.is_empty(),
            connection: webhook.connection,
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
        let headers = headers.collect::<Result<_, Damaged>>()?;
        let own_keys = match self.own_keys {
            true => secrets.own_keys()?,
            false => Vec::new(),
        };
        Ok(SendWebhook {
            headers,
            url: self.url,
            secret_query,
            body: body(self.content, self.style, self.template)?,
            timeout_s: self.timeout_s,
            signature: WebhookSignature {
                profile: self.signature_profile,
                own_keys,
            },
            connection: self.connection,
        })
    }
}

fn body(
    content: StoredContent,
    style: BodyStyle,
    template: Option<StoredTemplate>,
) -> Result<WebhookBody, Damaged> {
    let content = match (content, template) {
        (StoredContent::Envelope, None) => BodyContent::Envelope,
        (StoredContent::Data, None) => BodyContent::Data,
        (StoredContent::CloudEvents, None) => BodyContent::CloudEvents,
        (StoredContent::CloudEventsBinary, None) => BodyContent::CloudEventsBinary,
        (StoredContent::Template, Some(StoredTemplate { source, content_type })) => {
            return Ok(WebhookBody::Template(BodyTemplate { source, content_type }));
        }
        _ => return Err(Damaged("a body without its template")),
    };
    Ok(WebhookBody::BuiltIn { content, style })
}
