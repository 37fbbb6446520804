//! CloudEvents 1.0: the context attributes of an event, and the headers that keep them.
//!
//! An event has a column for its type, its time and its id. Every other attribute (`source`, `subject`,
//! `dataschema`, extensions) is kept among the headers of the event, under the name that it has in the binary
//! mode of the HTTP protocol binding: `ce-source`. So the attributes are bounded, stored, compared and copied
//! as headers are, and a producer that posts Postrider's own JSON sets them as headers.

mod header_value;
mod uri;

use std::borrow::Cow;

use crate::event::Event;

pub use header_value::{decode, encode};
pub use uri::{is_uri, is_uri_reference};

/// The version of the specification.
pub const SPEC_VERSION: &str = "1.0";

/// What the names of headers begin with that hold attributes (HTTP protocol binding, section 3.1.3.1).
pub const HEADER_PREFIX: &str = "ce-";

/// The media type of one event in structured mode.
pub const STRUCTURED: &str = "application/cloudevents+json";

/// The media type of a batch of events.
pub const BATCH: &str = "application/cloudevents-batch+json";

/// The content type of `data` that has none of its own.
pub const DATA_CONTENT_TYPE: &str = "application/json";

/// The attribute that keeps the id that the producer gave to the event, unless that is the event's id here.
pub const ORIGIN_ID: &str = "originid";

/// Longest name of an attribute, in bytes. The specification recommends at most 20 and sets no limit.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 64;

/// The attributes that each event has, in the order in which they are sent.
const OF_EACH_EVENT: [&str; 6] = ["specversion", "id", "source", "type", "time", "datacontenttype"];

/// A context attribute: its name and its value as text.
pub type Attribute<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Whether an attribute can have this name: lower-case letters and digits.
pub fn is_attribute_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    // JSON has `data` beside the attributes.
    (1..=ATTRIBUTE_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed) && name != "data"
}

/// Whether text can be the value of an attribute: no control characters, which the specification forbids.
pub fn is_attribute_value(value: &str) -> bool {
    let is_noncharacter =
        |c: char| matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || ('\u{fdd0}'..='\u{fdef}').contains(&c);
    !value.is_empty() && !value.chars().any(|c| c.is_control() || is_noncharacter(c))
}

/// The header of an attribute.
pub fn header_of(attribute: &str) -> String {
    format!("{HEADER_PREFIX}{attribute}")
}

/// Whether a header's name is that of an attribute, in any case. Servers that hand headers to a program as
/// variables do not tell `_` from `-` (RFC 3875, section 4.1.18).
pub fn is_attribute_header(name: &str) -> bool {
    matches!(name.as_bytes(), [b'c' | b'C', b'e' | b'E', b'-' | b'_', ..])
}

/// The attributes of an event, those that each event has first. They depend on what was stored at acceptance
/// alone. `source` is the producer's; an event without one has the path of its account, by the account's id,
/// because the uid may change.
pub fn attributes_of(event: &Event) -> Vec<Attribute<'_>> {
    let kept = |name: &str| {
        let mut kept = event.headers.iter().filter_map(kept_attribute);
        kept.find_map(|(own, value)| (own == name).then_some(value))
    };
    let source = kept("source").filter(|source| is_uri_reference(source));
    let source = source.unwrap_or_else(|| format!("/accounts/{}", event.account).into());
    let content_type = kept("datacontenttype").unwrap_or(DATA_CONTENT_TYPE.into());
    let values: [Cow<'_, str>; 6] = [
        SPEC_VERSION.into(),
        event.id.to_string().into(),
        source,
        event.event_type.as_str().into(),
        event.timestamp().to_string().into(),
        content_type,
    ];
    let further = event.headers.iter().filter_map(kept_attribute);
    let further = further.filter(|(name, _)| !OF_EACH_EVENT.contains(&name.as_ref()));
    OF_EACH_EVENT
        .map(Cow::Borrowed)
        .into_iter()
        .zip(values)
        .chain(further)
        .collect()
}

/// The attribute that a header of an event keeps; `None` for other headers, and for values that no attribute
/// has: a producer that posts Postrider's own JSON writes such headers as it likes.
fn kept_attribute<'a>((header, value): (&'a str, &'a str)) -> Option<Attribute<'a>> {
    let (prefix, name) = header.split_at_checked(HEADER_PREFIX.len())?;
    let name: Cow<'_, str> = match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => name.to_ascii_lowercase().into(),
        false => name.into(),
    };
    let value = decode(value)?;
    let is_kept =
        prefix.eq_ignore_ascii_case(HEADER_PREFIX) && is_attribute_name(&name) && is_attribute_value(&value);
    is_kept.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{AccountId, EventHeaders, EventId, FixedPoints, Origin, Timestamp};

    fn event(headers: &[(&str, &str)]) -> Event {
        let owned = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        Event {
            id: EventId::from_u128(7),
            account: AccountId::from_u128(1),
            event_type: "com.example.accepted".parse().unwrap(),
            data: Bytes::from_static(b"{}"),
            occurred_at: Some(Timestamp::from_unix_ms(0)),
            created_at: Timestamp::from_unix_ms(1_000),
            origin: Origin::Producer,
            fixed_points: FixedPoints::default(),
            warning: None,
            deliveries: 0,
            deliver_at: None,
            headers: EventHeaders::new(owned.collect()),
            missed: 0,
            is_canceled: false,
            trace: None,
        }
    }

    fn text(event: &Event) -> Vec<String> {
        let attributes = attributes_of(event).into_iter();
        attributes
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    #[test]
    fn an_event_without_kept_attributes_has_the_source_of_its_account() {
        let event = event(&[("X-Tenant", "42")]);
        let source = format!("source=/accounts/{}", event.account);
        let id = format!("id={}", event.id);
        assert_eq!(
            text(&event),
            [
                "specversion=1.0",
                &id,
                &source,
                "type=com.example.accepted",
                "time=1970-01-01T00:00:00.000Z",
                "datacontenttype=application/json"
            ]
        );
    }

    #[test]
    fn kept_attributes_are_decoded_and_never_replace_those_of_the_event() {
        let event = event(&[
            ("CE-Source", "https://example.com/shop"),
            ("ce-subject", "K%C3%A4se%20%25"),
            ("ce-id", "other"),
            ("ce-type", "other"),
            ("ce-datacontenttype", "application/vnd.x+json"),
            ("ce-tenant", "42"),
            ("ce-bad_name", "x"),
            ("ce-empty", ""),
            ("ce-control", "a%0Ab"),
            ("ce-", "x"),
            ("cé", "x"),
        ]);
        let text = text(&event);
        assert_eq!(text[2], "source=https://example.com/shop");
        assert_eq!(text[3], "type=com.example.accepted");
        assert_eq!(
            text[5..],
            [
                "datacontenttype=application/vnd.x+json",
                "subject=Käse %",
                "tenant=42"
            ]
        );
    }

    #[test]
    fn a_source_that_is_no_uri_reference_is_not_sent() {
        let text = text(&event(&[("ce-source", "a b")]));
        assert!(text[2].starts_with("source=/accounts/acct_"), "{text:?}");
    }

    #[test]
    fn names_and_values_of_attributes_are_those_of_the_specification() {
        for (name, is_valid) in [
            ("a1", true),
            ("", false),
            ("A", false),
            ("a-b", false),
            ("data", false),
            (&"a".repeat(64), true),
            (&"a".repeat(65), false),
        ] {
            assert_eq!(is_attribute_name(name), is_valid, "{name}");
        }
        for (value, is_valid) in [
            ("ä 1", true),
            ("", false),
            ("a\nb", false),
            ("\u{7f}", false),
            ("\u{85}", false),
            ("\u{fdd0}", false),
            ("\u{1ffff}", false),
            ("👋", true),
        ] {
            assert_eq!(is_attribute_value(value), is_valid, "{value:?}");
        }
        assert!(is_attribute_header("CE_x") && is_attribute_header("ce-") && !is_attribute_header("cex"));
    }
}
