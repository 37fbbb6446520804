//! The JSON form of a dialogue with the mail server.

use postrider_model::{Scope, SmtpExchange, SmtpStep};
use serde::Serialize;
use utoipa::ToSchema;

/// A dialogue with the mail server (SMTP) about one message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SmtpExchange)]
pub struct DialogueView {
    /// The recipients, separated by commas.
    #[schema(example = "sales@example.com")]
    recipients: String,
    /// The mail server, as host and port; null if none was asked, and for callers of one account.
    #[schema(example = "mail.example.com:587")]
    mail_server: Option<String>,
    /// The version of TLS; null without encryption.
    #[schema(example = "TLSv1.3")]
    tls: Option<String>,
    /// Commands and replies from `MAIL` on, in order. The message itself is not part of it.
    dialogue: Vec<StepView>,
}

/// A command to the mail server, and its reply.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SmtpStep)]
pub struct StepView {
    /// The command.
    #[schema(example = "RCPT TO:<sales@example.com>")]
    command: String,
    /// The reply's code; null if there was no reply.
    #[schema(example = 250)]
    code: Option<u16>,
    /// The reply's enhanced status code (RFC 3463), if it has one.
    #[schema(example = "2.1.5")]
    enhanced_code: Option<String>,
    /// The reply's text, at most 512 bytes.
    #[schema(example = "2.1.5 Ok")]
    reply: String,
}

impl DialogueView {
    /// What a caller with this scope may see of it: where the mail server is concerns its operator.
    pub(super) fn of(smtp: SmtpExchange, scope: Scope) -> Self {
        let is_shown = scope == Scope::All && !smtp.server.is_empty();
        Self {
            recipients: smtp.to,
            mail_server: is_shown.then_some(smtp.server),
            tls: smtp.tls,
            dialogue: smtp.steps.into_iter().map(StepView::of).collect(),
        }
    }
}

impl StepView {
    fn of(step: SmtpStep) -> Self {
        Self {
            command: step.command,
            code: step.code,
            enhanced_code: step.enhanced,
            reply: step.reply,
        }
    }
}
