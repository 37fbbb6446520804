//! Splits a template into text and tags, and tags into tokens.

use std::borrow::Cow;

use super::TemplateFault;

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'s> {
    pub(super) what: What,
    /// The piece as written, with its delimiters.
    pub(super) text: &'s str,
    /// Bytes before the piece.
    offset: usize,
    /// The text between the delimiters and their hyphens.
    pub(super) inner: &'s str,
    /// Bytes before `inner`.
    pub(super) inner_offset: usize,
    /// Whether white space before or after the tag is removed, by a hyphen beside the delimiter.
    trims: (bool, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Text that goes to the output.
    Literal,
    /// `{{ … }}`
    Print,
    /// `{% … %}`
    Statement,
    /// `{# … #}`, `{% raw %}` and `{% endraw %}`, which print nothing.
    Silent,
}

impl<'s> Piece<'s> {
    /// What was removed before and after the `inner` of a literal.
    pub(super) fn removed(&self) -> (&'s str, &'s str) {
        let start = self.inner_offset - self.offset;
        (&self.text[..start], &self.text[start + self.inner.len()..])
    }
}

/// Splits a template at its tags. The pieces' texts, one after the other, are the source.
pub(super) fn split(source: &str) -> Result<Vec<Piece<'_>>, TemplateFault> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(start) = next_tag(source, at) {
        literal(source, at, start, &mut pieces);
        let mut tag = tag_at(source, start)?;
        at = start + tag.text.len();
        if tag.what == What::Statement && tag.inner.trim() == "raw" {
            tag.what = What::Silent;
            pieces.push(tag);
            let end = end_of_raw(source, at).ok_or_else(|| unclosed(source, start, "`{% raw %}`"))?;
            literal(source, at, end.offset, &mut pieces);
            at = end.offset + end.text.len();
            pieces.push(end);
        } else {
            pieces.push(tag);
        }
    }
    literal(source, at, source.len(), &mut pieces);
    trim(&mut pieces);
    Ok(pieces)
}

/// The literal text of a piece is its `inner`, from which white space was removed as the tags beside it say.
fn trim(pieces: &mut [Piece<'_>]) {
    for at in 0..pieces.len() {
        if pieces[at].what != What::Literal {
            continue;
        }
        let mut text = pieces[at].inner;
        if at > 0 && pieces[at - 1].trims.1 {
            let trimmed = text.trim_start();
            pieces[at].inner_offset += text.len() - trimmed.len();
            text = trimmed;
        }
        if pieces.get(at + 1).is_some_and(|next| next.trims.0) {
            text = text.trim_end();
        }
        pieces[at].inner = text;
    }
}

fn literal<'s>(source: &'s str, start: usize, end: usize, pieces: &mut Vec<Piece<'s>>) {
    if start < end {
        pieces.push(Piece {
            what: What::Literal,
            text: &source[start..end],
            offset: start,
            inner: &source[start..end],
            inner_offset: start,
            trims: (false, false),
        });
    }
}

fn next_tag(source: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += source[at..].find('{')?;
        if matches!(source.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')) {
            return Some(at);
        }
        at += 1;
    }
}

/// The tag that starts at `start`.
fn tag_at(source: &str, start: usize) -> Result<Piece<'_>, TemplateFault> {
    let (what, end, name) = match source.as_bytes()[start + 1] {
        b'{' => (What::Print, end_of_code(source, start + 2, true), "`{{`"),
        b'%' => (What::Statement, end_of_code(source, start + 2, false), "`{%`"),
        _ => (
            What::Silent,
            source[start + 2..].find("#}").map(|length| start + 2 + length),
            "`{#`",
        ),
    };
    let end = end.ok_or_else(|| unclosed(source, start, name))?;
    let (mut inner_start, mut inner_end) = (start + 2, end);
    let before = source[inner_start..inner_end].starts_with('-');
    inner_start += usize::from(before);
    let after = source[inner_start..inner_end].ends_with('-');
    inner_end -= usize::from(after);
    Ok(Piece {
        what,
        text: &source[start..end + 2],
        offset: start,
        inner: &source[inner_start..inner_end],
        inner_offset: inner_start,
        trims: (before, after),
    })
}

/// Where the delimiter is that ends the code from `at` on: outside quotes and, for `}}`, outside braces.
fn end_of_code(source: &str, mut at: usize, prints: bool) -> Option<usize> {
    let bytes = source.as_bytes();
    let (mut quote, mut braces) = (None, 0_usize);
    while at + 1 < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, b'}') if prints && braces == 0 && bytes[at + 1] == b'}' => return Some(at),
            (None, b'%') if !prints && bytes[at + 1] == b'}' => return Some(at),
            (None, b'{') => braces += 1,
            (None, b'}') => braces = braces.saturating_sub(1),
            (None, _) => {}
        }
        at += 1;
    }
    None
}

/// The `{% endraw %}` after `from`.
fn end_of_raw(source: &str, from: usize) -> Option<Piece<'_>> {
    let mut at = from;
    loop {
        at += source[at..].find("{%")?;
        let code = source[at + 2..].trim_start_matches('-').trim_start();
        if code.starts_with("endraw")
            && let Ok(mut tag) = tag_at(source, at)
            && tag.inner.trim() == "endraw"
        {
            tag.what = What::Silent;
            return Some(tag);
        }
        at += 2;
    }
}

fn unclosed(source: &str, start: usize, name: &str) -> TemplateFault {
    fault_at(source, start, format!("{name} is not closed"))
}

/// A fault at this offset of the source.
pub(super) fn fault_at(source: &str, offset: usize, message: impl Into<String>) -> TemplateFault {
    let before = &source[..source.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    TemplateFault {
        line: 1 + before.matches('\n').count(),
        column: Some(1 + before[line_start..].chars().count()),
        message: message.into(),
    }
}

/// A token of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'s> {
    Name(&'s str),
    /// A number of JSON's grammar, without a sign.
    Number(&'s str),
    /// A string, unescaped.
    Text(Cow<'s, str>),
    Symbol(&'static str),
}

/// Longest first.
const SYMBOLS: [&str; 26] = [
    "//", "**", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "|", "~", "=", "<", ">",
    "+", "-", "*", "/", "%", ";",
];

/// Returns the tokens of a tag with their offsets in the source.
pub(super) fn tokens<'s>(
    source: &'s str,
    piece: &Piece<'s>,
) -> Result<Vec<(Token<'s>, usize)>, TemplateFault> {
    let mut tokens = Vec::new();
    let (start, end) = (piece.inner_offset, piece.inner_offset + piece.inner.len());
    let mut at = start;
    while let Some(first) = source[at..end].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let rest = &source[at..end];
        let (token, length) = if first.is_alphabetic() || first == '_' {
            let length = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            (Token::Name(&rest[..length]), length)
        } else if first.is_ascii_digit() {
            let length = number_length(rest);
            (Token::Number(&rest[..length]), length)
        } else if matches!(first, '"' | '\'') {
            let length =
                text_length(rest).ok_or_else(|| fault_at(source, at, "the text has no closing quote"))?;
            (Token::Text(unescaped(&rest[1..length - 1])), length)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            return Err(fault_at(source, at, format!("`{first}` is not expected here")));
        };
        tokens.push((token, at));
        at += length;
    }
    Ok(tokens)
}

/// The length of the number at the start of `text`: `data.items.0.name` and `1.5e3` are told apart.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if end + 1 + sign < bytes.len() && digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    end
}

/// The length of the quoted text at the start of `text`, with its quotes.
fn text_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == bytes[0] => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Resolves the escapes of Python's string literals that JSON has too. Others stay as they are, as in Python.
fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escaped) = rest.chars().next() else {
            break;
        };
        rest = &rest[escaped.len_utf8()..];
        match escaped {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            '\\' | '"' | '\'' => text.push(escaped),
            'u' => match rest
                .get(..4)
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            {
                Some(unit) => {
                    text.push(char::from_u32(unit).unwrap_or('\u{fffd}'));
                    rest = &rest[4..];
                }
                None => text.push_str("\\u"),
            },
            other => {
                text.push('\\');
                text.push(other);
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}
