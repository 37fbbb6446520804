//! Cookies: the session's, the one that forms of people without a session hang on, and the chosen theme.

use http::{HeaderMap, HeaderValue, header};
use postrider_model::grant::Theme;

/// The session's token.
const SESSION: &str = "postrider_session";

/// A random value that forms hang on before there is a session.
const FORM: &str = "postrider_form";

/// The theme that was chosen by hand.
const THEME: &str = "postrider_theme";

/// How long a chosen theme is remembered: a year, the most that browsers keep a cookie.
const THEME_S: u64 = 365 * 86_400;

/// How a session's cookie is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// To our own pages, over whatever protocol they are served.
    Own {
        /// Over https alone.
        secure: bool,
    },
    /// Also to our pages in a frame of another site. Browsers ask for https then, and keep it apart for each
    /// site (`Partitioned`: CHIPS).
    Framed,
}

impl Scope {
    fn attributes(self) -> &'static str {
        match self {
            Self::Own { secure: false } => "; Path=/; HttpOnly; SameSite=Lax",
            Self::Own { secure: true } => "; Path=/; HttpOnly; SameSite=Lax; Secure",
            Self::Framed => "; Path=/; HttpOnly; SameSite=None; Secure; Partitioned",
        }
    }
}

/// The token of the session, if the request carries one.
pub fn session(headers: &HeaderMap) -> Option<&str> {
    value(headers, SESSION)
}

/// What forms without a session hang on.
pub fn form(headers: &HeaderMap) -> Option<&str> {
    value(headers, FORM)
}

/// The theme that was chosen by hand.
pub fn theme(headers: &HeaderMap) -> Option<Theme> {
    match value(headers, THEME)? {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    }
}

/// Sets the session's token, for as many seconds.
pub fn set_session(token: &str, lifetime_s: u64, scope: Scope) -> Option<HeaderValue> {
    set(SESSION, token, Some(lifetime_s), scope)
}

/// Takes the session's token back.
pub fn end_session(scope: Scope) -> Option<HeaderValue> {
    set(SESSION, "", Some(0), scope)
}

/// Sets what forms without a session hang on, until the browser is closed.
pub fn set_form(value: &str, scope: Scope) -> Option<HeaderValue> {
    set(FORM, value, None, scope)
}

/// Remembers a theme, or forgets it.
pub fn set_theme(theme: Option<Theme>, scope: Scope) -> Option<HeaderValue> {
    let (value, lifetime_s) = match theme {
        Some(theme) => (theme.as_str(), THEME_S),
        None => ("", 0),
    };
    set(THEME, value, Some(lifetime_s), scope)
}

fn set(name: &str, value: &str, lifetime_s: Option<u64>, scope: Scope) -> Option<HeaderValue> {
    let age = lifetime_s.map(|seconds| format!("; Max-Age={seconds}"));
    let text = format!("{name}={value}{}{}", age.unwrap_or_default(), scope.attributes());
    HeaderValue::try_from(text).ok()
}

/// The value of the first cookie of this name (RFC 6265, section 4.2.1).
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; postrider_session=prs_x; b=2"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("postrider_theme=dark"));
        assert_eq!(session(&headers), Some("prs_x"));
        assert_eq!(theme(&headers), Some(Theme::Dark));
        assert_eq!(form(&headers), None);
    }

    #[test]
    fn scripts_and_other_sites_get_no_session() {
        let cookie = set_session("prs_x", 60, Scope::Own { secure: true }).unwrap();
        assert_eq!(
            cookie,
            "postrider_session=prs_x; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }
}
