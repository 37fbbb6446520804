//! Sends one e-mail at a time over SMTP, to the operator's own mail server, and records what was said.
//!
//! The mail server is the operator's choice and may be on a private address, so the rules for destinations of
//! webhooks do not apply. It is not trusted with more than the messages: whatever it answers, however slowly,
//! a [`Mailer`] stays within its times, reads at most 20 KiB of an answer, and neither records nor reports
//! a password of four bytes or more.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use std::time::Duration;
//! # use postrider_mail::{Draft, Mailer, Message, Options, Partial, SmtpSettings, SmtpTexts, Verdict};
//! # use postrider_model::{Clock, DeliveryId, EventTypeName, Recipients, Timestamp};
//! # async fn example(clock: Arc<dyn Clock>, delivery: DeliveryId, event_type: &EventTypeName,
//! #     created_at: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
//! // Once, at the start.
//! let settings = SmtpSettings::read(&SmtpTexts {
//!     url: "smtp://mail.example.com:587",
//!     user: Some("postrider"),
//!     password: Some("from a file"),
//!     from: "Example <automations@example.com>",
//! })?;
//! let sender = settings.sender.clone();
//! let mailer = Mailer::new(settings, clock, &Options::default())?;
//!
//! // For each attempt. The same inputs give the same bytes, so every attempt sends the same message.
//! let message = Message::compose(&Draft {
//!     from: &sender,
//!     to: &Recipients::new(vec!["ann@example.org".parse()?])?,
//!     subject: "Proposal 7 was accepted",
//!     text: "It is about 1,250.50 EUR.",
//!     date: created_at,
//!     delivery,
//!     event_type,
//!     header_prefix: "Postrider",
//! })?;
//! let sent = mailer
//!     .send(&message, Duration::from_secs(15), Partial::Wait, &|| true)
//!     .await?;
//! match sent.verdict {
//!     Verdict::Accepted => {}  // settled, even if `sent.error` names some of the recipients
//!     Verdict::Temporary => {} // try again by the schedule
//!     Verdict::Permanent => {} // settled: failed
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `settings`, `sender` | where the mail server is, how to sign in, and who the mail comes from |
//! | `message` | composes a message: headers that nothing can be injected into, and a text in ASCII |
//! | `mailer`, `pool` | [`Mailer`], and its bounded number of connections |
//! | `connection` | opens a connection: TCP, TLS, greeting, `EHLO`, `STARTTLS`, `AUTH` |
//! | `transaction` | one message over an open connection, from `MAIL` to the last dot |
//! | `answer` | reads the server's answers within bounds |
//! | `dialogue` | the record of what was said, without secrets and without the message |
//! | `sent` | how it ended |
//!
//! This crate must never send a password without TLS, skip the check of a certificate, continue in clear text
//! where TLS was asked for, or read more into memory than its bounds allow. It knows no engine: it retries
//! nothing, except that an idle connection that turns out to be closed is replaced.
//!
//! To add a way to sign in, see `connection/sign_in.rs`. To add a header, see `message/headers.rs`. To add a
//! setting, see `settings.rs`.

#![forbid(unsafe_code)]

mod answer;
mod connection;
mod dialogue;
mod mailer;
mod message;
mod pool;
mod sender;
mod sent;
mod settings;
mod transaction;

pub use dialogue::{Dialogue, Step};
pub use mailer::{Mailer, MayLeave, Options};
pub use message::{Draft, Message, MessageError};
pub use sender::{Sender, SenderError};
pub use sent::{Concerns, NotSent, Partial, Sent, Verdict};
pub use settings::{Credentials, Password, Security, SettingsError, SmtpSettings, SmtpTexts};
