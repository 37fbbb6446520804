//! The fields of an e-mail in an automation's form.

use postrider_configuration::{EmailTemplate, SendEmailDraft};
use postrider_engine::email_preview;
use postrider_model::SendEmail;

use super::suggestions::{Sample, Suggestions};
use crate::form::Form;

/// Longest text in a preview, in characters.
const CHARS_MAX: usize = 4_000;

/// Recipients, subject and text, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailFields {
    /// The addresses, separated by commas, spaces or line breaks.
    pub to: String,
    /// The template of the subject.
    pub subject: String,
    /// The template of the text.
    pub text: String,
}

/// What an e-mail of the form would say.
pub struct EmailPreview {
    /// The subject; `None` if a template fails.
    pub subject: Option<String>,
    /// The text, or why a template fails.
    pub text: String,
    /// Whether the event is an example and did not happen.
    pub is_example: bool,
}

impl EmailFields {
    /// The fields of a stored action.
    pub fn of(email: &SendEmail) -> Self {
        Self {
            to: email.to.as_str().to_owned(),
            subject: email.subject.clone(),
            text: email.text.clone(),
        }
    }

    /// The fields of the row of this number; `None` if it is not one of an e-mail.
    pub fn typed(form: &Form, row: &str) -> Option<Self> {
        let text = |name: &str| form.text(&format!("{name}.{row}")).to_owned();
        (text("type") == "send_email").then(|| Self {
            to: text("to"),
            subject: text("subject"),
            // Browsers send line breaks as CRLF.
            text: text("text").replace("\r\n", "\n"),
        })
    }

    /// The draft.
    pub fn draft(&self) -> SendEmailDraft {
        SendEmailDraft {
            to: addresses(&self.to),
            subject: self.subject.trim().to_owned(),
            text: self.text.clone(),
        }
    }

    /// What the e-mail would say about the sample; `None` without templates that compile, and without a
    /// sample.
    pub fn preview(&self, suggestions: &Suggestions) -> Option<EmailPreview> {
        let Sample { event, is_example } = suggestions.sample()?;
        let is_blank = self.subject.trim().is_empty() && self.text.trim().is_empty();
        let templates = EmailTemplate::compile(&self.subject, &self.text).ok()?;
        let (subject, text) = match email_preview(&templates, event) {
            Ok(content) => (Some(content.subject), content.text),
            Err(reason) => (None, reason),
        };
        (!is_blank).then(|| EmailPreview {
            subject,
            text: super::preview::cut(text, CHARS_MAX),
            is_example: *is_example,
        })
    }
}

/// The addresses of a field, in which commas, semicolons or white space separate them.
pub fn addresses(typed: &str) -> Vec<String> {
    let addresses = typed.split([',', ';', ' ', '\t', '\r', '\n']);
    let addresses = addresses.filter(|address| !address.is_empty());
    addresses.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_separated_by_commas_spaces_or_lines() {
        let fields = EmailFields {
            to: "a@x.example, b@x.example;c@x.example\r\n d@x.example ,".to_owned(),
            ..EmailFields::default()
        };
        assert_eq!(
            fields.draft().to,
            ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]
        );
    }

    #[test]
    fn a_row_of_another_type_has_no_email() {
        let form = Form::parse(b"type.0=send_email&to.0=a%40x.example&text.0=a%0D%0Ab&url.1=x").unwrap();
        let typed = EmailFields::typed(&form, "0").unwrap();
        assert_eq!((typed.to.as_str(), typed.text.as_str()), ("a@x.example", "a\nb"));
        assert_eq!(EmailFields::typed(&form, "1"), None);
    }
}
