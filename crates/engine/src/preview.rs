//! What an automation would send for an event, without sending it.

use postrider_configuration::{Compiled, EMAIL_CONTENT_TYPE, EmailContent, EmailTemplate, Pinned};
use postrider_model::delivery::BodySpec;
use postrider_model::template::TemplateNumber;
use postrider_model::{Does, Event, SendEmail, SendWebhook, WebhookBody};
use postrider_signing::template::Template;

use crate::carry::body::{Body, body_of, email_of};

/// What an action would send for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// A webhook with this body.
    Webhook(Body),
    /// An e-mail.
    Email(EmailContent),
}

/// What an action would send for an event.
///
/// # Errors
/// Why its template fails, for people.
pub fn preview(does: &Does, event: &Event) -> Result<Preview, String> {
    match does {
        Does::SendWebhook(webhook) => of_webhook(webhook, event).map(Preview::Webhook),
        Does::SendEmail(email) => of_email(email, event).map(Preview::Email),
    }
}

fn of_webhook(webhook: &SendWebhook, event: &Event) -> Result<Body, String> {
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
            let compiled = Compiled::Body(compiled.map_err(|fault| fault.to_string())?);
            let pinned = unpinned(compiled, &template.content_type);
            body_of(event, BodySpec::Template(pinned.number), Some(&pinned))
        }
    }
}

fn of_email(email: &SendEmail, event: &Event) -> Result<EmailContent, String> {
    let templates = EmailTemplate::compile(&email.subject, &email.text);
    email_preview(&templates.map_err(|fault| fault.to_string())?, event)
}

/// Subject and text that these templates write for an event.
///
/// # Errors
/// Why a template fails, for people.
pub fn email_preview(templates: &EmailTemplate, event: &Event) -> Result<EmailContent, String> {
    let pinned = unpinned(Compiled::Email(templates.clone()), EMAIL_CONTENT_TYPE);
    email_of(event, Some(&pinned))
}

/// A template as if it were stored. Nothing looks at its number.
fn unpinned(compiled: Compiled, content_type: &str) -> Pinned {
    Pinned {
        number: TemplateNumber::new(1).expect("in range"),
        template: Some(compiled),
        content_type: content_type.to_owned(),
    }
}
