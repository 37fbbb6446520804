//! How a body can change between the sender and the code that signs it.

use std::borrow::Cow;

use postrider_json::inspect;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::printer::{self, ADVICE, Printer};

/// The body at hand, parsed once.
pub struct Body<'a> {
    bytes: &'a [u8],
    json: Option<Value>,
}

impl<'a> Body<'a> {
    /// Parses the body, if it is JSON.
    pub fn new(bytes: &'a [u8]) -> Self {
        let json = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        Self {
            bytes,
            json: serde_json::from_slice(json).ok(),
        }
    }

    /// The body as it is.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

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
    CarriageReturnsAdded,
    /// CR LF that became line feeds, as in a text area of a browser.
    CarriageReturnsRemoved,
    /// JSON inside a JSON string.
    EncodedTwice,
    /// The body was signed as a JSON string.
    SignedAsString,
    /// UTF-8 that was read as Latin-1 and encoded again, or Latin-1 that was signed instead of UTF-8.
    Mojibake,
    /// Nothing was signed.
    Empty,
    /// An empty object was signed, as frameworks have it if no parser read the body.
    EmptyObject,
    /// An object was signed after JavaScript had turned it into text.
    ObjectAsText,
    /// Only the member `data` was signed.
    DataAlone,
    /// Only the member `data` was signed, parsed and printed again.
    DataPrinted(&'static Printer),
    /// The body without white space between its tokens was signed.
    WhiteSpaceRemoved,
    /// The members of the envelope were sorted after signing.
    EnvelopeSorted,
    /// The body was parsed and printed again.
    Printed(&'static Printer),
}

/// Alterations other than [`Alteration::Printed`], the simplest first.
const PLAIN: [Alteration; 14] = [
    Alteration::None,
    Alteration::LineBreakAdded,
    Alteration::LineBreakRemoved,
    Alteration::ByteOrderMarkAdded,
    Alteration::ByteOrderMarkRemoved,
    Alteration::CarriageReturnsAdded,
    Alteration::CarriageReturnsRemoved,
    Alteration::EncodedTwice,
    Alteration::SignedAsString,
    Alteration::Mojibake,
    Alteration::Empty,
    Alteration::EmptyObject,
    Alteration::ObjectAsText,
    Alteration::DataAlone,
];

/// The likeliest changes of a body that was parsed.
static PARSED: [Alteration; 8] = [
    Alteration::Printed(&printer::JS),
    Alteration::Printed(&printer::PYTHON),
    Alteration::WhiteSpaceRemoved,
    Alteration::EnvelopeSorted,
    Alteration::Printed(&printer::PHP),
    Alteration::DataPrinted(&printer::JS),
    Alteration::DataPrinted(&printer::PYTHON),
    Alteration::DataPrinted(&printer::PHP),
];

impl Alteration {
    /// All alterations, the simplest first: the first that explains a signature is reported.
    pub fn all() -> impl Iterator<Item = Self> {
        let others = printer::OTHERS.iter().map(Self::Printed);
        PLAIN.into_iter().chain(PARSED.iter().copied()).chain(others)
    }

    /// The body that may have been signed, given the body at hand; `None` if the change makes no difference.
    pub fn undone<'a>(self, body: &Body<'a>) -> Option<Cow<'a, [u8]>> {
        let bytes = body.bytes;
        let signed: Cow<'_, [u8]> = match self {
            Self::None => return Some(Cow::Borrowed(bytes)),
            Self::LineBreakAdded => {
                let bytes = bytes.strip_suffix(b"\n")?;
                Cow::Borrowed(bytes.strip_suffix(b"\r").unwrap_or(bytes))
            }
            Self::LineBreakRemoved => Cow::Owned([bytes, b"\n"].concat()),
            Self::ByteOrderMarkAdded => Cow::Borrowed(bytes.strip_prefix(BYTE_ORDER_MARK)?),
            Self::ByteOrderMarkRemoved => Cow::Owned([BYTE_ORDER_MARK, bytes].concat()),
            Self::CarriageReturnsAdded => Cow::Owned(text(bytes)?.replace("\r\n", "\n").into_bytes()),
            Self::CarriageReturnsRemoved => Cow::Owned(with_carriage_returns(text(bytes)?)),
            Self::EncodedTwice => Cow::Owned(body.json.as_ref()?.as_str()?.as_bytes().to_vec()),
            Self::SignedAsString => Cow::Owned(serde_json::to_vec(text(bytes)?).ok()?),
            Self::Mojibake => Cow::Owned(latin1(text(bytes)?)?),
            Self::Empty => Cow::Borrowed(b""),
            Self::EmptyObject => Cow::Borrowed(b"{}"),
            Self::ObjectAsText => Cow::Borrowed(b"[object Object]"),
            Self::DataAlone => Cow::Borrowed(data(bytes)?),
            Self::DataPrinted(printer) => Cow::Owned(printer.print(body.json.as_ref()?.get("data")?)?),
            Self::WhiteSpaceRemoved => Cow::Owned(without_white_space(text(bytes)?)?),
            Self::EnvelopeSorted => Cow::Owned(envelope_order(body.json.as_ref()?)?),
            Self::Printed(printer) => Cow::Owned(printer.print(body.json.as_ref()?)?),
        };
        (*signed != *bytes).then_some(signed)
    }

    /// The rest of the sentence "It matches …", and what to do; `None` for no change.
    pub fn meaning(self, body: &Body<'_>) -> Option<String> {
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
            Self::CarriageReturnsAdded => "the body with plain line feeds: something turned them into CR LF.",
            Self::CarriageReturnsRemoved => {
                "the body with CR LF at the end of its lines: something turned them into plain line feeds."
            }
            Self::EncodedTwice => {
                "the text inside the JSON string that the body is: something serialised it once more, as \
                 `JSON.stringify(text)` does."
            }
            Self::SignedAsString => {
                "the body as a JSON string: the code that signs serialises the text once more, as \
                 `JSON.stringify(text)` does. Sign the text itself."
            }
            Self::Mojibake => {
                "the body in Latin-1: something read its UTF-8 as Latin-1, or encoded it as Latin-1. Treat the body as \
                 bytes, not as text."
            }
            Self::Empty => {
                "an empty body: something else had read the body before it was signed. Read the raw body first."
            }
            Self::EmptyObject => {
                "the text `{}`: the framework had parsed nothing, for instance because no parser is set for the \
                 content type. Sign the raw bytes, not the parsed body."
            }
            Self::ObjectAsText => {
                "the text `[object Object]`: the body was parsed first, and JavaScript turned the object into text. \
                 Sign the raw bytes."
            }
            Self::DataAlone => {
                "the member `data` alone. Sign the whole body as received, or set the action's body to `data`."
            }
            Self::DataPrinted(_) | Self::WhiteSpaceRemoved | Self::EnvelopeSorted | Self::Printed(_) => {
                return Some(format!(
                    "{} {ADVICE}{}",
                    self.print_meaning(body)?,
                    self.way_out()
                ));
            }
        };
        Some(meaning.to_owned())
    }

    /// The same of a body that was parsed and printed again; `None` for other changes.
    fn print_meaning(self, body: &Body<'_>) -> Option<String> {
        Some(match self {
            Self::DataPrinted(printer) => {
                format!("the member `data` alone, as {} prints it.", printer.name)
            }
            Self::WhiteSpaceRemoved => "the body without white space between its tokens.".to_owned(),
            Self::EnvelopeSorted => {
                "the body with its members in the order id, type, timestamp, data.".to_owned()
            }
            Self::Printed(printer) => {
                let names = printer.names(body.json.as_ref()?);
                format!("the body as {names} prints it.")
            }
            _ => return None,
        })
    }

    /// What else to do than to sign the bytes as received.
    fn way_out(self) -> &'static str {
        match self {
            Self::Printed(printer) if *printer == printer::PYTHON => {
                " If that is impossible in Python, set the action's body style to `python`: Postrider then sends what \
                 `json.dumps` prints."
            }
            _ => "",
        }
    }
}

fn text(body: &[u8]) -> Option<&str> {
    std::str::from_utf8(body).ok()
}

/// With CR LF for every line break.
pub fn with_carriage_returns(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
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

/// The JSON text without white space outside its strings.
fn without_white_space(json: &str) -> Option<Vec<u8>> {
    inspect(json).ok()?;
    let (mut in_string, mut is_escaped) = (false, false);
    let kept = json.bytes().filter(|byte| {
        let keep = in_string || !byte.is_ascii_whitespace();
        in_string ^= *byte == b'"' && !is_escaped;
        is_escaped = in_string && *byte == b'\\' && !is_escaped;
        keep
    });
    Some(kept.collect())
}

/// An envelope with its members in the order in which Postrider sends them, printed by `JSON.stringify`.
fn envelope_order(json: &Value) -> Option<Vec<u8>> {
    let members = json.as_object()?;
    if members.len() != ENVELOPE.len() {
        return None;
    }
    let ordered: Option<serde_json::Map<String, Value>> = ENVELOPE
        .iter()
        .map(|name| Some(((*name).to_owned(), members.get(*name)?.clone())))
        .collect();
    printer::JS.print(&Value::Object(ordered?))
}

/// The members of an envelope, in their order.
pub const ENVELOPE: [&str; 4] = ["id", "type", "timestamp", "data"];
