//! The body of a delivery, or its e-mail: from its event, and from what acceptance fixed.

use bytes::Bytes;
use postrider_configuration::{Compiled, EmailContent, Pinned};
use postrider_model::attempt::Headers;
use postrider_model::body::content_type_is_valid;
use postrider_model::cloud_events::{self, Attribute, attributes_of, header_of};
use postrider_model::delivery::BodySpec;
use postrider_model::{BodyContent, Event};
use postrider_signing::render::{BodyParts, render_body};
use postrider_signing::template::TemplateEvent;

/// The content type of the built-in forms.
const JSON: &str = "application/json";

/// A body as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its content type.
    pub content_type: String,
    /// Of a CloudEvent: the attributes that go out as headers, all of them in binary mode, none in structured
    /// mode (several SDKs take any `ce-` header for the binary mode). `None` for other bodies.
    pub attributes: Option<Headers>,
}

/// Renders the body of a delivery. It depends only on what was stored at acceptance, so that every attempt
/// and resend sends the same bytes, and a page that shows a record shows the bytes that were sent.
///
/// # Errors
/// Why the template fails on the event, for people. `template` is the one that the delivery refers to; `None`
/// if it is not stored any more.
pub fn body_of(event: &Event, spec: BodySpec, template: Option<&Pinned>) -> Result<Body, String> {
    let data = data_of(event);
    match spec {
        BodySpec::BuiltIn { content, style } => {
            let (id, timestamp) = (event.id.to_string(), event.timestamp().to_string());
            let attributes = match content.is_cloud_event() {
                true => attributes_of(event),
                false => Vec::new(),
            };
            let parts = BodyParts {
                id: &id,
                event_type: event.event_type.as_str(),
                timestamp: &timestamp,
                data,
                lossless: event.warning.is_none(),
                fixed_points: event.fixed_points,
                attributes: &attributes,
            };
            let bytes = render_body(&parts, content, style).into();
            Ok(match content {
                BodyContent::Envelope | BodyContent::Data => Body {
                    bytes,
                    content_type: JSON.to_owned(),
                    attributes: None,
                },
                BodyContent::CloudEvents => Body {
                    bytes,
                    content_type: cloud_events::STRUCTURED.to_owned(),
                    attributes: Some(Vec::new()),
                },
                BodyContent::CloudEventsBinary => in_binary_mode(bytes, attributes),
            })
        }
        BodySpec::Template(_) => {
            let pinned = template.ok_or(NOT_STORED)?;
            let template = match pinned.template.as_ref().ok_or(UNREADABLE)? {
                Compiled::Body(template) => template,
                Compiled::Email(_) => return Err(UNREADABLE.to_owned()),
            };
            let event = Seen::of(event, data);
            let event = event.as_template_event();
            let rendered = template.render(&event);
            let rendered = rendered.map_err(|failed| format!("The template failed: {failed}"))?;
            Ok(Body {
                bytes: rendered.into(),
                content_type: pinned.content_type.clone(),
                attributes: None,
            })
        }
    }
}

/// A body in the binary mode of CloudEvents: the attributes are headers, and the content type is one of them
/// (HTTP protocol binding, section 3.1).
fn in_binary_mode(bytes: Bytes, attributes: Vec<Attribute<'_>>) -> Body {
    let mut content_type = JSON.to_owned();
    let mut headers = Headers::with_capacity(attributes.len());
    for (name, value) in attributes {
        if name == "datacontenttype" {
            // Validation admits only such values, but Postrider's own JSON can hold any.
            if content_type_is_valid(&value) {
                content_type = value.into_owned();
            }
        } else {
            headers.push((header_of(&name), cloud_events::encode(&value)));
        }
    }
    Body {
        bytes,
        content_type,
        attributes: Some(headers),
    }
}

/// Renders subject and text of a delivery by e-mail. As [`body_of`], it depends only on what was stored at
/// acceptance.
///
/// # Errors
/// Why a template fails on the event, for people. `template` is the one that the delivery refers to; `None`
/// if it is not stored any more.
pub fn email_of(event: &Event, template: Option<&Pinned>) -> Result<EmailContent, String> {
    let pinned = template.ok_or(NOT_STORED)?;
    match pinned.template.as_ref().ok_or(UNREADABLE)? {
        Compiled::Email(email) => {
            let event = Seen::of(event, data_of(event));
            email.render(&event.as_template_event())
        }
        Compiled::Body(_) => Err(UNREADABLE.to_owned()),
    }
}

/// The templates of deliveries are kept as long as the deliveries.
const NOT_STORED: &str = "The template of this delivery is not stored any more";

/// A template of a former version, or of another type of action.
const UNREADABLE: &str = "This version of Postrider cannot read the template";

/// What templates see of an event.
pub(super) struct Seen<'a> {
    id: String,
    timestamp: String,
    account: String,
    event_type: &'a str,
    data: &'a str,
}

impl<'a> Seen<'a> {
    pub(super) fn of(event: &'a Event, data: &'a str) -> Self {
        Self {
            id: event.id.to_string(),
            timestamp: event.timestamp().to_string(),
            // The uid may change; the id stays, and so do the bytes.
            account: event.account.to_string(),
            event_type: event.event_type.as_str(),
            data,
        }
    }

    pub(super) fn as_template_event(&self) -> TemplateEvent<'_> {
        TemplateEvent {
            id: &self.id,
            event_type: self.event_type,
            timestamp: &self.timestamp,
            account: &self.account,
            data: self.data,
        }
    }
}

/// The data of an event as text.
pub(super) fn data_of(event: &Event) -> &str {
    std::str::from_utf8(&event.data).expect("acceptance checked that `data` is UTF-8")
}
