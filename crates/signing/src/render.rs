//! Bodies: the bytes that are signed and sent.
//!
//! [`render_value`] prints a JSON text in a style; [`render_body`] wraps it in the envelope or in a
//! CloudEvent. Rendering does not decide whether re-serialising is safe:
//! [`inspect`](postrider_json::inspect) decides that once, when an event is accepted, and [`BodyParts`]
//! carries the result. Data that is not lossless is sent as the producer wrote it.
//!
//! To add a style: extend `BodyStyle` in `postrider-model`, add a file beside `render/python.rs` with a
//! visitor and an escaper of strings, and name both in the matches of this file.

mod js;
mod python;

use postrider_model::FixedPoints;
use postrider_model::body::{BodyContent, BodyStyle};
use postrider_model::cloud_events::Attribute;

use postrider_json::scan::is_space;
use postrider_json::string::array_index;

/// The parts of a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyParts<'a> {
    /// The event's id.
    pub id: &'a str,
    /// The event's type, such as `proposal.accepted`.
    pub event_type: &'a str,
    /// The event's time: RFC 3339 in UTC, with milliseconds.
    pub timestamp: &'a str,
    /// The producer's JSON text, which [`inspect`](postrider_json::inspect) accepted.
    pub data: &'a str,
    /// Whether inspection found that re-serialising `data` loses nothing. If false, the raw style is used.
    pub lossless: bool,
    /// The styles that print `data` as it is, as inspection found.
    pub fixed_points: FixedPoints,
    /// The attributes of a CloudEvent in structured mode. Other bodies need none.
    pub attributes: &'a [Attribute<'a>],
}

/// Returns the exact bytes of an event's body.
///
/// They are a fixed point of the style: `JSON.stringify(JSON.parse(body))` or `json.dumps(json.loads(body))`
/// prints them again. In the raw style, or if `data` is not lossless, `data` is the producer's bytes, in an
/// envelope without white space. A copied body is allocated once; printing may have to grow it.
pub fn render_body(event: &BodyParts<'_>, content: BodyContent, style: BodyStyle) -> Vec<u8> {
    let style = match event.lossless {
        true => style,
        false => BodyStyle::Raw,
    };
    let mut body = Vec::with_capacity(capacity(event, content, style));
    let is_wrapped = match content {
        BodyContent::Envelope => {
            open_envelope(event, style, &mut body);
            true
        }
        BodyContent::CloudEvents => {
            open_cloud_event(event.attributes, style, &mut body);
            true
        }
        BodyContent::Data | BodyContent::CloudEventsBinary => false,
    };
    let data_style = match event.fixed_points.contain(style) {
        true => BodyStyle::Raw,
        false => style,
    };
    render_value(event.data, data_style, &mut body);
    if is_wrapped {
        body.push(b'}');
    }
    body
}

/// Appends the JSON text `json` as `style` prints it. The raw style appends the text without the white space
/// around it.
///
/// [`inspect`](postrider_json::inspect) must have found the text lossless; the raw style requires only valid
/// JSON. Other texts cause no panic: a text that is not JSON is appended raw, and a lossy text becomes
/// unspecified JSON, but with its numbers unrounded.
///
/// - js: members whose names are array indices come first, in ascending order, at every level, and then the
///   others in insertion order (ECMA-262, OrdinaryOwnPropertyKeys); numbers as in Number::toString; strings
///   as in QuoteJSONString.
/// - python: `, ` and `: `; ASCII only; an `int` stays unchanged and a `float` is its `repr`.
pub fn render_value(json: &str, style: BodyStyle, out: &mut Vec<u8>) {
    let start = out.len();
    let rendered = match style {
        BodyStyle::Js => js::render(json, out),
        BodyStyle::Python => python::render(json, out),
        BodyStyle::Raw => {
            out.extend_from_slice(trimmed(json));
            Ok(())
        }
    };
    if rendered.is_err() {
        out.truncate(start);
        out.extend_from_slice(trimmed(json));
    }
}

/// `{"id":…,"type":…,"timestamp":…,"data":` as the style prints it.
fn open_envelope(event: &BodyParts<'_>, style: BodyStyle, body: &mut Vec<u8>) {
    let members = [
        ("id", event.id),
        ("type", event.event_type),
        ("timestamp", event.timestamp),
    ];
    open(members.into_iter(), style, body);
}

/// The attributes and `"data":` as the style prints them (JSON event format, section 3.2).
fn open_cloud_event(attributes: &[Attribute<'_>], style: BodyStyle, body: &mut Vec<u8>) {
    // Extensions may have digits for a name, and JavaScript prints those before all others.
    let mut indices: Vec<_> = attributes
        .iter()
        .filter_map(|attribute| Some((array_index(&attribute.0)?, attribute)))
        .collect();
    indices.sort_by_key(|(index, _)| *index);
    let indices = indices.into_iter().map(|(_, attribute)| attribute);
    let others = attributes.iter().filter(|(name, _)| array_index(name).is_none());
    let members = indices.chain(others).map(|(name, value)| (&**name, &**value));
    open(members, style, body);
}

/// Opens an object: its members, and `"data":`.
fn open<'a>(members: impl Iterator<Item = (&'a str, &'a str)>, style: BodyStyle, body: &mut Vec<u8>) {
    type Quote = fn(&str, &mut Vec<u8>);
    let (quote, comma, colon): (Quote, &[u8], &[u8]) = match style {
        BodyStyle::Js | BodyStyle::Raw => (js::quote, b",", b":"),
        BodyStyle::Python => (python::quote, b", ", b": "),
    };
    body.push(b'{');
    for (name, value) in members {
        quote(name, body);
        body.extend_from_slice(colon);
        quote(value, body);
        body.extend_from_slice(comma);
    }
    quote("data", body);
    body.extend_from_slice(colon);
}

/// Estimates the size of the body: nearly exact for copies; js rarely prints more than it reads, python adds
/// spaces and escapes.
fn capacity(event: &BodyParts<'_>, content: BodyContent, style: BodyStyle) -> usize {
    /// The envelope's names, quotes, commas, colons and braces, and python's spaces.
    const ENVELOPE_BYTES: usize = 50;
    /// The quotes, comma and colon of an attribute, and python's spaces.
    const ATTRIBUTE_BYTES: usize = 8;
    let data_bytes = match style {
        BodyStyle::Js | BodyStyle::Raw => event.data.len(),
        BodyStyle::Python => event.data.len() + event.data.len() / 2,
    };
    match content {
        BodyContent::Envelope => {
            ENVELOPE_BYTES + event.id.len() + event.event_type.len() + event.timestamp.len() + data_bytes
        }
        BodyContent::CloudEvents => {
            let attributes = event.attributes.iter();
            let bytes = attributes.map(|(name, value)| ATTRIBUTE_BYTES + name.len() + value.len());
            ENVELOPE_BYTES + bytes.sum::<usize>() + data_bytes
        }
        BodyContent::Data | BodyContent::CloudEventsBinary => data_bytes,
    }
}

fn trimmed(json: &str) -> &[u8] {
    json.trim_matches(|character: char| u8::try_from(character).is_ok_and(is_space))
        .as_bytes()
}
