//! Bodies beyond the published vectors: order of members, numbers, strings, envelopes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_json::inspect;
use postrider_signing::{BodyContent, BodyParts, BodyStyle, FixedPoints, render_body, render_value};

fn rendered(json: &str, style: BodyStyle) -> String {
    let mut out = b"before".to_vec();
    render_value(json, style, &mut out);
    String::from_utf8(out).unwrap().split_off("before".len())
}

#[test]
fn array_indices_come_first_and_ascending_at_every_level() {
    for (json, expected) in [
        (
            r#"{"b":0,"4294967295":1,"4294967294":2,"01":3,"1":4,"-1":5,"0":6}"#,
            r#"{"0":6,"1":4,"4294967294":2,"b":0,"4294967295":1,"01":3,"-1":5}"#,
        ),
        (
            r#"{"2":{"b":[{"1":1,"0":0}],"5":5},"1":{}}"#,
            r#"{"1":{},"2":{"5":5,"b":[{"0":0,"1":1}]}}"#,
        ),
        (
            r#"{"a":{"1":{"y":2,"0":3},"0":1},"0":[{"z":1,"3":2}]}"#,
            r#"{"0":[{"3":2,"z":1}],"a":{"0":1,"1":{"0":3,"y":2}}}"#,
        ),
        (
            r#"[{"a":1,"0":2},{"a":1,"0":2}]"#,
            r#"[{"0":2,"a":1},{"0":2,"a":1}]"#,
        ),
        (r#"{"x":1,"\u0031":2}"#, r#"{"1":2,"x":1}"#),
        (r#"{"1":1,"2":2,"a":3}"#, r#"{"1":1,"2":2,"a":3}"#),
    ] {
        assert_eq!(rendered(json, BodyStyle::Js), expected);
    }
}

#[test]
fn python_keeps_the_order_of_members() {
    assert_eq!(
        rendered(r#"{"b":0,"1":1,"0":2}"#, BodyStyle::Python),
        r#"{"b": 0, "1": 1, "0": 2}"#
    );
}

#[test]
fn python_style_keeps_integers_and_floats_distinct_and_prints_floats_like_repr() {
    for (number, expected) in [
        ("1.0", "1.0"),
        ("1E2", "100.0"),
        ("1000000000000000000000", "1000000000000000000000"),
        ("1e16", "1e+16"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("-0.000012", "-1.2e-05"),
        ("1e-7", "1e-07"),
        ("1.5e300", "1.5e+300"),
        ("0e7", "0.0"),
        ("120e-1", "12.0"),
    ] {
        assert_eq!(rendered(number, BodyStyle::Python), expected);
    }
}

#[test]
fn raw_style_keeps_the_producers_bytes_without_surrounding_white_space() {
    let json = "\r\n\t {\"a\" : 1.0, \"a\":\"\\/\"} \n";
    assert_eq!(rendered(json, BodyStyle::Raw), "{\"a\" : 1.0, \"a\":\"\\/\"}");
}

#[test]
fn invalid_json_is_copied_whole() {
    for style in [BodyStyle::Js, BodyStyle::Python, BodyStyle::Raw] {
        assert_eq!(rendered(" {\"a\": [1,", style), "{\"a\": [1,");
    }
}

fn parts(data: &str) -> BodyParts<'_> {
    let inspection = inspect(data).unwrap();
    BodyParts {
        id: "evt_1",
        event_type: "proposal.accepted",
        timestamp: "2026-01-31T09:30:00.000Z",
        data,
        lossless: inspection.loss.is_none(),
        fixed_points: FixedPoints {
            js: inspection.js_fixed_point,
            python: inspection.python_fixed_point,
        },
        attributes: &[],
    }
}

#[test]
fn the_envelope_is_printed_in_the_style_of_its_data() {
    let data = r#"{ "b": "é", "1": 1.50 }"#;
    for (style, expected) in [
        (
            BodyStyle::Js,
            r#"{"id":"evt_1","type":"proposal.accepted","timestamp":"2026-01-31T09:30:00.000Z","data":{"1":1.5,"b":"é"}}"#,
        ),
        (
            BodyStyle::Python,
            r#"{"id": "evt_1", "type": "proposal.accepted", "timestamp": "2026-01-31T09:30:00.000Z", "data": {"b": "\u00e9", "1": 1.5}}"#,
        ),
        (
            BodyStyle::Raw,
            r#"{"id":"evt_1","type":"proposal.accepted","timestamp":"2026-01-31T09:30:00.000Z","data":{ "b": "é", "1": 1.50 }}"#,
        ),
    ] {
        let body = render_body(&parts(data), BodyContent::Envelope, style);
        assert_eq!(String::from_utf8(body.clone()).unwrap(), expected);
        if style != BodyStyle::Raw {
            assert_eq!(rendered(expected, style).as_bytes(), body);
        }
    }
}

#[test]
fn lossy_data_is_never_changed() {
    let data = r#"{"n": 9007199254740993, "a":-0.0}"#;
    for style in [BodyStyle::Js, BodyStyle::Python, BodyStyle::Raw] {
        assert_eq!(
            render_body(&parts(data), BodyContent::Data, style),
            data.as_bytes()
        );
        let envelope = render_body(&parts(data), BodyContent::Envelope, style);
        let expected = format!(
            r#"{{"id":"evt_1","type":"proposal.accepted","timestamp":"2026-01-31T09:30:00.000Z","data":{data}}}"#
        );
        assert_eq!(String::from_utf8(envelope).unwrap(), expected);
    }
}

#[test]
fn the_values_of_the_envelope_are_escaped() {
    let odd = BodyParts {
        id: "a\"\\\u{1}\n\u{7f}é😀",
        ..parts("1")
    };
    let js = String::from_utf8(render_body(&odd, BodyContent::Envelope, BodyStyle::Js)).unwrap();
    assert!(
        js.starts_with("{\"id\":\"a\\\"\\\\\\u0001\\n\u{7f}é😀\","),
        "{js}"
    );
    let python = String::from_utf8(render_body(&odd, BodyContent::Envelope, BodyStyle::Python)).unwrap();
    assert!(
        python.starts_with("{\"id\": \"a\\\"\\\\\\u0001\\n\\u007f\\u00e9\\ud83d\\ude00\","),
        "{python}"
    );
}

#[test]
fn a_cloud_event_is_a_fixed_point_of_its_style_whatever_its_extensions_are_called() {
    let data = r#"{ "b": "é", "1": 1.50 }"#;
    let attributes = [("id", "evt_1"), ("10", "é"), ("a", "\""), ("2", "x"), ("01", "y")];
    let attributes = attributes.map(|(name, value)| (name.into(), value.into()));
    let event = BodyParts {
        attributes: &attributes,
        ..parts(data)
    };
    for (style, expected) in [
        (
            BodyStyle::Js,
            r#"{"2":"x","10":"é","id":"evt_1","a":"\"","01":"y","data":{"1":1.5,"b":"é"}}"#,
        ),
        (
            BodyStyle::Python,
            r#"{"2": "x", "10": "\u00e9", "id": "evt_1", "a": "\"", "01": "y", "data": {"b": "\u00e9", "1": 1.5}}"#,
        ),
        (
            BodyStyle::Raw,
            r#"{"2":"x","10":"é","id":"evt_1","a":"\"","01":"y","data":{ "b": "é", "1": 1.50 }}"#,
        ),
    ] {
        let body = render_body(&event, BodyContent::CloudEvents, style);
        assert_eq!(String::from_utf8(body.clone()).unwrap(), expected);
        if style != BodyStyle::Raw {
            assert_eq!(rendered(expected, style).as_bytes(), body);
        }
        let binary = render_body(&event, BodyContent::CloudEventsBinary, style);
        assert_eq!(binary, render_body(&event, BodyContent::Data, style));
    }
}

#[test]
fn a_copied_body_is_allocated_once() {
    let data = r#"{"a":1}"#;
    for content in BodyContent::ALL {
        let body = render_body(&parts(data), content, BodyStyle::Js);
        let estimate = data.len() + 50 + "evt_1proposal.accepted2026-01-31T09:30:00.000Z".len();
        assert!(body.capacity() <= estimate, "{} > {estimate}", body.capacity());
    }
}
