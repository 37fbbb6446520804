//! The headers of a message.
//!
//! To add a header, add a line to [`written`]. A value that is not a type with an alphabet of its own goes
//! through [`words`], which encodes it (RFC 2047).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_model::Timestamp;

use super::{Draft, SUBJECT_CHARS_MAX};

/// Bytes after which a header continues in the next line. RFC 5322 section 2.1.1 recommends at most 78, and
/// RFC 2047 section 2 permits 76 to a line with an encoded word.
const LINE_BYTES: usize = 76;

/// Bytes of text in an encoded word: 52 in base64. With the 12 around them, and `Subject: ` before the first
/// one, a line is full.
const ENCODED_WORD_BYTES: usize = 39;

/// Longest word that goes out as it is; `Subject: ` may stand before it in the line.
const PLAIN_WORD_BYTES: usize = 66;

/// All headers, each with its CRLF.
pub(super) fn written(draft: &Draft<'_>, encoding: &str) -> String {
    let mut out = String::with_capacity(1_024);
    let address = &draft.from.address;
    let mut from = draft.from.name.as_deref().map_or_else(Vec::new, phrase);
    from.push(format!("<{address}>"));
    header(&mut out, "From", &from);
    let to = draft.to.as_slice();
    let separated = to.iter().enumerate().map(|(at, it)| {
        let comma = if at + 1 < to.len() { "," } else { "" };
        format!("{it}{comma}")
    });
    header(&mut out, "To", &separated.collect::<Vec<_>>());
    header(&mut out, "Subject", &words(&shortened(draft.subject)));
    line(&mut out, "Date", &date(draft.date));
    let id = format!("<{}@{}>", draft.delivery, address.domain());
    line(&mut out, "Message-ID", &id);
    line(&mut out, "Auto-Submitted", "auto-generated");
    // Exchange answers a message that is only auto-submitted with notices of absence.
    line(&mut out, "X-Auto-Response-Suppress", "OOF, AutoReply");
    let ours = |name: &str| format!("{}-{name}", draft.header_prefix);
    line(&mut out, &ours("Event-Type"), draft.event_type.as_str());
    line(&mut out, &ours("Delivery-Id"), &draft.delivery.to_string());
    line(&mut out, "MIME-Version", "1.0");
    line(&mut out, "Content-Type", "text/plain; charset=utf-8");
    line(&mut out, "Content-Transfer-Encoding", encoding);
    out
}

fn line(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(": ");
    out.push_str(value);
    out.push_str("\r\n");
}

/// Writes words with single spaces between them. A line break comes before a space, where readers drop it.
fn header(out: &mut String, name: &str, words: &[String]) {
    out.push_str(name);
    out.push(':');
    let mut length = name.len() + 1;
    for (at, word) in words.iter().enumerate() {
        if at > 0 && length + 1 + word.len() > LINE_BYTES {
            out.push_str("\r\n");
            length = 0;
        }
        out.push(' ');
        out.push_str(word);
        length += 1 + word.len();
    }
    out.push_str("\r\n");
}

/// The subject on one line, trimmed, and cut to [`SUBJECT_CHARS_MAX`].
fn shortened(subject: &str) -> String {
    let subject = on_one_line(subject);
    let subject = subject.trim();
    let Some((end, _)) = subject.char_indices().nth(SUBJECT_CHARS_MAX) else {
        return subject.to_owned();
    };
    let (cut, _) = subject[..end].char_indices().next_back().unwrap_or_default();
    format!("{}…", &subject[..cut])
}

/// The text with spaces in place of control characters and line breaks, a CRLF counting as one.
fn on_one_line(text: &str) -> String {
    let is_break = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
    text.replace("\r\n", " ")
        .chars()
        .map(|it| if is_break(it) { ' ' } else { it })
        .collect()
}

/// A text as words of a header: itself if that reads back the same, otherwise encoded.
fn words(text: &str) -> Vec<String> {
    let is_plain = text.is_ascii() && !text.contains("=?") && !text.contains("  ");
    if is_plain && text.split(' ').all(|word| word.len() <= PLAIN_WORD_BYTES) {
        return text.split(' ').map(str::to_owned).collect();
    }
    encoded_words(text)
}

/// A name before an address: a quoted string, or encoded words.
fn phrase(name: &str) -> Vec<String> {
    let name = on_one_line(name);
    if !name.is_ascii() || name.contains("=?") || name.len() > PLAIN_WORD_BYTES {
        return encoded_words(&name);
    }
    let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
    vec![format!("\"{escaped}\"")]
}

/// RFC 2047 section 4.1. Readers drop the white space between two encoded words, so the parts join again;
/// none begins within a character.
fn encoded_words(text: &str) -> Vec<String> {
    let mut encoded = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(ENCODED_WORD_BYTES));
        encoded.push(format!("=?utf-8?B?{}?=", STANDARD.encode(part)));
        rest = after;
    }
    encoded
}

/// A time as in RFC 5322 section 3.3.
fn date(time: Timestamp) -> String {
    let Ok(time) = jiff::Timestamp::from_second(time.unix_s()) else {
        // Outside jiff's range, which no clock reaches.
        return "Thu, 01 Jan 1970 00:00:00 +0000".to_owned();
    };
    time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
