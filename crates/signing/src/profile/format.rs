//! Formats: text with placeholders, such as `t={timestamp},v1={hex}`. Parsed once, then rendered for each
//! attempt and matched against what a receiver got.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_model::hex;

/// Most bytes of a format's text. The longest value of the built-in profiles has 26.
pub const FORMAT_BYTES_MAX: usize = 256;

/// What a format can hold in place of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `{id}`: the event's id.
    Id,
    /// `{timestamp}`: the time of the attempt, in Unix seconds.
    Timestamp,
    /// `{body}`: the bytes of the body.
    Body,
    /// `{hex}`: the signature, in lowercase hexadecimal.
    Hex,
    /// `{base64}`: the signature, in base64 with padding (RFC 4648 section 4).
    Base64,
}

/// Text that is not a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is longer than [`FORMAT_BYTES_MAX`].
    #[error("at most {FORMAT_BYTES_MAX} bytes")]
    TooLong,
    /// There is no such placeholder.
    #[error("`{{{0}}}` is unknown; use {{id}}, {{timestamp}}, {{body}}, {{hex}} or {{base64}}")]
    Unknown(String),
    /// A placeholder occurs more than once.
    #[error("`{0}` can occur once")]
    Repeated(Placeholder),
    /// A brace that neither begins nor ends a placeholder.
    #[error("a brace that belongs to no placeholder; write `{{{{` or `}}}}` for the character itself")]
    LoneBrace,
}

/// A parsed format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Format(pub(super) Vec<Piece>);

/// A piece of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Hole(Placeholder),
}

/// What a received value holds in the places of a format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Captured<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) timestamp: Option<&'a str>,
    /// In the form of [`Format::signature_form`].
    pub(super) signature: Option<&'a str>,
}

impl Placeholder {
    const ALL: [Self; 5] = [Self::Id, Self::Timestamp, Self::Body, Self::Hex, Self::Base64];

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Timestamp => "timestamp",
            Self::Body => "body",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }

    /// Characters of a signature of this many bytes.
    pub(super) fn signature_len(self, bytes: usize) -> usize {
        match self {
            Self::Hex => 2 * bytes,
            _ => 4 * bytes.div_ceil(3),
        }
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.name())
    }
}

impl Format {
    pub(super) fn parse(text: &str) -> Result<Self, FormatError> {
        if text.len() > FORMAT_BYTES_MAX {
            return Err(FormatError::TooLong);
        }
        let mut format = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            format.push_text(before);
            rest = &brace[1..];
            let doubled = &brace[..1];
            if let Some(after) = rest.strip_prefix(doubled) {
                format.push_text(doubled);
                rest = after;
                continue;
            }
            let (name, after) = match doubled {
                "{" => rest.split_once('}').ok_or(FormatError::LoneBrace)?,
                _ => return Err(FormatError::LoneBrace),
            };
            format.push_hole(name)?;
            rest = after;
        }
        format.push_text(rest);
        Ok(format)
    }

    fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    fn push_hole(&mut self, name: &str) -> Result<(), FormatError> {
        let hole = Placeholder::ALL.into_iter().find(|hole| hole.name() == name);
        let hole = hole.ok_or_else(|| FormatError::Unknown(name.to_owned()))?;
        if self.has(hole) {
            return Err(FormatError::Repeated(hole));
        }
        self.0.push(Piece::Hole(hole));
        Ok(())
    }

    pub(super) fn has(&self, hole: Placeholder) -> bool {
        self.0.contains(&Piece::Hole(hole))
    }

    /// Which form the signature has, if the format holds one.
    pub(super) fn signature_form(&self) -> Option<Placeholder> {
        [Placeholder::Hex, Placeholder::Base64]
            .into_iter()
            .find(|form| self.has(*form))
    }

    /// The formats between separators, which stand in text only.
    pub(super) fn split(&self, separator: char) -> Vec<Self> {
        let mut formats = vec![Self::default()];
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => {
                    for (at, part) in text.split(separator).enumerate() {
                        if at > 0 {
                            formats.push(Self::default());
                        }
                        formats.last_mut().expect("it began with one").push_text(part);
                    }
                }
                hole => formats
                    .last_mut()
                    .expect("it began with one")
                    .0
                    .push(hole.clone()),
            }
        }
        formats
    }

    /// Appends the rendered format, with this signature.
    pub(super) fn render(&self, id: &str, timestamp: &str, signature: &[u8], out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Hole(Placeholder::Id) => out.push_str(id),
                Piece::Hole(Placeholder::Timestamp) => out.push_str(timestamp),
                Piece::Hole(Placeholder::Hex) => hex::append(signature, out),
                Piece::Hole(Placeholder::Base64) => STANDARD.encode_string(signature, out),
                Piece::Hole(Placeholder::Body) => unreachable!("no value holds the body"),
            }
        }
    }

    /// The bytes of signed content.
    pub(super) fn parts<'a>(
        &'a self,
        id: &'a str,
        timestamp: &'a str,
        body: &'a [u8],
    ) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().map(move |piece| match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Hole(Placeholder::Id) => id.as_bytes(),
            Piece::Hole(Placeholder::Timestamp) => timestamp.as_bytes(),
            Piece::Hole(Placeholder::Body) => body,
            Piece::Hole(Placeholder::Hex | Placeholder::Base64) => {
                unreachable!("no content holds its signature")
            }
        })
    }

    /// The bytes that [`Self::render`] appends, with these lengths of what it inserts.
    pub(super) fn rendered_len(&self, id: usize, timestamp: usize, signature: usize) -> usize {
        let len = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Hole(Placeholder::Id) => id,
            Piece::Hole(Placeholder::Timestamp) => timestamp,
            Piece::Hole(_) => signature,
        };
        self.0.iter().map(len).sum()
    }

    /// What `value` holds in the places of this format, or `None` if it does not have the format. The
    /// signature has `signature_len` characters. An id is what remains between the other pieces.
    pub(super) fn capture<'a>(&self, value: &'a str, signature_len: usize) -> Option<Captured<'a>> {
        let mut captured = Captured::default();
        let mut rest = value;
        let id = self
            .0
            .iter()
            .position(|piece| *piece == Piece::Hole(Placeholder::Id));
        let (left, right) = self.0.split_at(id.unwrap_or(self.0.len()));
        for piece in left {
            let end = piece.len_at_start(rest, signature_len)?;
            let (taken, after) = rest.split_at_checked(end)?;
            captured.keep(piece, taken);
            rest = after;
        }
        for piece in right.iter().skip(1).rev() {
            let start = rest.len().checked_sub(piece.len_at_end(rest, signature_len)?)?;
            let (before, taken) = rest.split_at_checked(start)?;
            captured.keep(piece, taken);
            rest = before;
        }
        if id.is_some() {
            captured.id = Some(rest).filter(|id| !id.is_empty());
            return captured.id.map(|_| captured);
        }
        rest.is_empty().then_some(captured)
    }
}

impl Piece {
    fn len_at_start(&self, rest: &str, signature_len: usize) -> Option<usize> {
        match self {
            Self::Text(text) => rest.starts_with(&**text).then_some(text.len()),
            Self::Hole(Placeholder::Timestamp) => digits(rest.bytes()),
            Self::Hole(_) => Some(signature_len),
        }
    }

    fn len_at_end(&self, rest: &str, signature_len: usize) -> Option<usize> {
        match self {
            Self::Text(text) => rest.ends_with(&**text).then_some(text.len()),
            Self::Hole(Placeholder::Timestamp) => digits(rest.bytes().rev()),
            Self::Hole(_) => Some(signature_len),
        }
    }
}

/// How many digits `bytes` begin with; at least one.
fn digits(bytes: impl Iterator<Item = u8>) -> Option<usize> {
    let count = bytes.take_while(u8::is_ascii_digit).count();
    (count > 0).then_some(count)
}

impl<'a> Captured<'a> {
    fn keep(&mut self, piece: &Piece, taken: &'a str) {
        match piece {
            Piece::Hole(Placeholder::Timestamp) => self.timestamp = Some(taken),
            Piece::Hole(_) => self.signature = Some(taken),
            Piece::Text(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_doubled_and_placeholders_known_and_used_once() {
        let format = Format::parse("{{a}}t={timestamp},{hex}").unwrap();
        let mut out = String::new();
        format.render("", "5", &[255], &mut out);
        assert_eq!(out, "{a}t=5,ff");
        assert_eq!(out.len(), format.rendered_len(0, 1, 2));
        for (text, error) in [
            ("{time}", FormatError::Unknown("time".to_owned())),
            ("{hex}{hex}", FormatError::Repeated(Placeholder::Hex)),
            ("{hex", FormatError::LoneBrace),
            ("a}", FormatError::LoneBrace),
            (&"x".repeat(257), FormatError::TooLong),
        ] {
            assert_eq!(Format::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_value_is_captured_whatever_its_id_holds() {
        let format = Format::parse("{timestamp}.{id}.{hex}!").unwrap();
        let captured = format.capture("17.a.b.ff!", 2).unwrap();
        assert_eq!(
            captured,
            Captured {
                id: Some("a.b"),
                timestamp: Some("17"),
                signature: Some("ff"),
            }
        );
        for other in ["17..ff!", "x.a.ff!", "17.a.ff", "", "17.é!", "17.a.éff!x"] {
            assert_eq!(format.capture(other, 2), None, "{other}");
        }
    }
}
