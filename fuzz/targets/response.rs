//! What a hostile receiver sends, through the client's HTTP/1.1: in one piece, and in several.
#![no_main]
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use postrider_egress::Response;
use postrider_egress::fuzzing::response_to;
use postrider_model::Outcome;
use postrider_model::attempt::RESPONSE_HEADER_BYTES_KEPT;
use tokio::runtime::{Builder, Runtime};

/// Bytes of a body to keep: few, so that small inputs exceed it.
const BYTES_KEPT: usize = 64;

/// Maximum pieces, each of which is a write and a read.
const PIECES_MAX: usize = 32;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    // The reader runs after every piece.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .event_interval(1)
        .build();
    runtime.expect("a runtime starts")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = RUNTIME.block_on(response_to(bytes, bytes.len().max(1), BYTES_KEPT));
    is_bounded(&whole);
    status_decides(&whole, bytes);
    let piece = (1 + usize::from(piece)).max(bytes.len() / PIECES_MAX);
    if piece < bytes.len() {
        let pieces = RUNTIME.block_on(response_to(bytes, piece, BYTES_KEPT));
        assert_eq!(parts(&whole), parts(&pieces), "pieces of {piece}");
    }
});

type Parts<'a> = (
    Outcome,
    Option<u16>,
    &'a Option<String>,
    &'a [(String, String)],
    &'a [u8],
    bool,
);

fn parts(it: &Response) -> Parts<'_> {
    (
        it.outcome,
        it.status_code,
        &it.error,
        &it.headers,
        &it.body,
        it.truncated,
    )
}

fn is_bounded(response: &Response) {
    assert!(response.body.len() <= BYTES_KEPT);
    assert!(!response.truncated || response.body.len() == BYTES_KEPT);
    let bytes: usize = response
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(bytes <= RESPONSE_HEADER_BYTES_KEPT);
    for (name, value) in &response.headers {
        assert!(
            !name.is_empty() && !name.bytes().any(|it| it.is_ascii_uppercase()),
            "{name:?}"
        );
        assert!(
            !name
                .chars()
                .chain(value.chars())
                .any(|it| it.is_ascii_control() && it != '\t')
        );
    }
    assert!(response.error.as_ref().is_none_or(|it| it.len() <= 1024));
}

/// The outcome follows from the status; without one, the response was no HTTP.
fn status_decides(response: &Response, bytes: &[u8]) {
    let expected = match response.status_code {
        Some(200..=299) => Outcome::Succeeded,
        Some(101 | 200..) => Outcome::BadStatus,
        Some(interim) => panic!("the status {interim} is not final"),
        None => {
            assert!(matches!(
                response.outcome,
                Outcome::ProtocolError | Outcome::ConnectError
            ));
            assert!(response.error.is_some());
            return;
        }
    };
    assert_eq!(response.outcome, expected);
    let status = response.status_code.expect("it has one").to_string();
    assert!(bytes.windows(3).any(|it| it == status.as_bytes()));
    let has_retry_after = response.retry_after.is_some();
    assert!(!has_retry_after || matches!(response.status_code, Some(429 | 503)));
}
