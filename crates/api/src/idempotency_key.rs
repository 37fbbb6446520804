//! The `Idempotency-Key` header.

use http::{HeaderMap, HeaderName};

use crate::problem::{Code, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// The key of this request, if it has one: 1 to 255 visible ASCII characters, so that it reads the same in a
/// log, a database and a header.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let fits =
        (1..=KEY_BYTES_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(key) if fits && values.next().is_none() => Ok(Some(key)),
        _ => Err(Problem::new(
            Code::InvalidIdempotencyKey,
            "send one Idempotency-Key header with 1 to 255 visible ASCII characters",
        )),
    }
}

/// The key of one item of a batch: the batch's key, a line feed, which no header can hold, and the item's
/// index.
pub(crate) fn key_of_item(key: &str, index: usize) -> String {
    format!("{key}\n{index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[&str]) -> Result<Option<String>, Problem> {
        let headers: HeaderMap = values
            .iter()
            .map(|value| ("idempotency-key".parse().unwrap(), value.parse().unwrap()))
            .collect();
        idempotency_key(&headers).map(|key| key.map(str::to_owned))
    }

    #[test]
    fn an_idempotency_key_is_visible_bounded_and_sent_at_most_once() {
        assert_eq!(key(&[]).unwrap(), None);
        assert_eq!(key(&["a-1"]).unwrap().as_deref(), Some("a-1"));
        assert!(key(&[&"x".repeat(255)]).is_ok());
        for bad in [
            &["" as &str] as &[&str],
            &["a b"],
            &["é"],
            &["a", "a"],
            &[&"x".repeat(256)],
        ] {
            assert_eq!(
                key(bad).unwrap_err().code(),
                Code::InvalidIdempotencyKey,
                "{bad:?}"
            );
        }
    }
}
