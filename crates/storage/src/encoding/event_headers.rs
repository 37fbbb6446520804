//! The column `headers` of an event: a JSON array of names and values, or NULL if it has none.

use postrider_model::EventHeaders;

use super::{Damaged, json_text, json_value};

/// Encodes the headers of an event; `None` for none.
pub fn encode(headers: &EventHeaders) -> Option<Vec<u8>> {
    let list: Vec<(&str, &str)> = headers.iter().collect();
    (!list.is_empty()).then(|| json_text(&list).into_bytes())
}

/// Decodes headers.
///
/// # Errors
/// [`Damaged`] if [`encode`] never returns such bytes.
pub fn decode(bytes: Option<&[u8]>) -> Result<EventHeaders, Damaged> {
    let Some(bytes) = bytes else {
        return Ok(EventHeaders::default());
    };
    let text = std::str::from_utf8(bytes).map_err(|_| Damaged("the headers of an event"))?;
    json_value(text).map(EventHeaders::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_a_round_trip() {
        let two = [("X-Tenant", "4\t2 \"\\"), ("x-empty", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        for headers in [EventHeaders::default(), EventHeaders::new(two.to_vec())] {
            let stored = encode(&headers);
            assert_eq!(stored.is_none(), headers.is_empty());
            assert_eq!(decode(stored.as_deref()), Ok(headers));
        }
        assert!(decode(Some(b"{}")).is_err());
        assert!(decode(Some(b"\xff")).is_err());
    }
}
