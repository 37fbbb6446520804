//! Headers of requests and answers, for reading: secrets in them are hidden, whoever looks.

use postrider_model::attempt::Headers;

use super::body::visible;

/// A header as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRow {
    /// Its name.
    pub name: String,
    /// Its value; `None` where it is a secret.
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

/// How names end that people give to headers with secrets (`X-Api-Key`, `X-Auth-Token`), in lowercase.
const SECRET_ENDINGS: [&str; 7] = [
    "-token",
    "-key",
    "-apikey",
    "-secret",
    "-password",
    "-auth",
    "-authorization",
];

/// Ends like one, and is none (draft-ietf-httpapi-idempotency-key-header).
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

/// Whether a header of this name is taken to carry a secret. Signatures are none: they prove, and tell
/// nothing.
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
