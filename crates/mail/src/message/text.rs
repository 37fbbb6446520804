//! The body: any text, as lines of ASCII (RFC 2045 section 6). Mail servers on the way may cut long lines,
//! drop white space at the end of a line, and put `>` before `From `. The encodings are chosen so that none
//! of this changes the text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Maximum bytes of a line in an encoded body (RFC 2045 sections 6.7 and 6.8).
const LINE_BYTES_MAX: usize = 76;

/// Bytes that fill a line in base64.
const BASE64_LINE_BYTES: usize = LINE_BYTES_MAX / 4 * 3;

/// A body and the name of its encoding.
pub(super) struct Body {
    pub(super) encoding: &'static str,
    pub(super) ascii: String,
}

/// Encodes a text: as it is if every line is plain and short, as quoted-printable if most of it is ASCII,
/// otherwise in base64, which is shorter then.
pub(super) fn encoded(text: &str) -> Body {
    let text = with_crlf(text);
    if text.split_terminator("\r\n").all(is_plain) {
        return Body {
            encoding: "7bit",
            ascii: text,
        };
    }
    let escaped = text.bytes().filter(|it| !is_printable(*it)).count();
    // Quoted-printable adds two bytes to each of these, base64 a third to all.
    if 6 * escaped <= text.len() {
        Body {
            encoding: "quoted-printable",
            ascii: quoted_printable(&text),
        }
    } else {
        Body {
            encoding: "base64",
            ascii: base64(&text),
        }
    }
}

/// The text with a CRLF for each line break of any kind, and one at its end.
fn with_crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32 + 2);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                out.push_str("\r\n");
            }
            '\n' => out.push_str("\r\n"),
            other => out.push(other),
        }
    }
    if !out.ends_with("\r\n") {
        out.push_str("\r\n");
    }
    out
}

fn is_plain(line: &str) -> bool {
    line.len() <= LINE_BYTES_MAX
        && line.bytes().all(|it| it.is_ascii_graphic() || it == b' ')
        && !line.ends_with(' ')
        && !line.starts_with("From ")
}

/// Whether a byte needs no escape in quoted-printable, leaving aside where it is. Line breaks count as such.
const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'<' | b'>'..=b'~' | b'\t' | b'\r' | b'\n')
}

/// RFC 2045 section 6.7. Also escapes what something on the way might change at the beginning of a line.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.split_terminator("\r\n") {
        let bytes = line.as_bytes();
        let mut column = 0;
        for (at, byte) in bytes.iter().copied().enumerate() {
            let is_last = at + 1 == bytes.len();
            let mut is_literal = is_literal(byte, is_last);
            let needed = if is_literal { 1 } else { 3 };
            // The last column is for the `=` of a soft line break.
            if column + needed > LINE_BYTES_MAX - 1 {
                out.push_str("=\r\n");
                column = 0;
            }
            if column == 0 && is_at_risk(&bytes[at..]) {
                is_literal = false;
            }
            if is_literal {
                out.push(char::from(byte));
                column += 1;
            } else {
                out.push_str(&format!("={byte:02X}"));
                column += 3;
            }
        }
        out.push_str("\r\n");
    }
    out
}

const fn is_literal(byte: u8, is_last: bool) -> bool {
    match byte {
        b' ' | b'\t' => !is_last,
        b'\r' | b'\n' => false,
        other => is_printable(other),
    }
}

/// Whether a line that begins like this may be changed on the way.
fn is_at_risk(line: &[u8]) -> bool {
    line.starts_with(b".") || line.starts_with(b"From ")
}

fn base64(text: &str) -> String {
    let mut out = String::with_capacity(text.len() / 3 * 4 + text.len() / 20 + 8);
    for part in text.as_bytes().chunks(BASE64_LINE_BYTES) {
        STANDARD.encode_string(part, &mut out);
        out.push_str("\r\n");
    }
    out
}
