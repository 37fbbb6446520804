//! Headers of requests and responses, for reading. Secrets in them are hidden from every visitor.

use postrider_model::attempt::Headers;

use super::body::visible;

/// A header as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRow {
    /// Its name.
    pub name: String,
    /// Its value; `None` if it is a secret.
    pub value: Option<String>,
}

/// Names of headers that carry a secret, in lowercase.
const SECRETS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "apikey",
    "password",
    "secret",
];

/// Endings of names that people choose for headers with secrets (`X-Api-Key`, `X-Auth-Token`), in lowercase.
const SECRET_ENDINGS: [&str; 7] = [
    "-token",
    "-key",
    "-apikey",
    "-secret",
    "-password",
    "-auth",
    "-authorization",
];

/// Has such an ending, but is not a secret (draft-ietf-httpapi-idempotency-key-header).
const NO_SECRET: &str = "idempotency-key";

/// The headers in their order.
pub fn rows(headers: &Headers) -> Vec<HeaderRow> {
    headers
        .iter()
        .map(|(name, value)| HeaderRow {
            name: visible(name),
            value: (!is_secret(name)).then(|| visible(value)),
        })
        .collect()
}

/// Whether a header of this name counts as a secret. Signatures do not: they prove the sender and reveal no
/// secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name != NO_SECRET
        && (SECRETS.contains(&&*name) || SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_signatures_are_not() {
        for name in [
            "Authorization",
            "Cookie",
            "X-Api-Key",
            "X_AUTH_TOKEN",
            "x-shared-secret",
            "Set-Cookie",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "Content-Type",
            "Postrider-Signature",
            "webhook-signature",
            "Idempotency-Key",
            "X-Keyboard",
            "Monkey",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        let headers = vec![
            ("X-A".to_owned(), "1\u{1b}".to_owned()),
            ("Authorization".to_owned(), "Bearer x".to_owned()),
        ];
        let rows = rows(&headers);
        assert_eq!(rows[0].value.as_deref(), Some("1‹ESC›"));
        assert_eq!(rows[1].value, None);
    }
}
