//! The published vectors: the output of node and python, and its signatures.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_json::inspect;
use postrider_signing::standard_webhooks::{self, WebhookHeaders};
use postrider_signing::{
    BodyContent, BodyParts, BodyStyle, FixedPoints, SigningSecret, postrider_scheme, render_body,
    render_value,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    key: String,
    body_styles: Vec<BodyCase>,
    standard_webhooks: Vec<WebhookCase>,
}

#[derive(Deserialize)]
struct BodyCase {
    input: String,
    js_stringify: String,
    python_dumps: String,
    lossless: bool,
    hex_js_stringify: String,
    hex_python_dumps: String,
}

#[derive(Deserialize)]
struct WebhookCase {
    id: String,
    timestamp: i64,
    body: String,
    signature: String,
}

fn vectors() -> (Vectors, SigningSecret) {
    let vectors: Vectors = serde_json::from_str(include_str!("vectors/bodies-and-signatures.json")).unwrap();
    assert!(vectors.body_styles.len() >= 109 && vectors.standard_webhooks.len() >= 3);
    let secret = vectors.key.parse().unwrap();
    (vectors, secret)
}

#[test]
fn lossless_and_lossy_inputs_are_distinguished() {
    for case in vectors().0.body_styles {
        let inspection = inspect(&case.input).unwrap();
        assert_eq!(
            inspection.loss.is_none(),
            case.lossless,
            "{}: {inspection:?}",
            case.input
        );
    }
}

#[test]
fn both_styles_match_node_and_python() {
    for case in vectors().0.body_styles.iter().filter(|case| case.lossless) {
        for (style, expected) in [
            (BodyStyle::Js, &case.js_stringify),
            (BodyStyle::Python, &case.python_dumps),
        ] {
            let mut out = Vec::new();
            render_value(&case.input, style, &mut out);
            assert_eq!(
                &String::from_utf8(out).unwrap(),
                expected,
                "{style:?} of {}",
                case.input
            );
        }
    }
}

#[test]
fn a_lossy_body_goes_out_as_the_producer_wrote_it() {
    for case in vectors().0.body_styles.iter().filter(|case| !case.lossless) {
        for style in [BodyStyle::Js, BodyStyle::Python, BodyStyle::Raw] {
            let parts = BodyParts {
                attributes: &[],
                id: "evt_1",
                event_type: "t",
                timestamp: "2026-01-31T09:30:00.000Z",
                data: &case.input,
                lossless: false,
                fixed_points: FixedPoints::default(),
            };
            assert_eq!(
                render_body(&parts, BodyContent::Data, style),
                case.input.as_bytes()
            );
        }
    }
}

#[test]
fn hex_signatures_match_the_published_ones() {
    let (vectors, secret) = vectors();
    for case in vectors.body_styles {
        for (body, signature) in [
            (&case.js_stringify, &case.hex_js_stringify),
            (&case.python_dumps, &case.hex_python_dumps),
        ] {
            assert_eq!(
                &postrider_scheme::sign(&secret, body.as_bytes()),
                signature,
                "{body}"
            );
            let verified = postrider_scheme::verify(&secret, body.as_bytes(), Some(signature), None);
            assert_eq!(verified, Ok(()), "{body}");
        }
    }
}

#[test]
fn standard_webhooks_signatures_match_the_published_ones() {
    let (vectors, secret) = vectors();
    for case in vectors.standard_webhooks {
        let body = case.body.as_bytes();
        let signature = standard_webhooks::sign(&secret, &case.id, case.timestamp, body);
        assert_eq!(signature, case.signature);
        let timestamp = case.timestamp.to_string();
        let headers = WebhookHeaders {
            id: Some(&case.id),
            timestamp: Some(&timestamp),
            signature: Some(&case.signature),
        };
        assert_eq!(
            standard_webhooks::verify(&secret, &headers, body, case.timestamp),
            Ok(())
        );
    }
}
