//! What an automation would send for an event, without sending it.

use postrider_configuration::Pinned;
use postrider_model::delivery::BodySpec;
use postrider_model::template::TemplateNumber;
use postrider_model::{Does, Event, WebhookBody};
use postrider_signing::template::Template;

use crate::carry::body::{Body, body_of};

/// The body that an action would send for an event.
///
/// # Errors
/// Why its template fails, for people.
pub fn preview_body(does: &Does, event: &Event) -> Result<Body, String> {
    let Does::SendWebhook(webhook) = does;
    match &webhook.body {
        WebhookBody::BuiltIn { content, style } => {
            let spec = BodySpec::BuiltIn {
                content: *content,
                style: *style,
            };
            body_of(event, spec, None)
        }
        WebhookBody::Template(template) => {
            let compiled = Template::compile(&template.source, template.kind());
            // Nothing is stored, so any number will do.
            let number = TemplateNumber::new(1).expect("in range");
            let pinned = Pinned {
                number,
                template: Some(compiled.map_err(|fault| fault.to_string())?),
                content_type: template.content_type.clone(),
            };
            body_of(event, BodySpec::Template(number), Some(&pinned))
        }
    }
}
