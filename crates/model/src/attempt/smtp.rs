//! What an attempt to send an e-mail said to the mail server, and what the server replied.

/// The part of an SMTP dialogue that concerns one message: from `MAIL` to the end of the message. How the
/// connection was opened, and the message itself, are not part of it: the message is composed from the event
/// whenever it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SmtpExchange {
    /// Who the message was for: [`crate::Does::target`] at that moment.
    pub to: String,
    /// The mail server, `host:port`; empty if none was asked. Only callers of the installation see it.
    pub server: String,
    /// The version of TLS, such as `TLSv1.3`; `None` without encryption.
    pub tls: Option<String>,
    /// Commands and replies, in their order: at most 13 (`MAIL`, ten `RCPT`, `DATA` and the message).
    pub steps: Vec<SmtpStep>,
}

/// A command and the reply to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpStep {
    /// The command; `(message of N bytes)` for the message.
    pub command: String,
    /// The reply's code; `None` if there was no reply.
    pub code: Option<u16>,
    /// Its enhanced status code (RFC 3463), such as `5.1.1`.
    pub enhanced: Option<String>,
    /// Its text, lines separated by `\n`; at most 512 bytes.
    pub reply: String,
}

impl SmtpExchange {
    /// The code that decided: that of the last reply, if there was one.
    pub fn last_code(&self) -> Option<u16> {
        self.steps.iter().rev().find_map(|step| step.code)
    }

    /// Bytes of the steps.
    pub(super) fn bytes(&self) -> usize {
        let steps = self.steps.iter();
        steps.map(|step| step.command.len() + step.reply.len()).sum()
    }
}
