//! Tokens that prove that a form is one of ours: no other site can read the cookie that they are made from.
//!
//! The token is a hash of the session's token (or, before there is a session, of a random cookie), so that
//! nothing has to be kept for it and it ends with the session (OWASP's *signed double submit*; the secret is
//! the HttpOnly cookie).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use sha2::{Digest, Sha256};

use super::cookie;

/// The field that carries it.
pub const FIELD: &str = "csrf";

/// The token for forms of the visitor who sent these headers; `None` without a cookie to derive it from.
pub fn token(headers: &HeaderMap) -> Option<String> {
    let secret = cookie::session(headers).or_else(|| cookie::form(headers))?;
    Some(of(secret))
}

/// The token derived from this secret.
pub fn of(secret: &str) -> String {
    let hash = Sha256::new_with_prefix(b"postrider console form\0").chain_update(secret);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Whether a form carries its sender's token.
pub fn is_valid(headers: &HeaderMap, presented: &str) -> bool {
    // Accept either cookie: a form that was opened before signing in may be sent after it. Both sides are
    // hashes of secrets that a forger does not know, so the duration of the comparison reveals nothing.
    let secrets = [cookie::session(headers), cookie::form(headers)];
    secrets
        .into_iter()
        .flatten()
        .any(|secret| of(secret) == presented)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    fn headers(cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))])
    }

    #[test]
    fn a_form_token_is_valid_only_for_its_session() {
        let mine = headers("postrider_session=a");
        let token = token(&mine).unwrap();
        assert!(is_valid(&mine, &token));
        assert!(!is_valid(&headers("postrider_session=b"), &token));
        assert!(!is_valid(&headers(""), &token));
        assert!(!is_valid(&headers(""), ""));
    }
}
