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
///
/// Beside a session's cookie, the cookie of forms counts for nothing: with one that somebody planted, a
/// foreign form would be valid in the session.
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
    // Both sides are hashes of a secret that a forger does not know, so the duration of the comparison
    // reveals nothing.
    token(headers).is_some_and(|token| token == presented)
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

    #[test]
    fn the_cookie_of_forms_is_worth_nothing_beside_a_session() {
        let planted = headers("postrider_session=a; postrider_form=evil");
        assert!(!is_valid(&planted, &of("evil")) && is_valid(&planted, &of("a")));
        assert!(is_valid(&headers("postrider_form=b"), &of("b")));
    }
}
