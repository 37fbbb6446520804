//! The attributes of a CloudEvent, checked, and what becomes of each.

use std::borrow::Cow;

use bytes::Bytes;
use postrider_engine::Submission;
use postrider_json::pointer::escape;
use postrider_model::body::{content_type_is_valid, is_json};
use postrider_model::cloud_events::{
    ATTRIBUTE_NAME_BYTES_MAX, DATA_CONTENT_TYPE, ORIGIN_ID, SPEC_VERSION, encode, header_of,
    is_attribute_name, is_attribute_value, is_uri, is_uri_reference,
};
use postrider_model::{EventHeaders, EventId, EventTypeName, Timestamp};

use crate::problem::{Code, Faults, Problem, fault_codes};

/// Most attributes of an event that are read: an event keeps 20 as headers, and has a handful besides.
pub const ATTRIBUTES_MAX: usize = 32;

/// Longest `id`, in bytes, as for an `Idempotency-Key`.
const ID_BYTES_MAX: usize = 255;

/// The attributes that each event has.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// The attributes of the specification that are kept, in this order; extensions follow by name.
const KEPT: [&str; 4] = ["source", "subject", "dataschema", "datacontenttype"];

/// The attributes that have a place of their own in an event.
const IN_COLUMNS: [&str; 4] = ["specversion", "id", "type", "time"];

/// A CloudEvent's attributes as they were read, and the faults of those that could not be read.
#[derive(Debug, Default)]
pub struct Attributes<'a> {
    list: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The faults so far.
    pub faults: Faults,
    has_too_many: bool,
}

/// The attributes of a valid event.
#[derive(Debug)]
pub struct Checked {
    event_type: EventTypeName,
    id: Option<EventId>,
    /// The identity of the event: its source and its id.
    key: String,
    occurred_at: Option<Timestamp>,
    headers: EventHeaders,
}

impl Checked {
    /// The event with this data. A key that the request has replaces the event's identity.
    pub fn submission(self, data: Bytes, idempotency_key: Option<String>) -> Submission {
        Submission {
            id: self.id,
            occurred_at: self.occurred_at,
            idempotency_key: Some(idempotency_key.unwrap_or(self.key)),
            headers: self.headers,
            ..Submission::new(self.event_type, data)
        }
    }
}

impl<'a> Attributes<'a> {
    /// Adds an attribute. `false` if the event has one of this name.
    pub fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> bool {
        let is_new = self.get(&name).is_none();
        if self.list.len() == ATTRIBUTES_MAX {
            self.has_too_many = true;
        } else if is_new {
            self.list.push((name, value));
        }
        is_new
    }

    /// Adds a fault of an attribute.
    pub fn fault(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.faults.add(format!("/{}", escape(name)), code, detail);
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut list = self.list.iter();
        list.find_map(|(own, value)| (own == name).then_some(value.as_ref()))
    }

    /// The checked attributes.
    ///
    /// # Errors
    /// All faults. Those of another version of the specification are not looked for.
    pub fn check(mut self) -> Result<Checked, Problem> {
        if self.has_too_many {
            let detail = format!("a CloudEvent can have at most {ATTRIBUTES_MAX} attributes");
            return Err(Problem::body("", fault_codes::TOO_MANY, detail));
        }
        if let Some(fault) = self
            .get("specversion")
            .and_then(|value| fault_of("specversion", value))
        {
            return Err(Problem::body("/specversion", fault_codes::INVALID_VALUE, fault));
        }
        for name in REQUIRED {
            if self.get(name).is_none() {
                self.fault(name, fault_codes::REQUIRED, "each CloudEvent has this attribute");
            }
        }
        for (name, value) in std::mem::take(&mut self.list) {
            match fault_of(&name, &value) {
                Some(detail) => self.fault(&name, fault_codes::INVALID_VALUE, detail),
                None => self.list.push((name, value)),
            }
        }
        let id = self.get("id").and_then(|id| id.parse::<EventId>().ok());
        if id.is_none() && self.get(ORIGIN_ID).is_some() {
            let detail = "leave this out: Postrider keeps the event's `id` under this name";
            self.fault(ORIGIN_ID, fault_codes::INVALID_VALUE, detail);
        }
        std::mem::take(&mut self.faults).into_result(Code::InvalidBody)?;
        let parsed = || Problem::internal("an attribute was valid and could not be read");
        let (source, own_id) = (
            self.get("source").unwrap_or_default(),
            self.get("id").unwrap_or_default(),
        );
        Ok(Checked {
            event_type: self
                .get("type")
                .unwrap_or_default()
                .parse()
                .map_err(|_| parsed())?,
            id,
            // No Idempotency-Key begins with a line feed, and neither part of this key has one.
            key: format!("\nce\n{source}\n{own_id}"),
            occurred_at: self
                .get("time")
                .map(str::parse)
                .transpose()
                .map_err(|_| parsed())?,
            headers: self.headers(id.is_none().then_some(own_id)),
        })
    }

    /// The headers that keep what has no other place, in an order that does not depend on the request's, so
    /// that a repeated event has the same.
    fn headers(&self, origin_id: Option<&str>) -> EventHeaders {
        let kept = KEPT.into_iter().filter_map(|name| Some((name, self.get(name)?)));
        let kept = kept.filter(|kept| *kept != ("datacontenttype", DATA_CONTENT_TYPE));
        let origin_id = origin_id.map(|id| (ORIGIN_ID, id));
        let others = self
            .list
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()));
        let mut extensions: Vec<_> = others
            .filter(|(name, _)| !KEPT.contains(name) && !IN_COLUMNS.contains(name))
            .collect();
        extensions.sort_unstable();
        let all = kept.chain(origin_id).chain(extensions);
        EventHeaders::new(
            all.map(|(name, value)| (header_of(name), encode(value)))
                .collect(),
        )
    }
}

/// What is wrong with an attribute, if anything is.
fn fault_of(name: &str, value: &str) -> Option<String> {
    if !is_attribute_name(name) {
        let detail = format!(
            "the name of an attribute is 1 to {ATTRIBUTE_NAME_BYTES_MAX} lower-case letters and digits, and not `data`"
        );
        return Some(detail);
    }
    if !is_attribute_value(value) {
        return Some("expected text without control characters, at least one character".to_owned());
    }
    let expected = match name {
        "specversion" if value != SPEC_VERSION => {
            "expected `1.0`: Postrider reads no other version of CloudEvents"
        }
        "id" if value.len() > ID_BYTES_MAX => "an id can have at most 255 bytes",
        "source" if !is_uri_reference(value) => {
            "expected a URI reference (RFC 3986), such as https://example.com/orders"
        }
        "type" => {
            return value
                .parse::<EventTypeName>()
                .err()
                .map(|error| error.to_string());
        }
        "time" => return value.parse::<Timestamp>().err().map(|error| error.to_string()),
        "dataschema" if !is_uri(value) => "expected a URI with its scheme (RFC 3986)",
        "datacontenttype" if !is_json_in_utf8(value) => {
            "Postrider sends JSON only: expected application/json or …+json"
        }
        _ => return None,
    };
    Some(expected.to_owned())
}

/// Whether data of this content type is JSON in UTF-8 (core specification, section 3.1).
pub fn is_json_in_utf8(content_type: &str) -> bool {
    let mut parameters = content_type.split(';').skip(1);
    let is_utf8 = parameters.all(|parameter| match parameter.trim().split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    content_type_is_valid(content_type) && is_json(content_type) && is_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attributes: &[(&str, &str)]) -> Result<Submission, Vec<String>> {
        let mut read = Attributes::default();
        for (name, value) in attributes {
            read.add(name.to_string().into(), value.to_string().into());
        }
        let checked = read.check().map_err(|problem| {
            let faults = problem.faults().iter();
            faults
                .map(|fault| fault.pointer().unwrap().to_owned())
                .collect::<Vec<_>>()
        });
        checked.map(|checked| checked.submission(Bytes::from_static(b"1"), None))
    }

    const MINIMAL: [(&str, &str); 4] = [
        ("specversion", "1.0"),
        ("id", "A 1"),
        ("source", "/shop"),
        ("type", "com.example.accepted"),
    ];

    fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let replaced = |name: &str| more.iter().any(|(own, _)| *own == name);
        let kept = MINIMAL.into_iter().filter(|(name, _)| !replaced(name));
        kept.chain(more.iter().copied()).collect()
    }

    fn headers(event: &Submission) -> Vec<(String, String)> {
        let headers = event.headers.iter();
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn source_and_id_identify_an_event_and_the_rest_is_kept_in_one_order() {
        let event = check(&with(&[
            ("zone", "b"),
            ("subject", "Käse 1"),
            ("area", "a"),
            ("time", "2026-01-31T10:30:00.1234+01:00"),
            ("datacontenttype", "application/json"),
        ]))
        .unwrap();
        assert_eq!(event.idempotency_key.as_deref(), Some("\nce\n/shop\nA 1"));
        assert_eq!(event.id, None);
        assert_eq!(event.occurred_at.unwrap().to_string(), "2026-01-31T09:30:00.123Z");
        let expected = [
            ("ce-source", "/shop"),
            ("ce-subject", "K%C3%A4se%201"),
            ("ce-originid", "A%201"),
            ("ce-area", "a"),
            ("ce-zone", "b"),
        ];
        assert_eq!(
            headers(&event),
            expected.map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
    }

    #[test]
    fn an_id_that_is_an_events_becomes_the_events() {
        let id = EventId::from_u128(7).to_string();
        let event = check(&with(&[("id", &id), (ORIGIN_ID, "first")])).unwrap();
        assert_eq!(event.id, Some(EventId::from_u128(7)));
        assert_eq!(headers(&event)[1], ("ce-originid".to_owned(), "first".to_owned()));
        let refused = check(&with(&[("id", "1"), (ORIGIN_ID, "first")]));
        assert_eq!(refused.unwrap_err(), ["/originid"]);
    }

    #[test]
    fn every_fault_is_reported_at_its_attribute() {
        assert_eq!(
            check(&[]).unwrap_err(),
            ["/specversion", "/id", "/source", "/type"]
        );
        assert_eq!(check(&[("specversion", "0.3")]).unwrap_err(), ["/specversion"]);
        let long = "x".repeat(256);
        for (name, value) in [
            ("id", ""),
            ("id", &long),
            ("source", "a b"),
            ("type", "com/example"),
            ("time", "now"),
            ("dataschema", "/relative"),
            ("datacontenttype", "text/plain"),
            ("datacontenttype", "application/json; charset=latin1"),
            ("subject", "a\nb"),
            ("Subject", "a"),
            ("data", "a"),
        ] {
            assert_eq!(
                check(&with(&[(name, value)])).unwrap_err(),
                [format!("/{name}")],
                "{value}"
            );
        }
        assert_eq!(
            check(&with(&[("type", "a b"), ("time", "x")])).unwrap_err(),
            ["/type", "/time"]
        );
    }

    #[test]
    fn attributes_are_bounded() {
        let names: Vec<String> = (0..29).map(|n| format!("x{n}")).collect();
        let more: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert!(check(&with(&more[..28])).is_ok(), "the engine bounds the headers");
        assert_eq!(check(&with(&more)).unwrap_err(), [""]);
    }
}
