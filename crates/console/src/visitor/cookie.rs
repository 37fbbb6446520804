//! Cookies: the session's, the one that forms of people without a session hang on, and the chosen theme.

use http::{HeaderMap, HeaderValue, header};
use postrider_model::grant::Theme;

/// The session's token.
const SESSION: &str = "postrider_session";

/// A random value that forms hang on before there is a session.
const FORM: &str = "postrider_form";

/// A sign-in at the identity provider that is under way.
const FLOW: &str = "postrider_sign_in";

/// The theme that was chosen by hand.
const THEME: &str = "postrider_theme";

/// How long a chosen theme is remembered: a year, the most that browsers keep a cookie.
const THEME_S: u64 = 365 * 86_400;

/// Begins the names of our cookies over https. A browser accepts such a cookie only from this host, over
/// https and with `Path=/`, so that no other host of the domain and nobody on the network can plant one (RFC
/// 6265bis, section 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

/// The same below a path, where `Path=/` would show the cookie to the other applications of the host. Other
/// hosts of the domain can then plant a cookie, but nobody on the network can.
const SECURE_PREFIX: &str = "__Secure-";

/// How a cookie is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Which pages of ours it is sent to.
    pub pages: Pages,
    /// Where browsers reach the console.
    pub place: Place<'a>,
}

/// Where browsers reach the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Whether they use https.
    pub is_https: bool,
    /// The path that all addresses begin with, such as `/webhooks`; empty if there is none.
    pub path: &'a str,
}

impl Place<'_> {
    /// What the names of cookies begin with.
    fn name_prefix(self) -> &'static str {
        match (self.is_https, self.path.is_empty()) {
            (false, _) => "",
            (true, true) => HOST_PREFIX,
            (true, false) => SECURE_PREFIX,
        }
    }
}

/// Which of our pages get a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Those in a window of their own.
    Own,
    /// Also those in a frame of another site. Browsers ask for a secure origin then, which is https or this
    /// machine, and keep the cookie apart for each site (`Partitioned`: CHIPS).
    Framed,
}

impl Scope<'_> {
    fn attributes(self) -> &'static str {
        match (self.pages, self.place.is_https) {
            (Pages::Own, false) => "; HttpOnly; SameSite=Lax",
            (Pages::Own, true) => "; HttpOnly; SameSite=Lax; Secure",
            (Pages::Framed, _) => "; HttpOnly; SameSite=None; Secure; Partitioned",
        }
    }
}

/// Leaves only the cookies of ours that the place permits, under their names without the prefix. Over https
/// those without the prefix are dropped: anybody who can write one for the domain could plant them.
pub fn keep_own(headers: &mut HeaderMap, place: Place<'_>) {
    let mut own = String::new();
    for name in [SESSION, FORM, FLOW, THEME] {
        let sent_as = format!("{}{name}", place.name_prefix());
        if let Some(value) = value(headers, &sent_as) {
            let separator = if own.is_empty() { "" } else { "; " };
            own = format!("{own}{separator}{name}={value}");
        }
    }
    headers.remove(header::COOKIE);
    // The value was part of a header, so it is valid in one.
    if let Ok(own) = HeaderValue::try_from(own) {
        headers.insert(header::COOKIE, own);
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

/// The sign-in at the identity provider that is under way.
pub fn flow(headers: &HeaderMap) -> Option<&str> {
    value(headers, FLOW)
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
pub fn set_session(token: &str, lifetime_s: u64, scope: Scope<'_>) -> Option<HeaderValue> {
    set(SESSION, token, Some(lifetime_s), scope)
}

/// Takes the session's token back.
pub fn end_session(scope: Scope<'_>) -> Option<HeaderValue> {
    set(SESSION, "", Some(0), scope)
}

/// Sets what forms without a session hang on, until the browser is closed.
pub fn set_form(value: &str, scope: Scope<'_>) -> Option<HeaderValue> {
    set(FORM, value, None, scope)
}

/// Sets a sign-in at the identity provider, for as many seconds. The provider's answer comes from its site by
/// a redirect, with which browsers send a cookie that is `SameSite=Lax`.
pub fn set_flow(value: &str, lifetime_s: u64, scope: Scope<'_>) -> Option<HeaderValue> {
    set(FLOW, value, Some(lifetime_s), scope)
}

/// Ends a sign-in at the identity provider.
pub fn end_flow(scope: Scope<'_>) -> Option<HeaderValue> {
    set(FLOW, "", Some(0), scope)
}

/// Remembers a theme, or forgets it.
pub fn set_theme(theme: Option<Theme>, scope: Scope<'_>) -> Option<HeaderValue> {
    let (value, lifetime_s) = match theme {
        Some(theme) => (theme.as_str(), THEME_S),
        None => ("", 0),
    };
    set(THEME, value, Some(lifetime_s), scope)
}

fn set(name: &str, value: &str, lifetime_s: Option<u64>, scope: Scope<'_>) -> Option<HeaderValue> {
    let age = lifetime_s.map(|seconds| format!("; Max-Age={seconds}"));
    let (prefix, attributes) = (scope.place.name_prefix(), scope.attributes());
    let path = if scope.place.path.is_empty() {
        "/"
    } else {
        scope.place.path
    };
    let age = age.unwrap_or_default();
    let text = format!("{prefix}{name}={value}{age}; Path={path}{attributes}");
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
    fn scripts_other_sites_and_other_hosts_of_the_domain_get_no_session() {
        let below = |pages, is_https, path| {
            let place = Place { is_https, path };
            set_session("prs_x", 60, Scope { pages, place }).unwrap()
        };
        let cookie = |pages, is_https| below(pages, is_https, "");
        assert_eq!(
            below(Pages::Own, true, "/webhooks"),
            "__Secure-postrider_session=prs_x; Max-Age=60; Path=/webhooks; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            cookie(Pages::Own, true),
            "__Host-postrider_session=prs_x; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            cookie(Pages::Own, false),
            "postrider_session=prs_x; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            cookie(Pages::Framed, true),
            "__Host-postrider_session=prs_x; Max-Age=60; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"
        );
    }

    #[test]
    fn over_https_a_planted_cookie_is_ignored() {
        let planted = HeaderValue::from_static(
            "x=1; postrider_session=evil; __Host-postrider_form=f; postrider_form=evil; postrider_theme=dark",
        );
        let sent = HeaderMap::from_iter([(header::COOKIE, planted)]);
        let mut https = sent.clone();
        keep_own(
            &mut https,
            Place {
                is_https: true,
                path: "",
            },
        );
        assert_eq!(
            (session(&https), form(&https), theme(&https)),
            (None, Some("f"), None)
        );
        let mut http = sent;
        keep_own(
            &mut http,
            Place {
                is_https: false,
                path: "",
            },
        );
        assert_eq!((session(&http), form(&http)), (Some("evil"), Some("evil")));
        assert_eq!(theme(&http), Some(Theme::Dark));
    }
}
