//! Bodies of `POST …/events` and `POST …/events/batch`, and CloudEvents: refused with a problem, or accepted
//! byte for byte.
#![no_main]
#![forbid(unsafe_code)]

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use postrider_api::fuzzing::{Problem, Submission, batch, cloud_events, event};
use postrider_api::problem::ProblemPages;
use postrider_json::Payload;

/// Maximum bytes of a problem document besides what it quotes of the request.
const DOCUMENT_BYTES_MAX: usize = 4 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let body = Bytes::copy_from_slice(bytes);
    match event(&body) {
        Ok(submission) => is_kept(&submission, bytes),
        Err(problem) => is_told(&problem, bytes),
    }
    match batch(&body) {
        Ok((refusals, submissions)) => {
            let refused = refusals.iter().flatten();
            assert_eq!(refused.clone().count() + submissions.len(), refusals.len());
            assert!((1..=1_000).contains(&refusals.len()));
            refused.take(8).for_each(|problem| is_told(problem, bytes));
            submissions.iter().take(8).for_each(|it| is_kept(it, bytes));
        }
        Err(problem) => is_told(&problem, bytes),
    }
    for headers in requests(bytes) {
        match cloud_events(&headers, &body) {
            Ok(submissions) => submissions.iter().take(8).for_each(|it| is_of_a_cloud_event(it)),
            Err(problem) => is_told(&problem, bytes),
        }
    }
});

/// The headers of CloudEvents in each mode. In binary mode, the bytes are an attribute too.
fn requests(bytes: &[u8]) -> impl Iterator<Item = HeaderMap> {
    let of = |headers: &[(&'static str, &[u8])]| {
        let headers = headers.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value).ok()?;
            Some((HeaderName::from_static(name), value))
        });
        headers.collect::<Option<HeaderMap>>()
    };
    let binary: [(&str, &[u8]); 5] = [
        ("ce-specversion", b"1.0"),
        ("ce-id", b"1"),
        ("ce-source", bytes),
        ("ce-type", b"a.b"),
        ("ce-subject", bytes),
    ];
    let structured = of(&[("content-type", b"application/cloudevents+json")]);
    let batch = of(&[("content-type", b"application/cloudevents-batch+json")]);
    [structured, batch, of(&binary)].into_iter().flatten()
}

/// Attributes are headers that can be sent and read again, and `data` is JSON.
fn is_of_a_cloud_event(submission: &Submission) {
    for (name, value) in submission.headers.iter() {
        assert!(name.starts_with("ce-") && value.bytes().all(|byte| byte.is_ascii_graphic()));
        let attribute = postrider_model::cloud_events::decode(value).expect("Postrider wrote it");
        assert_eq!(postrider_model::cloud_events::encode(&attribute), value);
    }
    assert!(submission.idempotency_key.is_some());
    let text = std::str::from_utf8(&submission.data).expect("a body is UTF-8");
    assert_eq!(text.trim_matches([' ', '\t', '\r', '\n']), text);
    if let Err(error) = Payload::read(&submission.data) {
        assert!(error.to_string().contains("nest"), "{error}");
    }
}

/// `data` is JSON, and a piece of the body.
fn is_kept(submission: &Submission, body: &[u8]) {
    let data = &submission.data;
    assert!(body.windows(data.len()).any(|piece| piece == data));
    let text = std::str::from_utf8(data).expect("a body is UTF-8");
    assert_eq!(text.trim_matches([' ', '\t', '\r', '\n']), text);
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    // The engine refuses data that is nested too deeply, and nothing else of it.
    if let Err(error) = Payload::read(data) {
        assert!(error.to_string().contains("nest"), "{error}");
    }
}

/// The problem blames the client, is JSON, and is not much larger than what it is about.
fn is_told(problem: &Problem, body: &[u8]) {
    let document =
        serde_json::to_value(problem.document(ProblemPages::default())).expect("a problem is JSON");
    let status = document["status"].as_u64().expect("a problem has a status");
    assert!((400..500).contains(&status), "{document}");
    // A member's name may be quoted three times, each byte of it as `\u0001` or U+FFFD.
    let bytes = document.to_string().len();
    assert!(bytes <= DOCUMENT_BYTES_MAX + 24 * body.len(), "{bytes}");
    if let Some(position) = problem.position() {
        assert!(position.offset <= body.len() && position.line >= 1 && position.column >= 1);
    }
    let errors = document["errors"].as_array();
    for fault in errors.into_iter().flatten() {
        let pointer = fault["pointer"]
            .as_str()
            .expect("a fault of a body has a pointer");
        assert!(pointer.is_empty() || pointer.starts_with('/'));
    }
}
