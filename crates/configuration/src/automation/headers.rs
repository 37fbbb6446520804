//! Checks the headers that an action adds to its requests: no header may break framing or imitate one of
//! Postrider's own.

use std::collections::HashSet;

use postrider_egress::is_reserved_header;
use postrider_json::pointer::escape;
use postrider_model::automation::{HEADER_BYTES_MAX, HEADERS_MAX};
use postrider_signing::HeaderNames;

use crate::{Faults, codes};

/// Names that a custom header must not use although Postrider does not set them: each describes the body or
/// the message, which only Postrider knows. `authorization` and `cookie` are allowed, because receivers
/// require them.
const RESERVED: [&str; 2] = ["content-encoding", "date"];

/// Prefixes of such names. `postrider-` is reserved even if the installation's headers have another prefix.
const RESERVED_PREFIXES: [&str; 2] = ["postrider-", "proxy-"];

/// Checks the headers of the action at `pointer`.
pub(super) fn check_headers(
    headers: &[(String, String)],
    header_names: &HeaderNames,
    pointer: &str,
    faults: &mut Faults,
) {
    let pointer = format!("{pointer}/headers");
    if headers.len() > HEADERS_MAX {
        let detail = format!("list at most {HEADERS_MAX} headers");
        faults.add(pointer, codes::TOO_MANY, detail);
        return;
    }
    let mut seen = HashSet::new();
    for (name, value) in headers {
        let pointer = format!("{pointer}/{}", escape(name));
        let lower = name.to_ascii_lowercase();
        if !is_token(name) {
            let detail = "a header's name can have only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110)";
            faults.add(&pointer, codes::INVALID_VALUE, detail);
        } else if is_reserved(&lower, header_names) {
            let detail = "Postrider sets this header, or it controls how the request is parsed";
            faults.add(&pointer, codes::RESERVED_HEADER, detail);
        } else if !seen.insert(lower) {
            let detail = "this header is listed more than once; case is ignored";
            faults.add(&pointer, codes::DUPLICATE, detail);
        }
        if !is_field_value(value) {
            let detail =
                "a header's value can have only visible ASCII characters, with spaces and tabs between them";
            faults.add(&pointer, codes::INVALID_VALUE, detail);
        }
        if name.len() + value.len() > HEADER_BYTES_MAX {
            let detail = format!("name and value can have at most {HEADER_BYTES_MAX} bytes together");
            faults.add(&pointer, codes::TOO_LONG, detail);
        }
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// RFC 9110, section 5.5, without the obsolete bytes above ASCII.
fn is_field_value(value: &str) -> bool {
    let visible = |byte: u8| (0x21..=0x7e).contains(&byte) || byte == b' ' || byte == b'\t';
    value.bytes().all(visible) && value.trim_matches([' ', '\t']).len() == value.len()
}

fn is_reserved(lower: &str, header_names: &HeaderNames) -> bool {
    header_names.is_ours(lower)
        || is_reserved_header(lower)
        || RESERVED.contains(&lower)
        || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::faults_of;

    fn code(headers: &[(&str, &str)]) -> Option<&'static str> {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let names = HeaderNames::new("Acme");
        let faults = faults_of(|faults| check_headers(&headers, &names, "/actions/0", faults));
        faults.first().map(|(_, code)| *code)
    }

    #[test]
    fn ordinary_headers_pass() {
        for header in [
            ("X-Tenant", "42"),
            ("authorization", "Bearer a b\tc"),
            ("Cookie", "a=b"),
            ("X-Empty", ""),
        ] {
            assert_eq!(code(&[header]), None, "{header:?}");
        }
    }

    #[test]
    fn reserved_and_framing_headers_are_refused_in_any_case() {
        for name in [
            "Host",
            "CONTENT-LENGTH",
            "Transfer-Encoding",
            "connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
            "Proxy-Anything",
            "Content-Type",
            "Content-Encoding",
            "User-Agent",
            "Date",
            "Webhook-Id",
            "webhook-signature",
            "Postrider-Signature",
            "ACME-Signature",
            "acme-x",
            "HTTP2-Settings",
        ] {
            assert_eq!(code(&[(name, "x")]), Some("reserved_header"), "{name}");
        }
    }

    #[test]
    fn header_names_and_values_that_could_split_a_request_are_refused() {
        for name in ["", "a b", "a:", "a\r\nb", "é", "a\0"] {
            assert_eq!(code(&[(name, "x")]), Some("invalid_value"), "{name:?}");
        }
        for value in ["a\r\nb: c", "a\nb", "a\0", "é", " a", "a ", "\u{7f}"] {
            assert_eq!(code(&[("x-a", value)]), Some("invalid_value"), "{value:?}");
        }
    }

    #[test]
    fn headers_are_bounded_and_unique_regardless_of_case() {
        assert_eq!(code(&[("x-a", "1"), ("X-A", "2")]), Some("duplicate"));
        assert_eq!(code(&[("x-a", &"v".repeat(1021))]), None);
        assert_eq!(code(&[("x-a", &"v".repeat(1022))]), Some("too_long"));
        let names: Vec<String> = (0..21).map(|n| format!("x-{n}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
        assert_eq!(code(&headers), Some("too_many"));
    }
}
