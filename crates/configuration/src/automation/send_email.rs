//! E-mail actions: what can be set of one, and its checks.

use postrider_model::email_address::RECIPIENTS_MAX;
use postrider_model::{EmailAddress, RateLimit, Recipients, RecipientsError, SendEmail};
use postrider_signing::template::{Template, TemplateFault};

use crate::email_template::EmailTemplate;
use crate::{Faults, codes};

/// The rate limit of an e-mail action that sets none: 60 messages in 60 seconds. All accounts share the
/// installation's mail server and its reputation, and a person reads what arrives.
pub const EMAIL_RATE_LIMIT: (u32, u32) = (60, 60);

/// An e-mail to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SendEmailDraft {
    /// Who gets it: 1 to 10 addresses, each once.
    pub to: Vec<String>,
    /// The template of the subject; at most 1 KiB.
    pub subject: String,
    /// The template of the text; at most 16 KiB.
    pub text: String,
}

impl SendEmailDraft {
    /// The draft that leaves `email` unchanged.
    pub(super) fn of(email: &SendEmail) -> Self {
        Self {
            to: email.to.as_slice().iter().map(ToString::to_string).collect(),
            subject: email.subject.clone(),
            text: email.text.clone(),
        }
    }

    /// The recipients in one text, as [`Recipients::as_str`], if all are addresses.
    pub(super) fn target(&self) -> Option<String> {
        let to: Result<Vec<EmailAddress>, _> = self.to.iter().map(|it| it.parse()).collect();
        let to = Recipients::new(to.ok()?).ok()?;
        Some(to.as_str().to_owned())
    }

    /// The e-mail that this draft describes; `None` if it has no valid recipients. Adds what is wrong with it
    /// to `faults`; `pointer` points to the action.
    pub(super) fn check(&self, pointer: &str, faults: &mut Faults) -> Option<SendEmail> {
        let to = check_recipients(&self.to, &format!("{pointer}/to"), faults);
        type Compile = fn(&str) -> Result<Template, TemplateFault>;
        let templates: [(&str, &str, Compile); 2] = [
            ("subject", &self.subject, EmailTemplate::compile_subject),
            ("text", &self.text, EmailTemplate::compile_text),
        ];
        for (member, source, compile) in templates {
            let at = format!("{pointer}/{member}");
            if source.trim().is_empty() {
                faults.add(at, codes::BLANK, format!("enter a {member}"));
            } else if let Err(fault) = compile(source) {
                faults.add(at, codes::INVALID_TEMPLATE, fault.to_string());
            }
        }
        Some(SendEmail {
            to: to?,
            subject: self.subject.clone(),
            text: self.text.clone(),
        })
    }
}

fn check_recipients(texts: &[String], pointer: &str, faults: &mut Faults) -> Option<Recipients> {
    // A longer list is not looked at: each address costs its conversion.
    if texts.len() > RECIPIENTS_MAX {
        faults.add(pointer, codes::TOO_MANY, RecipientsError::TooMany.to_string());
        return None;
    }
    let mut addresses: Vec<EmailAddress> = Vec::with_capacity(texts.len());
    let mut is_valid = true;
    for (index, text) in texts.iter().enumerate() {
        let at = format!("{pointer}/{index}");
        match text.trim().parse::<EmailAddress>() {
            Ok(address) if addresses.iter().any(|it| it.is_same_mailbox(&address)) => {
                faults.add(at, codes::DUPLICATE, RecipientsError::Twice(address).to_string());
                is_valid = false;
            }
            Ok(address) => addresses.push(address),
            Err(error) => {
                faults.add(at, codes::INVALID_VALUE, error.to_string());
                is_valid = false;
            }
        }
    }
    if texts.is_empty() {
        faults.add(pointer, codes::TOO_FEW, RecipientsError::None.to_string());
    }
    is_valid.then(|| Recipients::new(addresses).ok()).flatten()
}

/// The limit of an e-mail action that sets none.
pub(super) fn default_rate_limit() -> Option<RateLimit> {
    let (requests, per_s) = EMAIL_RATE_LIMIT;
    RateLimit::new(requests, per_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    fn draft(to: &[&str], subject: &str, text: &str) -> SendEmailDraft {
        SendEmailDraft {
            to: to.iter().map(|it| (*it).to_owned()).collect(),
            subject: subject.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn an_email_survives_its_draft() {
        let written = draft(&["ann@example.com", "bob@example.com"], "{{ data.a }}", "b");
        let found = faults_of(|faults| {
            let email = written.check("/actions/0", faults).unwrap();
            assert_eq!(SendEmailDraft::of(&email), written);
            assert_eq!(written.target().as_deref(), Some(email.to.as_str()));
        });
        assert_eq!(found, []);
    }

    #[test]
    fn what_is_wrong_with_an_email_is_said_at_its_member() {
        let many: Vec<String> = (0..11).map(|it| format!("a{it}@example.com")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let ok = &["a@example.com"][..];
        for (draft, expected) in [
            (draft(&[], "s", "t"), vec![("to", codes::TOO_FEW)]),
            (draft(&many, "s", "t"), vec![("to", codes::TOO_MANY)]),
            (
                draft(&["root@localhost", "a@b.example", "A@b.example"], "s", "t"),
                vec![("to/0", codes::INVALID_VALUE), ("to/2", codes::DUPLICATE)],
            ),
            (
                draft(&["a@b.example\r\nBcc: c@d.example"], "s", "t"),
                vec![("to/0", codes::INVALID_VALUE)],
            ),
            (
                draft(ok, " ", "\n"),
                vec![("subject", codes::BLANK), ("text", codes::BLANK)],
            ),
            (
                draft(ok, "{{ x }}", "{% if %}"),
                vec![
                    ("subject", codes::INVALID_TEMPLATE),
                    ("text", codes::INVALID_TEMPLATE),
                ],
            ),
            (
                draft(ok, &"s".repeat(1_025), &"t".repeat(16 * 1024 + 1)),
                vec![
                    ("subject", codes::INVALID_TEMPLATE),
                    ("text", codes::INVALID_TEMPLATE),
                ],
            ),
        ] {
            let found = faults_of(|faults| {
                draft.check("/actions/0", faults);
            });
            let expected = expected
                .into_iter()
                .map(|(member, code)| (format!("/actions/0/{member}"), code));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{draft:?}");
        }
    }
}
