//! Composes a message (RFC 5322, MIME). Everything that comes from outside is parsed before, or encoded here:
//! a subject, a name or a text cannot end its header or its body. The same [`Draft`] always gives the same
//! bytes, in ASCII, with lines that end in CRLF and have at most 998 bytes.
//!
//! There is no `Precedence` header: `Auto-Submitted` (RFC 3834) replaces it, and mail providers take
//! `Precedence: bulk` for a newsletter's.

mod headers;
mod text;

use postrider_model::{DeliveryId, EmailAddress, EventTypeName, Recipients, Timestamp};

use crate::sender::Sender;

/// Maximum bytes of a text, as of any output of a template.
const TEXT_BYTES_MAX: usize = 256 * 1_024;

/// Maximum characters of a subject; of a longer one the rest is left out. Mail programs show less than a
/// hundred.
const SUBJECT_CHARS_MAX: usize = 300;

/// Maximum bytes of the prefix of our own headers.
const PREFIX_BYTES_MAX: usize = 64;

/// What a message is composed of.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// Whom it comes from.
    pub from: &'a Sender,
    /// Whom it goes to. Each sees the others.
    pub to: &'a Recipients,
    /// The subject: any text. Line breaks and other control characters become spaces.
    pub subject: &'a str,
    /// The text. Line breaks in any form are line breaks; one is added at the end if there is none.
    pub text: &'a str,
    /// The time in the `Date` header. Pass that of the delivery, not of the attempt, so that all attempts
    /// send the same bytes.
    pub date: Timestamp,
    /// The delivery. `Message-ID` is made of it, so a mail server or program can drop the second copy of a
    /// message that was sent twice.
    pub delivery: DeliveryId,
    /// The type of the event.
    pub event_type: &'a EventTypeName,
    /// The prefix of our own headers, such as `Postrider`.
    pub header_prefix: &'a str,
}

/// A message, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub(crate) from: EmailAddress,
    pub(crate) to: Recipients,
    bytes: Vec<u8>,
}

/// Why a message cannot be composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The text has more than 256 KiB.
    #[error("the text is longer than {TEXT_BYTES_MAX} bytes")]
    TextTooLong,
    /// The prefix cannot be part of a header's name.
    #[error("the prefix of headers has a character that cannot be there")]
    HeaderPrefix,
}

impl Message {
    /// Composes a message.
    pub fn compose(draft: &Draft<'_>) -> Result<Self, MessageError> {
        if draft.text.len() > TEXT_BYTES_MAX {
            return Err(MessageError::TextTooLong);
        }
        let prefix = draft.header_prefix;
        let is_token = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        if prefix.is_empty() || prefix.len() > PREFIX_BYTES_MAX || !prefix.bytes().all(is_token) {
            return Err(MessageError::HeaderPrefix);
        }
        let body = text::encoded(draft.text);
        let mut message = headers::written(draft, body.encoding);
        message.push_str("\r\n");
        message.push_str(&body.ascii);
        Ok(Self {
            from: draft.from.address.clone(),
            to: draft.to.clone(),
            bytes: message.into_bytes(),
        })
    }

    /// The message as RFC 5322 defines it: headers, an empty line, the body; lines end in CRLF.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
