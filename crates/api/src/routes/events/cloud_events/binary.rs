//! One event in binary mode: its attributes are headers, the body is its data.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use postrider_engine::Submission;
use postrider_json::{JsonErrorKind, inspect};
use postrider_model::cloud_events::{HEADER_PREFIX, decode, is_uri_reference};

use super::attributes::{Attributes, is_json_in_utf8};
use super::structured::trimmed;
use crate::json_body::utf8;
use crate::problem::{Code, Problem, fault_codes};

/// The event of a request.
pub(super) fn read_event(
    headers: &HeaderMap,
    body: &Bytes,
    key: Option<String>,
) -> Result<Submission, Problem> {
    let mut attributes = Attributes::default();
    if let Some(content_type) = content_type(headers)? {
        attributes.add("datacontenttype".into(), content_type.into());
    }
    for name in headers.keys() {
        if let Some(attribute) = name.as_str().strip_prefix(HEADER_PREFIX) {
            add(&mut attributes, attribute, name, headers);
        }
    }
    let checked = attributes.check()?;
    let text = trimmed(utf8(body)?);
    let data = match inspect(text) {
        _ if body.is_empty() => Bytes::from_static(b"null"),
        // The engine says how deep data may be.
        Err(error) if error.kind != JsonErrorKind::TooDeep => {
            let error = inspect(utf8(body)?).err().unwrap_or(error);
            return Err(Problem::malformed_json(error.into(), error.kind));
        }
        _ => Bytes::copy_from_slice(text.as_bytes()),
    };
    Ok(checked.submission(data, key))
}

/// The content type of the data, if the request has one.
fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut declared = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, second) = (declared.next(), declared.next());
    match (first.map(HeaderValue::to_str), second) {
        (None, _) => Ok(None),
        (Some(Ok(content_type)), None) if is_json_in_utf8(content_type) => Ok(Some(content_type)),
        _ => {
            let detail = "the data of a CloudEvent must be JSON in UTF-8: send one Content-Type header, such as \
                application/json, or none";
            Err(Problem::new(Code::UnsupportedMediaType, detail))
        }
    }
}

fn add<'a>(attributes: &mut Attributes<'a>, attribute: &'a str, name: &HeaderName, headers: &'a HeaderMap) {
    if attribute == "datacontenttype" {
        let detail = "leave this header out: in binary mode, Content-Type has this attribute";
        return attributes.fault(attribute, fault_codes::INVALID_VALUE, detail);
    }
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        let detail = format!("send the header `{name}` once");
        return attributes.fault(attribute, fault_codes::DUPLICATE, detail);
    }
    let Some(raw) = first.and_then(|value| value.to_str().ok()) else {
        let detail = format!("percent-encode all but visible ASCII in the header `{name}`");
        return attributes.fault(attribute, fault_codes::INVALID_VALUE, detail);
    };
    let Some(value) = decode(raw) else {
        let detail = format!("the percent-encoding of the header `{name}` is not UTF-8");
        return attributes.fault(attribute, fault_codes::INVALID_VALUE, detail);
    };
    // Several SDKs send a URI as it is. Decoded, `a%20b` would be none.
    let is_unencoded =
        matches!(attribute, "source" | "dataschema") && is_uri_reference(raw) && !is_uri_reference(&value);
    attributes.add(attribute.into(), if is_unencoded { raw.into() } else { value });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &[(&str, &str)], body: &'static str) -> Result<Submission, Problem> {
        let fixed = [
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "/s"),
            ("ce-type", "a.b"),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in fixed {
            if !more.iter().any(|(own, _)| *own == name) {
                headers.append(name, value.parse().unwrap());
            }
        }
        for (name, value) in more {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        read_event(&headers, &Bytes::from_static(body.as_bytes()), None)
    }

    fn kept(more: &[(&str, &str)]) -> Vec<(String, String)> {
        let event = read(more, "1").unwrap();
        let headers = event.headers.iter();
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn has(more: &[(&str, &str)], name: &str, value: &str) {
        let kept = kept(more);
        assert!(kept.contains(&(name.to_owned(), value.to_owned())), "{kept:?}");
    }

    #[test]
    fn values_are_decoded_once_and_encoded_again() {
        has(
            &[("ce-subject", "Euro%20%e2%82%ac%20%2541")],
            "ce-subject",
            "Euro%20%E2%82%AC%20%2541",
        );
        has(
            &[("ce-subject", "\"say \\\"hi\\\"\"")],
            "ce-subject",
            "say%20%22hi%22",
        );
        has(&[("ce-subject", "plain text")], "ce-subject", "plain%20text");
        has(&[("ce-source", "/a%20b")], "ce-source", "/a%2520b");
        has(&[("ce-source", "/a%2Fb")], "ce-source", "/a/b");
        has(
            &[("content-type", "text/json; charset=UTF-8")],
            "ce-datacontenttype",
            "text/json;%20charset=UTF-8",
        );
    }

    #[test]
    fn the_body_is_the_data() {
        assert_eq!(read(&[], " {\"n\": 1.0}\n").unwrap().data, "{\"n\": 1.0}");
        assert_eq!(
            read(&[("content-type", "application/json")], "").unwrap().data,
            "null"
        );
        let problem = read(&[], " {\"n\": ").unwrap_err();
        assert_eq!(problem.code(), Code::MalformedJson);
        assert_eq!(problem.position().unwrap().offset, 7);
        assert_eq!(read(&[], "1 2").unwrap_err().code(), Code::MalformedJson);
        for content_type in [
            "text/plain",
            "application/xml",
            "application/json; charset=latin1",
        ] {
            let problem = read(&[("content-type", content_type)], "1").unwrap_err();
            assert_eq!(problem.code(), Code::UnsupportedMediaType, "{content_type}");
        }
    }

    #[test]
    fn every_fault_has_the_pointer_of_its_attribute() {
        for (headers, pointer) in [
            (&[("ce-subject", "a"), ("ce-subject", "b")] as &[_], "/subject"),
            (&[("ce-subject", "%ff")], "/subject"),
            (&[("ce-subject", "ä")], "/subject"),
            (&[("ce-subject", "%0a")], "/subject"),
            (&[("ce-datacontenttype", "application/json")], "/datacontenttype"),
            (&[("ce-a-b", "1")], "/a-b"),
            (&[("ce-time", "now")], "/time"),
            (&[("ce-specversion", "0.3")], "/specversion"),
        ] {
            let problem = read(headers, "1").unwrap_err();
            assert_eq!(problem.faults()[0].pointer(), Some(pointer), "{headers:?}");
        }
    }
}
