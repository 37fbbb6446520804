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

fn diagnosis(headers: &[String], body: &[u8], now_s: Option<i64>) -> Diagnosis {
    let headers = headers.iter().filter_map(|line| header_line(line));
    Diagnosis::of(&[secret()], &Received::of(headers).unwrap(), body, now_s)
}

fn of_hex(signature: &str, body: &[u8]) -> Diagnosis {
    diagnosis(&[format!("Postrider-Signature: {signature}")], body, None)
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
fn explanation(diagnosis: &Diagnosis) -> &str {
    assert!(!diagnosis.is_verified());
    assert_eq!(diagnosis.explanations.len(), 1, "{:?}", diagnosis.explanations);
    &diagnosis.explanations[0]
}

#[test]
fn each_signature_is_judged_by_itself() {
    let body = BODY.as_bytes();
    let diagnosis = diagnosis(&standard_headers(body), body, Some(SENT_S + 299));
    assert!(diagnosis.is_verified() && diagnosis.explanations.is_empty());
    let findings: Vec<_> = diagnosis.findings.iter().map(|(_, finding)| *finding).collect();
    assert_eq!(findings, [Finding::Differs, Finding::Matches { key: 0 }]);
}

#[test]
fn an_old_request_is_refused_unless_its_age_does_not_matter() {
    let headers = standard_headers(BODY.as_bytes());
    let old = diagnosis(&headers, BODY.as_bytes(), Some(SENT_S + 7_300));
    assert!(!old.is_verified() && old.explanations.is_empty());
    assert_eq!(old.findings[1].1, Finding::OffTime { key: 0, off_s: 7_300 });
    assert!(diagnosis(&headers, BODY.as_bytes(), None).is_verified());
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
        (pretty, "matches the body as `JSON.stringify`"),
        (sorted.to_owned(), "the order id, type, timestamp, data"),
    ] {
        let diagnosis = of_hex(&signature, body.as_bytes());
        assert!(
            explanation(&diagnosis).contains(words),
            "{body}: {:?}",
            diagnosis.explanations
        );
    }
    let raw = r#"{"n":1.0,"text":"a \" b\\"}"#;
    let spaced = of_hex(&hex(raw.as_bytes()), br#"{ "n": 1.0, "text": "a \" b\\" }"#);
    assert!(explanation(&spaced).contains("white space"));
    let trimmed = of_hex(&hex(format!("{BODY}\n").as_bytes()), BODY.as_bytes());
    assert!(explanation(&trimmed).contains("cut it off"));
}

#[test]
fn a_python_re_serialisation_is_diagnosed_with_the_body_style() {
    let python = "{\"id\": \"evt_1\", \"type\": \"a.b\", \"timestamp\": \"2026-01-31T09:30:00.000Z\", \"data\": {\"name\": \"Zo\\u00eb\", \"n\": 1}}";
    let diagnosis = of_hex(&hex(python.as_bytes()), BODY.as_bytes());
    assert!(
        explanation(&diagnosis).contains("body style to `python`"),
        "{:?}",
        diagnosis.explanations
    );
}

#[test]
fn the_content_that_a_receiver_signs_instead_is_identified() {
    let sorted = "{\"data\": {\"n\": 1, \"name\": \"Zo\\u00eb\"}, \"id\": \"evt_1\", \"timestamp\": \"2026-01-31T09:30:00.000Z\", \"type\": \"a.b\"}";
    let pretty = "{\n  \"id\": \"evt_1\",\n  \"type\": \"a.b\",\n  \"timestamp\": \"2026-01-31T09:30:00.000Z\",\n  \"data\": {\n    \"name\": \"Zoë\",\n    \"n\": 1\n  }\n}";
    for (signed, words) in [
        (
            BODY.replace('ë', "\\u00eb"),
            "PHP's `json_encode` or Python's `json.dumps(…, separators=",
        ),
        (sorted.to_owned(), "sort_keys=True)"),
        (
            sorted.replace(": ", ":").replace(", ", ","),
            "sort_keys=True, separators",
        ),
        (pretty.to_owned(), "`JSON.stringify(…, null, 2)`"),
        (format!("\u{feff}{BODY}"), "byte order mark in front"),
        (String::new(), "an empty body"),
        ("[object Object]".to_owned(), "parsed first"),
        ("{\"name\":\"Zoë\",\"n\":1}".to_owned(), "the member `data` alone"),
    ] {
        let diagnosis = of_hex(&hex(signed.as_bytes()), BODY.as_bytes());
        assert!(
            explanation(&diagnosis).contains(words),
            "{signed}: {:?}",
            diagnosis.explanations
        );
    }
    let slashes = of_hex(&hex(b"{\"url\":\"https:\\/\\/x\"}"), b"{\"url\":\"https://x\"}");
    assert!(explanation(&slashes).contains("`json_encode`"), "{slashes:?}");
}

#[test]
fn a_wrong_key_or_message_is_recognised() {
    use super::derivation::Function;
    let mac = |key: &[u8], before: &str, body: &[u8]| Function::Hmac.compute(key, before, body);
    let hex_of = |mac: [u8; 32]| postrider_model::hex::encode(&mac);
    let decoded = of_hex(
        &hex_of(mac(&secret().decoded(), "", BODY.as_bytes())),
        BODY.as_bytes(),
    );
    assert!(explanation(&decoded).contains("The key used was the bytes after `whsec_`"));
    let cut = of_hex(
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
    let timed = diagnosis(&headers, BODY.as_bytes(), None);
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
        let diagnosis = of_hex(&value, BODY.as_bytes());
        assert!(
            explanation(&diagnosis).contains(words),
            "{value}: {:?}",
            diagnosis.explanations
        );
    }
}

#[test]
fn an_unexplained_mismatch_points_to_the_body() {
    let unknown = "0".repeat(64);
    assert!(explanation(&of_hex(&unknown, BODY.as_bytes())).contains("the key is a different one"));
    assert!(explanation(&of_hex(&unknown, b"")).contains("empty"));
    assert!(explanation(&of_hex(&unknown, b"{\"a\":")).contains("not JSON"));
    assert!(explanation(&of_hex(&unknown, b"\xff")).contains("not UTF-8"));
}

/// Signatures that Node.js 20 and Python 3.11 computed with [`KEY`] and [`BODY`].
#[test]
fn signatures_of_real_programs_are_explained() {
    for (signature, words) in [
        (
            "3fdca0c4482c3662ce9b0f984c4281ec94d991c89e8030aca3189c84ffb6e541",
            "plain SHA-256 of the key followed by the message",
        ),
        (
            "b7f2304dc9d140784bd148eb938c1b51f81fefd54f864e1de3d1c52df379da41",
            "plain SHA-256 of the message followed by the key",
        ),
        (
            "c7de180cffb8f0faaaf1cd400a9b3c8d1744ac11652444e3d50b4dbd8fa91624",
            "without the key",
        ),
        (
            "b6484deb67c418208d17d58883eb4e507465fe6c90525034f1f3a4a79c6ee613",
            "The key used was the whole displayed text decoded from base64",
        ),
        (
            "+zjrKWT+5zxX4O9t9e5rmwZ9aE9Wh891cGqP55jU9vM=",
            "signature is base64;",
        ),
        (
            "-zjrKWT-5zxX4O9t9e5rmwZ9aE9Wh891cGqP55jU9vM",
            "signature is the base64 of URLs",
        ),
        (
            "ZmIzOGViMjk2NGZlZTczYzU3ZTBlZjZkZjVlZTZiOWIwNjdkNjg0ZjU2ODdjZjc1NzA2YThmZTc5OGQ0ZjZmMw==",
            "the base64 of the hexadecimal digits",
        ),
        (
            "6cbbcdf2c8016ca85b50543b19e8e121ef16137967bdfa3ce660972922bafaeb",
            "the text `{}`",
        ),
        (
            "faf3446b6f71fe430bbcd64a2211916cdfa7af211f6868346682e53536f67fb0",
            "the text `[object Object]`",
        ),
        (
            "ac6bad1d98bc8e8e95c22b71f7bd8794dbbaafa498f7aa6469e8caf649a152a5",
            "the member `data` alone. Sign the whole body",
        ),
        (
            "effd130da80912291420f8075274bc359e87f3ba569a9ddffd5fcef733586528",
            "the member `data` alone, as Python's",
        ),
        (
            "97392eab5857890394445ef2a4f77d9e98912c1a86b47b8683d61d12f875b548",
            "the body as a JSON string",
        ),
    ] {
        let diagnosis = of_hex(signature, BODY.as_bytes());
        assert!(explanation(&diagnosis).contains(words), "{words}: {diagnosis:?}");
    }
    let carriage_returns = "2d23bfa8a5ca659b19701844bf91ecdbc75ef73d84e766b0ec43346863cb33ff";
    let diagnosis = of_hex(carriage_returns, b"{\n\"a\": 1\n}");
    assert!(explanation(&diagnosis).contains("with CR LF"), "{diagnosis:?}");
}

#[test]
fn a_signature_of_standard_webhooks_in_other_digits_is_explained() {
    for (value, words) in [
        (
            "v1,dfacd51b923ebeef7dff713de62c9b4d405630326fda28bcb75770786bf52c94",
            "signature is hexadecimal;",
        ),
        (
            "v1,36zVG5I-vu99_3E95iybTUBWMDJv2ii8t1dweGv1LJQ",
            "signature is the base64 of URLs",
        ),
        (
            "36zVG5I+vu99/3E95iybTUBWMDJv2ii8t1dweGv1LJQ=",
            "expected `v1,` and base64",
        ),
    ] {
        let headers = [
            "webhook-id: evt_1".to_owned(),
            format!("webhook-timestamp: {SENT_S}"),
            format!("webhook-signature: {value}"),
        ];
        let diagnosis = diagnosis(&headers, BODY.as_bytes(), None);
        assert!(explanation(&diagnosis).contains(words), "{words}: {diagnosis:?}");
    }
}

#[test]
fn several_mistakes_at_once_are_all_named() {
    let php = "{\"url\":\"https:\\/\\/x\"}";
    let hash = derivation::Function::HashKeyFirst.compute(&KEY.as_bytes()[6..], "", php.as_bytes());
    let diagnosis = of_hex(
        &postrider_model::hex::encode(&hash).to_uppercase(),
        b"{\"url\":\"https://x\"}",
    );
    for words in [
        "`json_encode`",
        "not decoded",
        "plain SHA-256 of the key",
        "lowercase hexadecimal",
    ] {
        assert!(explanation(&diagnosis).contains(words), "{words}: {diagnosis:?}");
    }
}

#[test]
fn each_signature_of_a_request_gets_its_own_explanation() {
    let headers = [
        format!("A-Signature: {}", hex(format!("{BODY}\n").as_bytes())),
        format!("B-Signature: {}", hex(b"")),
        "C-Signature: 12".to_owned(),
        format!("D-Signature: {}", hex(b"")),
    ];
    let diagnosis = diagnosis(&headers, BODY.as_bytes(), None);
    let explanations = &diagnosis.explanations;
    assert_eq!(explanations.len(), 3, "{explanations:?}");
    assert!(explanations[0].contains("a line break at its end"));
    assert!(explanations[1].contains("an empty body"));
    assert!(explanations[2].starts_with("C-Signature: expected 64"));
}

#[test]
fn a_body_that_is_no_body_is_named() {
    let unknown = "0".repeat(64);
    for (body, words) in [
        ("[object Object]", "JavaScript turned the parsed body into text"),
        ("{}", "no parser for it"),
        ("{\"name\":\"Zoë\",\"n\":1}", "only a part of what was signed"),
    ] {
        let diagnosis = of_hex(&unknown, body.as_bytes());
        assert!(explanation(&diagnosis).contains(words), "{words}: {diagnosis:?}");
    }
}

/// Somebody without the key may ask.
#[test]
fn a_diagnosis_contains_no_key_and_no_signature_that_was_not_given() {
    let unknown = "0".repeat(64);
    let said = format!("{:?}", of_hex(&unknown, BODY.as_bytes()));
    for hidden in [&KEY[6..], &hex(BODY.as_bytes())] {
        assert!(!said.contains(hidden), "{said}");
    }
}

#[test]
fn the_search_is_bounded_and_says_so() {
    let unknown = "0".repeat(64);
    let large = serde_json::to_vec(&vec!["ë/"; BODY_BYTES_MAX / 8]).unwrap();
    let cut_short = of_hex(&unknown, &large);
    assert!(
        explanation(&cut_short).contains("too large to try every combination"),
        "{:?}",
        cut_short.explanations
    );
    let slashes = String::from_utf8(large.clone()).unwrap().replace('/', "\\/");
    let likely = of_hex(&hex(slashes.as_bytes()), &large);
    assert!(explanation(&likely).contains("JSON_UNESCAPED_UNICODE prints it"));
    let deep = format!(
        "{}{}1{}",
        "[".repeat(120),
        "1,".repeat(BODY_BYTES_MAX / 4),
        "]".repeat(120)
    );
    assert!(of_hex(&unknown, deep.as_bytes()).explanations.len() == 1);
    let larger = vec![b' '; BODY_BYTES_MAX + 1];
    assert!(explanation(&of_hex(&unknown, &larger)).contains("up to 512 KiB"));
}

/// Signatures of any profile: what changed the body is found by asking whether another body matches.
#[test]
fn a_change_of_the_body_explains_the_signatures_of_any_profile() {
    let signed = BODY.replace("Zoë", "Z/ë");
    let mut asked = 0;
    let said = explain_change(signed.replace('/', "\\/").as_bytes(), 1, |body| {
        asked += 1;
        body == signed.as_bytes()
    });
    assert!(said.contains("json_encode"), "{said}");
    assert!(asked > 1);
    let unexplained = explain_change(BODY.as_bytes(), 1, |_| false);
    assert!(
        unexplained.starts_with("No usual mistake explains it."),
        "{unexplained}"
    );
    // The work is bounded.
    let mut asked = 0;
    let cut_short = explain_change(BODY.as_bytes(), usize::MAX, |_| {
        asked += 1;
        false
    });
    assert_eq!(asked, 0);
    assert!(cut_short.contains("too large"), "{cut_short}");
    let larger = vec![b' '; BODY_BYTES_MAX + 1];
    assert!(explain_change(&larger, 1, |_| true).contains("up to 512 KiB"));
}
