//! The templates of an e-mail: subject and text, which are pinned and rendered together.

use postrider_model::template::TemplateKind;
use postrider_model::{PinnedKind, SendEmail};
use postrider_signing::template::{Template, TemplateEvent, TemplateFault};
use postrider_storage::PinnedTemplate;

/// The content type of an e-mail's text.
pub const EMAIL_CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// The compiled templates of an e-mail.
#[derive(Debug, Clone)]
pub struct EmailTemplate {
    subject: Template,
    text: Template,
}

/// An e-mail's subject and text for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailContent {
    /// The subject: one line of at most 1 KiB.
    pub subject: String,
    /// The text, at most 256 KiB.
    pub text: String,
}

impl EmailTemplate {
    /// Compiles the template of a subject.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile_subject(source: &str) -> Result<Template, TemplateFault> {
        Template::compile(source, TemplateKind::HeaderValue)
    }

    /// Compiles the template of a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile_text(source: &str) -> Result<Template, TemplateFault> {
        Template::compile(source, TemplateKind::Text)
    }

    /// Compiles both templates of an e-mail.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn compile(subject: &str, text: &str) -> Result<Self, TemplateFault> {
        Ok(Self {
            subject: Self::compile_subject(subject)?,
            text: Self::compile_text(text)?,
        })
    }

    /// Compiles what [`pinned`] stored.
    ///
    /// # Errors
    /// What is wrong with it, for the log.
    pub(crate) fn of_source(source: &str) -> Result<Self, String> {
        let (subject, text): (String, String) =
            serde_json::from_str(source).map_err(|error| error.to_string())?;
        Self::compile(&subject, &text).map_err(|fault| fault.to_string())
    }

    /// Subject and text for an event. The same templates and event give the same output.
    ///
    /// # Errors
    /// Which template fails, and why, for people.
    pub fn render(&self, event: &TemplateEvent<'_>) -> Result<EmailContent, String> {
        let subject = self.subject.render(event);
        let text = self.text.render(event);
        Ok(EmailContent {
            subject: subject.map_err(|failed| format!("The subject failed: {failed}"))?,
            text: text.map_err(|failed| format!("The text failed: {failed}"))?,
        })
    }
}

/// The templates of an e-mail as the store pins them: the source is `["subject","text"]` in JSON.
pub(crate) fn pinned(email: &SendEmail) -> PinnedTemplate {
    let source = serde_json::json!([email.subject, email.text]);
    PinnedTemplate {
        kind: PinnedKind::Email,
        source: source.to_string(),
        content_type: EMAIL_CONTENT_TYPE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::Recipients;

    use super::*;

    fn email(subject: &str, text: &str) -> SendEmail {
        SendEmail {
            to: Recipients::new(vec!["ann@example.com".parse().unwrap()]).unwrap(),
            subject: subject.to_owned(),
            text: text.to_owned(),
        }
    }

    fn rendered(email: &SendEmail, data: &str) -> Result<EmailContent, String> {
        let stored = pinned(email);
        EmailTemplate::of_source(&stored.source)
            .unwrap()
            .render(&TemplateEvent {
                id: "evt_1",
                event_type: "proposal.accepted",
                timestamp: "2026-01-31T09:30:00.000Z",
                account: "acct_1",
                data,
            })
    }

    #[test]
    fn an_email_renders_from_its_stored_source() {
        let email = email("{{ data.title }} \"é\"", "{{ event.id }}:\n{{ data.total }}");
        let content = rendered(
            &email,
            r#"{"title": "Roof\r\nBcc: x@y.z", "total": 8202522731445525542}"#,
        );
        let content = content.unwrap();
        assert_eq!(content.subject, "Roof  Bcc: x@y.z \"é\"");
        assert_eq!(content.text, "evt_1:\n8202522731445525542");
    }

    #[test]
    fn an_error_names_the_template_and_its_line() {
        let in_subject = rendered(&email("{{ data.a + 1 }}", ""), r#"{"a": "x"}"#);
        assert!(
            in_subject
                .unwrap_err()
                .starts_with("The subject failed: line 1: ")
        );
        let in_text = rendered(&email("", "\n{{ data.a + 1 }}"), r#"{"a": "x"}"#);
        assert!(in_text.unwrap_err().starts_with("The text failed: line 2: "));
    }

    #[test]
    fn where_one_template_ends_and_the_next_begins_is_part_of_the_source() {
        assert_ne!(pinned(&email("ab", "c")), pinned(&email("a", "bc")));
    }
}
