//! How a body can change between the sender and the code that signs it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::printer::Printer;

/// A change of the body that can be undone or repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alteration {
    /// No change: the body as given.
    None,
    /// An additional line break at the end.
    LineBreakAdded,
    /// A missing line break at the end.
    LineBreakRemoved,
    /// A byte order mark at the start that was not signed.
    ByteOrderMarkAdded,
    /// A missing byte order mark that was signed.
    ByteOrderMarkRemoved,
    /// Line feeds that became CR LF, as on Windows.
    CarriageReturns,
    /// JSON inside a JSON string.
    EncodedTwice,
    /// UTF-8 that was read as Latin-1 and encoded again, or Latin-1 that was signed instead of UTF-8.
    Mojibake,
    /// Nothing was signed.
    Empty,
    /// An object was signed after JavaScript had turned it into text.
    ObjectAsText,
    /// Only the member `data` was signed.
    DataAlone,
    /// The body was parsed and printed again.
    Printed(Printer),
}

/// Alterations other than [`Alteration::Printed`], the simplest first.
const PLAIN: [Alteration; 11] = [
    Alteration::None,
    Alteration::LineBreakAdded,
    Alteration::LineBreakRemoved,
    Alteration::ByteOrderMarkAdded,
    Alteration::ByteOrderMarkRemoved,
    Alteration::CarriageReturns,
    Alteration::EncodedTwice,
    Alteration::Mojibake,
    Alteration::Empty,
    Alteration::ObjectAsText,
    Alteration::DataAlone,
];

impl Alteration {
    /// All alterations, the simplest first: the first that explains a signature is reported.
    pub fn all() -> impl Iterator<Item = Self> {
        PLAIN.into_iter().chain(Printer::ALL.map(Self::Printed))
    }

    /// The body that may have been signed, given the body at hand; `None` if the change makes no difference.
    pub fn undone(self, body: &[u8]) -> Option<Cow<'_, [u8]>> {
        let signed: Cow<'_, [u8]> = match self {
            Self::None => return Some(Cow::Borrowed(body)),
            Self::LineBreakAdded => {
                let body = body.strip_suffix(b"\n")?;
                Cow::Borrowed(body.strip_suffix(b"\r").unwrap_or(body))
            }
            Self::LineBreakRemoved => Cow::Owned([body, b"\n"].concat()),
            Self::ByteOrderMarkAdded => Cow::Borrowed(body.strip_prefix("\u{feff}".as_bytes())?),
            Self::ByteOrderMarkRemoved => Cow::Owned(["\u{feff}".as_bytes(), body].concat()),
            Self::CarriageReturns => Cow::Owned(text(body)?.replace("\r\n", "\n").into_bytes()),
            Self::EncodedTwice => Cow::Owned(serde_json::from_slice::<String>(body).ok()?.into_bytes()),
            Self::Mojibake => Cow::Owned(latin1(text(body)?)?),
            Self::Empty => Cow::Borrowed(b""),
            Self::ObjectAsText => Cow::Borrowed(b"[object Object]"),
            Self::DataAlone => Cow::Borrowed(data(body)?),
            Self::Printed(printer) => Cow::Owned(printer.print(text(body)?)?),
        };
        (*signed != *body).then_some(signed)
    }

    /// The rest of the sentence "It matches …", and what to do; `None` for no change.
    pub fn meaning(self) -> Option<String> {
        let meaning = match self {
            Self::None => return None,
            Self::LineBreakAdded => {
                "the body without the line break at its end: an editor, `echo` or a log added it. Save the bytes as \
                 they were received (`printf %s`, not `echo`)."
            }
            Self::LineBreakRemoved => {
                "the body with a line break at its end: `$(…)` in a shell, or trimming, cut it off."
            }
            Self::ByteOrderMarkAdded => {
                "the body without the byte order mark at its start: an editor added it."
            }
            Self::ByteOrderMarkRemoved => {
                "the body with a byte order mark in front: an editor or an encoder added it before signing."
            }
            Self::CarriageReturns => "the body with plain line feeds: something turned them into CR LF.",
            Self::EncodedTwice => {
                "the text inside the JSON string that the body is: something serialised it once more, as \
                 `JSON.stringify(text)` does."
            }
            Self::Mojibake => {
                "the body in Latin-1: something read its UTF-8 as Latin-1, or encoded it as Latin-1. Treat the body as \
                 bytes, not as text."
            }
            Self::Empty => {
                "an empty body: something else had read the body before it was signed. Read the raw body first."
            }
            Self::ObjectAsText => {
                "the text `[object Object]`: the body was parsed first, and JavaScript turned the object into text. \
                 Sign the raw bytes."
            }
            Self::DataAlone => {
                "the member `data` alone. Sign the whole body as received, or set the action's body to `data`."
            }
            Self::Printed(printer) => return Some(format!("{}. {}", printer.meaning(), printer.advice())),
        };
        Some(meaning.to_owned())
    }
}

fn text(body: &[u8]) -> Option<&str> {
    std::str::from_utf8(body).ok()
}

/// The bytes of a text that is all Latin-1 and not all ASCII.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

/// The bytes of the member `data`.
fn data(body: &[u8]) -> Option<&[u8]> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    Some(envelope.data.get().as_bytes())
}
