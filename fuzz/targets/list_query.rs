//! Queries of lists: parameters, pages and cursors.
#![no_main]
#![forbid(unsafe_code)]

use http::Uri;
use libfuzzer_sys::fuzz_target;
use postrider_api::fuzzing::{ListId, cursor_of, page, position_of};
use postrider_model::AccountId;
use postrider_storage::{LIMIT_MAX, Position};

fuzz_target!(|bytes: &[u8]| {
    let account = AccountId::from_u128(7);
    let lists = [ListId::of(account, "events"), ListId::of_all("accounts")];
    if let Some(position) = bytes.first_chunk::<16>() {
        let position = Position(u128::from_be_bytes(*position));
        let cursor = cursor_of(lists[0], position);
        assert_eq!(position_of(lists[0], &cursor), Some(position));
        assert_eq!(
            position_of(lists[1], &cursor),
            None,
            "a cursor belongs to one list"
        );
        altered(lists[0], &cursor, &bytes[16..]);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for list in lists {
        if let Some(position) = position_of(list, text) {
            assert_eq!(cursor_of(list, position), text, "a position has one cursor");
        }
        let Ok(uri) = format!("/v1/things?{text}").parse::<Uri>() else {
            return;
        };
        match page(&uri, list) {
            Ok(page) => assert!((1..=LIMIT_MAX).contains(&page.limit)),
            Err(problem) => assert_eq!(problem.code().status().as_u16(), 400),
        }
    }
});

/// A cursor with one byte replaced is refused.
fn altered(list: ListId, cursor: &str, change: &[u8]) {
    let &[at, byte, ..] = change else { return };
    let mut bytes = cursor.as_bytes().to_vec();
    let at = usize::from(at) % bytes.len();
    if bytes[at] == byte {
        return;
    }
    bytes[at] = byte;
    if let Ok(text) = std::str::from_utf8(&bytes) {
        assert_eq!(position_of(list, text), None, "{text}");
    }
}
