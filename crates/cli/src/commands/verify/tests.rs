use super::*;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &str = "{\"id\":\"evt_1\",\"type\":\"a.b\",\"timestamp\":\"2026-01-31T09:30:00.000Z\",\"data\":{\"name\":\"Zoë\",\"n\":1}}";
const SENT_S: i64 = 1_769_851_800;

fn secret() -> SigningSecret {
    KEY.parse().unwrap()
}

fn hex(body: &[u8]) -> String {
    postrider_scheme::sign(&secret(), body)
}

fn report(headers: &[String], body: &[u8], now_s: Option<i64>) -> Report {
    let received = Received::read(headers, None).unwrap();
    Report::new(&[secret()], &received, body, now_s)
}

fn hex_report(signature: &str, body: &[u8]) -> Report {
    report(&[format!("Postrider-Signature: {signature}")], body, None)
}

fn standard_headers(body: &[u8]) -> [String; 3] {
    let token = standard_webhooks::sign(&secret(), "evt_1", SENT_S, body);
    [
        "webhook-id: evt_1".to_owned(),
        format!("Webhook-Timestamp: {SENT_S}"),
        format!("webhook-signature: v1,AAAA {token}"),
    ]
}

/// The only explanation of a failure.
fn explanation(report: &Report) -> &str {
    assert!(!report.is_verified());
    assert_eq!(report.explanations.len(), 1, "{:?}", report.explanations);
    &report.explanations[0]
}

#[test]
fn matching_signatures_are_listed_one_by_one() {
    let report = report(
        &standard_headers(BODY.as_bytes()),
        BODY.as_bytes(),
        Some(SENT_S + 299),
    );
    assert!(report.is_verified());
    assert_eq!(
        report
            .render(Paint::PLAIN)
            .lines()
            .map(|line| line.split("  ").last().unwrap())
            .collect::<Vec<_>>(),
        ["does not match", "matches"]
    );
}

#[test]
fn an_old_request_is_refused_unless_its_age_does_not_matter() {
    let headers = standard_headers(BODY.as_bytes());
    let old = report(&headers, BODY.as_bytes(), Some(SENT_S + 7_300));
    assert!(!old.is_verified());
    assert!(old.render(Paint::PLAIN).contains("timestamp is 2h old"));
    assert!(report(&headers, BODY.as_bytes(), None).is_verified());
}

#[test]
fn alterations_of_the_body_in_transit_are_recognised() {
    let signature = hex(BODY.as_bytes());
    let latin1: String = BODY.bytes().map(char::from).collect();
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(BODY).unwrap()).unwrap();
    let sorted = "{\"data\":{\"name\":\"Zo\\u00eb\",\"n\":1},\"id\":\"evt_1\",\"timestamp\":\"2026-01-31T09:30:00.000Z\",\"type\":\"a.b\"}";
    for (body, words) in [
        (format!("{BODY}\n"), "without the line break at its end"),
        (format!("{BODY}\r\n"), "without the line break"),
        (format!("\u{feff}{BODY}"), "byte order mark"),
        (serde_json::to_string(BODY).unwrap(), "serialised it once more"),
        (latin1, "Latin-1"),
        (pretty, "`JSON.stringify` prints it"),
        (sorted.to_owned(), "the order id, type, timestamp, data"),
    ] {
        let report = hex_report(&signature, body.as_bytes());
        assert!(
            explanation(&report).contains(words),
            "{body}: {:?}",
            report.explanations
        );
    }
    let raw = r#"{"n":1.0,"text":"a \" b\\"}"#;
    let spaced = hex_report(&hex(raw.as_bytes()), br#"{ "n": 1.0, "text": "a \" b\\" }"#);
    assert!(explanation(&spaced).contains("white space"));
    let trimmed = hex_report(&hex(format!("{BODY}\n").as_bytes()), BODY.as_bytes());
    assert!(explanation(&trimmed).contains("cut it off"));
}

#[test]
fn a_python_re_serialisation_is_diagnosed_with_the_body_style() {
    let python = "{\"id\": \"evt_1\", \"type\": \"a.b\", \"timestamp\": \"2026-01-31T09:30:00.000Z\", \"data\": {\"name\": \"Zo\\u00eb\", \"n\": 1}}";
    let report = hex_report(&hex(python.as_bytes()), BODY.as_bytes());
    assert!(
        explanation(&report).contains("body style to `python`"),
        "{:?}",
        report.explanations
    );
}

#[test]
fn the_content_that_a_receiver_signs_instead_is_identified() {
    let sorted = "{\"data\": {\"n\": 1, \"name\": \"Zo\\u00eb\"}, \"id\": \"evt_1\", \"timestamp\": \"2026-01-31T09:30:00.000Z\", \"type\": \"a.b\"}";
    let pretty = "{\n  \"id\": \"evt_1\",\n  \"type\": \"a.b\",\n  \"timestamp\": \"2026-01-31T09:30:00.000Z\",\n  \"data\": {\n    \"name\": \"Zoë\",\n    \"n\": 1\n  }\n}";
    for (signed, words) in [
        (BODY.replace('ë', "\\u00eb"), "separators"),
        (sorted.to_owned(), "sort_keys=True)"),
        (
            sorted.replace(": ", ":").replace(", ", ","),
            "sort_keys=True, separators",
        ),
        (pretty.to_owned(), "pretty-printed"),
        (format!("\u{feff}{BODY}"), "byte order mark in front"),
        (String::new(), "an empty body"),
        ("[object Object]".to_owned(), "parsed first"),
        ("{\"name\":\"Zoë\",\"n\":1}".to_owned(), "the member `data` alone"),
    ] {
        let report = hex_report(&hex(signed.as_bytes()), BODY.as_bytes());
        assert!(
            explanation(&report).contains(words),
            "{signed}: {:?}",
            report.explanations
        );
    }
    let slashes = hex_report(&hex(b"{\"url\":\"https:\\/\\/x\"}"), b"{\"url\":\"https://x\"}");
    assert!(explanation(&slashes).contains("`json_encode`"), "{slashes:?}");
}

#[test]
fn a_hash_without_hmac_is_recognised() {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest([KEY.as_bytes(), BODY.as_bytes()].concat());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(explanation(&hex_report(&hash, BODY.as_bytes())).contains("plain SHA-256"));
}

#[test]
fn a_wrong_key_or_message_is_recognised() {
    use super::derivation::mac;
    let hex_of = |mac: [u8; 32]| mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let decoded = hex_report(
        &hex_of(mac(&secret().decoded(), "", BODY.as_bytes())),
        BODY.as_bytes(),
    );
    assert!(explanation(&decoded).contains("The key used was the bytes after `whsec_`"));
    let cut = hex_report(
        &hex_of(mac(&KEY.as_bytes()[6..], "", BODY.as_bytes())),
        BODY.as_bytes(),
    );
    assert!(explanation(&cut).contains("The key used was the text after `whsec_`, not decoded"));
    let headers = [
        "webhook-id: evt_1".to_owned(),
        "webhook-timestamp: 5".to_owned(),
        format!(
            "X-Signature: {}",
            hex_of(mac(KEY.as_bytes(), "evt_1.5.", BODY.as_bytes()))
        ),
    ];
    let timed = report(&headers, BODY.as_bytes(), None);
    assert!(explanation(&timed).contains("X-Signature signs the body alone"));
}

#[test]
fn malformed_and_foreign_signatures_are_distinguished() {
    let signature = hex(BODY.as_bytes());
    for (value, words) in [
        (signature.to_uppercase(), "lowercase"),
        (signature[..40].to_owned(), "SHA-1"),
        (signature[..50].to_owned(), "cut off"),
        (format!("sha256={signature}"), "spelling"),
    ] {
        let report = hex_report(&value, BODY.as_bytes());
        assert!(
            explanation(&report).contains(words),
            "{value}: {:?}",
            report.explanations
        );
    }
}

#[test]
fn an_unexplained_mismatch_points_to_the_body() {
    let unknown = "0".repeat(64);
    assert!(explanation(&hex_report(&unknown, BODY.as_bytes())).contains("the key is a different one"));
    assert!(explanation(&hex_report(&unknown, b"")).contains("empty"));
    assert!(explanation(&hex_report(&unknown, b"{\"a\":")).contains("not JSON"));
    assert!(explanation(&hex_report(&unknown, b"\xff")).contains("not UTF-8"));
}

#[test]
fn headers_without_a_signature_are_a_usage_error() {
    for headers in [
        vec!["X-Y: 1".to_owned()],
        vec!["webhook-signature: v1,AAAA".to_owned()],
        vec!["nothing".to_owned()],
    ] {
        assert_eq!(
            Received::read(&headers, None).unwrap_err().exit_code(),
            exit::USAGE
        );
    }
}
