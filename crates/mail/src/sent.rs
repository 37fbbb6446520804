//! How an attempt to send a message ended.

use std::time::Duration;

use postrider_model::{EmailAddress, Outcome};

use crate::answer::Answer;
use crate::dialogue::Dialogue;

/// What follows for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The mail server has taken responsibility for it. Sending it again would deliver it twice.
    Accepted,
    /// It was not accepted, or the answer is missing. A retry may succeed.
    Temporary,
    /// The mail server refused it for good: 552 to `MAIL`, or 5xx to `RCPT`, `DATA` or the message, except
    /// 530, 534, 535 and 538.
    Permanent,
}

/// What caused a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concerns {
    /// The mail server or its settings. Any other message would have failed alike, and this one was certainly
    /// not accepted.
    Server,
    /// This message or its recipients. Also when the connection failed or timed out after `MAIL`: the message
    /// may be the cause, and may have been accepted.
    Message,
}

/// Why a message was not sent. The mail server has no part in it, and does not have the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// [`crate::MayLeave`] returned false.
    #[error("the message may not leave any more")]
    Forbidden,
    /// It waited for a free connection for [`WAIT_MAX`](postrider_egress::allowance::WAIT_MAX), or this
    /// process is out of file descriptors. Send it later.
    #[error("the message has to wait for a connection")]
    Postponed,
}

/// What to do if the mail server refuses some recipients for the moment (4xx) and accepts others. All
/// recipients get one message, and a message that was accepted for some cannot be sent again to the rest:
/// the record of the delivery does not say who is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// Send nothing, and let a later attempt send to all. For every attempt but the last.
    Wait,
    /// Send to those who are accepted. For the last attempt.
    Deliver,
}

/// A recipient that the mail server refused, while it accepted others.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) to: EmailAddress,
    /// The code of the answer, 400 to 599.
    pub(crate) code: u16,
}

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What follows for the message.
    pub verdict: Verdict,
    /// The same for the record: `succeeded`, `bad_status` for an answer that refuses, or what went wrong.
    pub outcome: Outcome,
    /// What went wrong, in plain words, with the server's own; `None` if every recipient was accepted. If
    /// some were, it names those who do not get the message. It holds no secret.
    pub error: Option<String>,
    /// What caused a failure.
    pub concerns: Concerns,
    /// What was said.
    pub dialogue: Dialogue,
    /// How long the message waited for a free connection; no part of its timeout.
    pub waited: Duration,
}

impl Sent {
    /// Whether the mail server takes no message at all. What it says once it has accepted `MAIL` decides an
    /// attempt, so that no message that it stumbles over holds the others up.
    pub fn is_outage(&self) -> bool {
        let mail = self.dialogue.steps.iter().find(|step| step.is_mail());
        let is_accepted = matches!(mail.and_then(|step| step.code), Some(200..=299));
        self.verdict != Verdict::Accepted && self.concerns == Concerns::Server && !is_accepted
    }
}

/// Why a message was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) verdict: Verdict,
    pub(crate) outcome: Outcome,
    pub(crate) concerns: Concerns,
    pub(crate) error: String,
    /// The connection is of no more use: the server has ended it, says that it will (421), or refused `RSET`.
    pub(crate) is_gone: bool,
}

impl Failure {
    /// A failure without an SMTP reply that refuses the message. Always temporary.
    pub(crate) fn broken(outcome: Outcome, error: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Temporary,
            outcome,
            concerns: Concerns::Server,
            error: error.into(),
            is_gone: false,
        }
    }

    /// The same failure at a time at which the server knew of the message.
    pub(crate) fn of_message(self) -> Self {
        let concerns = match self.outcome {
            // The server has answered: [`Self::session`] and [`Self::refusal`] know what it refused.
            Outcome::BadStatus => self.concerns,
            _ => Concerns::Message,
        };
        Self { concerns, ..self }
    }

    /// An answer that refuses what concerns every message: a greeting, `STARTTLS`, `AUTH`, the sender. Never
    /// final, because the operator can put it right.
    pub(crate) fn session(what: &str, answer: &Answer) -> Self {
        Self {
            is_gone: answer.is_farewell(),
            ..Self::broken(Outcome::BadStatus, format!("{what}: {}", answer.sentence()))
        }
    }

    /// An answer that refuses the message or a part of it.
    pub(crate) fn refusal(what: &str, answer: &Answer) -> Self {
        let failure = Self::session(what, answer);
        if answer.is_farewell() || answer.wants_sign_in() {
            return failure;
        }
        let verdict = if answer.is_permanent() {
            Verdict::Permanent
        } else {
            Verdict::Temporary
        };
        Self {
            verdict,
            concerns: Concerns::Message,
            ..failure
        }
    }
}
