//! The record of an attempt to send an e-mail: the message behind a fold, and what was said to the mail
//! server.

use askama::Template;
use postrider_model::{Outcome, Scope, SmtpExchange, SmtpStep};

use super::attempt::Sent;
use crate::view::markup;

/// An e-mail and its dialogue.
#[derive(Template)]
#[template(path = "deliveries/dialogue.html")]
pub struct DialogueView<'a> {
    /// The start of its elements' ids; unique on the page.
    id: String,
    number: u32,
    to: &'a str,
    /// Subject and text; `None` if a template failed.
    message: Option<(&'a str, &'a str)>,
    /// The mail server and how the connection to it was encrypted, for its operator.
    server: Option<String>,
    steps: &'a [SmtpStep],
    is_open: bool,
}

markup!(DialogueView<'_>);

impl<'a> DialogueView<'a> {
    /// The attempt of this number, as a visitor with this scope may see it.
    pub(super) fn new(
        smtp: &'a SmtpExchange,
        (id, number): (String, u32),
        sent: &'a Sent,
        scope: Scope,
        is_open: bool,
    ) -> Self {
        let is_shown = scope == Scope::All && !smtp.server.is_empty();
        let tls = smtp.tls.as_deref().unwrap_or("no encryption");
        Self {
            id,
            number,
            to: &smtp.to,
            message: sent.email(),
            server: is_shown.then(|| format!("{}, {tls}", smtp.server)),
            steps: &smtp.steps,
            is_open,
        }
    }
}

/// What to do about the outcome; `None` if there is nothing to do.
pub(super) fn hint(outcome: Outcome, smtp: &SmtpExchange) -> Option<&'static str> {
    Some(match (outcome, smtp.last_code()) {
        (Outcome::Succeeded, _) => return None,
        (Outcome::NotRendered, _) => {
            "Nothing was sent, and no retry follows. Correct the template in the automation: events that are accepted from then on use the new one."
        }
        (Outcome::BadStatus, Some(500..)) => {
            "The mail server refused the message or a recipient for good. Check the recipients in the automation."
        }
        _ if smtp.steps.is_empty() => {
            "Nothing was sent, and the recipients have no part in it. Resend the delivery once the operator's mail server accepts e-mail."
        }
        (Outcome::BadStatus, _) => "The mail server may accept the message later.",
        _ => "The mail server did not finish in time, or the connection broke.",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_of(outcome: Outcome, codes: &[u16]) -> Option<&'static str> {
        let step = |code: &u16| SmtpStep {
            command: "RCPT TO:<a@example.com>".to_owned(),
            code: Some(*code),
            enhanced: None,
            reply: String::new(),
        };
        let smtp = SmtpExchange {
            steps: codes.iter().map(step).collect(),
            ..SmtpExchange::default()
        };
        hint(outcome, &smtp)
    }

    #[test]
    fn a_refusal_for_good_says_nothing_of_retries_because_another_recipient_may_cause_one() {
        let hint = hint_of(Outcome::BadStatus, &[250, 450, 550]).unwrap();
        assert!(hint.contains("or a recipient for good"), "{hint}");
        assert!(!hint.contains("retry"), "{hint}");
    }

    #[test]
    fn an_attempt_for_want_of_a_mail_server_does_not_blame_recipients_or_the_connection() {
        let hint = hint_of(Outcome::ConnectError, &[]).unwrap();
        assert!(hint.contains("recipients have no part"), "{hint}");
        let broken = hint_of(Outcome::ConnectError, &[250]).unwrap();
        assert!(broken.contains("the connection broke"), "{broken}");
        assert_eq!(hint_of(Outcome::Succeeded, &[250]), None);
    }
}
