//! The id of a request, which is in its response and in the log.

use http::{HeaderMap, HeaderName, HeaderValue};
use postrider_model::hex;

/// The header that carries the id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is accepted from a client, in bytes.
const CLIENT_ID_BYTES_MAX: usize = 64;

/// Identifies a request.
#[derive(Debug, Clone)]
pub enum RequestId {
    /// The client's own id.
    FromClient(HeaderValue),
    /// A new id. It becomes text only for the response.
    New(u128),
}

impl RequestId {
    /// The client's id if it is safe in a line of the log, otherwise a `fresh` one.
    pub fn of(headers: &HeaderMap, fresh: impl FnOnce() -> u128) -> Self {
        match headers.get(&REQUEST_ID).filter(|presented| is_fit(presented)) {
            Some(presented) => Self::FromClient(presented.clone()),
            None => Self::New(fresh()),
        }
    }

    /// The id as text.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::FromClient(value) => value.to_str().ok().map(str::to_owned),
            Self::New(id) => Some(hex::encode(&id.to_be_bytes())),
        }
    }

    /// The id as a header.
    pub fn value(&self) -> HeaderValue {
        match self {
            Self::FromClient(value) => value.clone(),
            Self::New(id) => hexadecimal(*id),
        }
    }
}

fn is_fit(presented: &HeaderValue) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    (1..=CLIENT_ID_BYTES_MAX).contains(&presented.len()) && presented.as_bytes().iter().all(is_plain)
}

/// 32 hexadecimal digits.
fn hexadecimal(id: u128) -> HeaderValue {
    // Hexadecimal digits are always a valid header value.
    let mut value =
        HeaderValue::try_from(hex::encode(&id.to_be_bytes())).unwrap_or(HeaderValue::from_static("-"));
    // Over HTTP/2 it then displaces no other header from the table of both ends, because it never returns.
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_are_hexadecimal() {
        for id in [0, 1, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210, u128::MAX] {
            assert_eq!(RequestId::New(id).value(), format!("{id:032x}"));
        }
    }

    #[test]
    fn a_clients_request_id_is_kept_if_it_is_safe_in_the_log() {
        let id = |presented: &str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, presented.parse().unwrap())]);
            RequestId::of(&headers, || 7).value()
        };
        let new = RequestId::New(7).value();
        assert_eq!(id("my-id.1_A"), "my-id.1_A");
        for unfit in ["", "a b", "a;b", &"x".repeat(65)] {
            assert_eq!(id(unfit), new, "{unfit}");
        }
        assert_eq!(RequestId::of(&HeaderMap::new(), || 7).value(), new);
    }
}
