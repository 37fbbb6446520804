//! How a webhook's body is built from its event.

use serde::{Deserialize, Serialize};

use crate::template::TemplateKind;

/// How the body of a webhook is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookBody {
    /// One of the built-in forms, as `application/json`.
    BuiltIn {
        /// What the body holds.
        content: BodyContent,
        /// How it is serialised.
        style: BodyStyle,
    },
    /// The output of a template.
    Template(BodyTemplate),
}

impl Default for WebhookBody {
    fn default() -> Self {
        Self::BuiltIn {
            content: BodyContent::default(),
            style: BodyStyle::default(),
        }
    }
}

/// A template whose output is a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyTemplate {
    /// The template, in Jinja's language.
    pub source: String,
    /// The content type of its output. See [`content_type_is_valid`].
    pub content_type: String,
}

impl BodyTemplate {
    /// What the template produces, which decides how values are escaped.
    pub fn kind(&self) -> TemplateKind {
        match is_json(&self.content_type) {
            true => TemplateKind::Json,
            false => TemplateKind::Text,
        }
    }
}

/// Maximum bytes of a content type.
pub const CONTENT_TYPE_BYTES_MAX: usize = 128;

/// Whether the text is a media type with optional parameters, `text/plain; charset=utf-8` (RFC 9110, section
/// 8.3.1), of at most [`CONTENT_TYPE_BYTES_MAX`].
pub fn content_type_is_valid(text: &str) -> bool {
    let is_token = |text: &str| {
        let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !text.is_empty() && text.bytes().all(is_token_byte)
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let is_essence = essence
        .trim_end()
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    let is_visible = |b: u8| b == b' ' || b.is_ascii_graphic();
    text.len() <= CONTENT_TYPE_BYTES_MAX && is_essence && parameters.bytes().all(is_visible)
}

/// Whether a content type is JSON: `application/json`, or a subtype that ends in `+json` (RFC 6839).
pub fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let subtype = essence
        .split_once('/')
        .map_or("", |(_, subtype)| subtype)
        .to_ascii_lowercase();
    subtype == "json" || subtype.ends_with("+json")
}

/// What the body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyContent {
    /// `{"id","type","timestamp","data"}`, in that order.
    #[default]
    Envelope,
    /// The event's `data` alone.
    Data,
    /// The event in the structured mode of CloudEvents 1.0, as `application/cloudevents+json`.
    #[serde(rename = "cloudevents")]
    CloudEvents,
    /// The event's `data` alone, with the attributes of CloudEvents 1.0 as headers (binary mode).
    #[serde(rename = "cloudevents_binary")]
    CloudEventsBinary,
}

impl BodyContent {
    /// Every content.
    pub const ALL: [Self; 4] = [
        Self::Envelope,
        Self::Data,
        Self::CloudEvents,
        Self::CloudEventsBinary,
    ];
    /// Whether requests have the attributes of CloudEvents, in the body or as headers.
    pub const fn is_cloud_event(self) -> bool {
        matches!(self, Self::CloudEvents | Self::CloudEventsBinary)
    }
}

/// The serialisation of which the bytes are a fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyStyle {
    /// `JSON.stringify(JSON.parse(body))` of ECMAScript.
    #[default]
    Js,
    /// `json.dumps(json.loads(body))` of Python.
    Python,
    /// The producer's own bytes.
    Raw,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_media_types_with_parameters() {
        for (text, is_valid, is_json) in [
            ("application/json", true, true),
            ("Application/Vnd.Api+JSON; charset=utf-8", true, true),
            ("text/plain; charset=utf-8", true, false),
            ("text/x-json-like", true, false),
            ("json", false, false),
            ("text/", false, false),
            ("text/pl ain", false, false),
            ("text/plain; a=\r\nX: 1", false, false),
        ] {
            assert_eq!(content_type_is_valid(text), is_valid, "{text}");
            let template = BodyTemplate {
                source: String::new(),
                content_type: text.to_owned(),
            };
            assert_eq!(template.kind() == TemplateKind::Json, is_json, "{text}");
        }
        assert!(!content_type_is_valid(&format!(
            "text/{}",
            "a".repeat(CONTENT_TYPE_BYTES_MAX)
        )));
    }
}
