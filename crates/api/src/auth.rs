//! The caller of a request, identified by an API key in `Authorization: Bearer <key>`.

use http::{HeaderMap, header};
use postrider_access::Access;
use postrider_model::Caller;

/// The caller of a request with these headers, if its API key is known.
pub fn caller(access: &Access, headers: &HeaderMap) -> Option<Caller> {
    access.caller_of_key(presented(headers)?)
}

/// As much of the presented key as the audit trail shows.
pub fn shown_key(headers: &HeaderMap) -> Option<&str> {
    postrider_access::shown_key(presented(headers)?)
}

/// The key in these headers. Two of them are ambiguous, and count as none.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    bearer(value.as_bytes())
}

/// The token behind `Bearer` (RFC 6750, section 2.1; the scheme's name in any case, RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::AUTHORIZATION, value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_key_is_presented_in_one_bearer_header() {
        assert_eq!(presented(&headers(&["Bearer a-key"])), Some("a-key"));
        assert_eq!(presented(&headers(&["bearer  a-key"])), Some("a-key"));
        for bad in [
            &[][..],
            &["Bearer"],
            &["Bearer "],
            &["a-key"],
            &["Basic a-key"],
            &["Bearer a-key", "Bearer a-key"],
        ] {
            assert_eq!(presented(&headers(bad)), None, "{bad:?}");
        }
    }
}
