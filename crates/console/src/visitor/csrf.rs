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

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    fn headers(cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))])
    }

    #[test]
    fn a_form_token_is_valid_only_for_its_session() {
        let token_of = |cookies| token(&headers(cookies));
        assert!(token_of("postrider_session=a").is_some());
        assert_ne!(token_of("postrider_session=a"), token_of("postrider_session=b"));
        assert_eq!(token_of(""), None);
    }

    #[test]
    fn the_cookie_of_forms_is_worth_nothing_beside_a_session() {
        let planted = headers("postrider_session=a; postrider_form=evil");
        assert_eq!(token(&planted), Some(of("a")));
        assert_eq!(token(&headers("postrider_form=b")), Some(of("b")));
    }
}
