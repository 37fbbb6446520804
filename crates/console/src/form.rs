//! Submitted forms: `application/x-www-form-urlencoded`, bounded, and proven to come from one of our pages.

use std::net::IpAddr;

use axum::extract::{FromRequest, Request};
use http::{Extensions, HeaderMap, header};
use postrider_web::body::{BODY_TIMEOUT, BodyError, BodyLimits, collect};
use postrider_web::body_budget::Owner;
use postrider_web::client::Client;

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::{Visitor, csrf, trail};

/// Largest form of a visitor, in bytes. An event's `data` of the default maximum size fits in a text field,
/// escaped.
const FORM_BYTES_MAX: usize = 1024 * 1024;

/// Largest form of a route that needs no session: to sign in or out, and to choose a theme. It holds a key
/// and an address to return to.
const PUBLIC_FORM_BYTES_MAX: usize = 8 * 1024;

/// Most fields of a form: an automation with 50 URLs of 7 fields each, and 200 event types.
const FIELDS_MAX: usize = 2_000;

/// The fields of a form, in their order. Extracting it checks its CSRF token.
///
/// Everything that the headers tell is checked before the body is read: where the form comes from, and, by
/// the layer of [`crate::routes`], the session and what it permits.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The first field of this name; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The first field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All fields of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Whether a box of this name is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Parses the fields; `None` if there are more than `FIELDS_MAX`.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fields: Vec<_> = form_urlencoded::parse(bytes)
            .take(FIELDS_MAX + 1)
            .map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n")))
            .collect();
        (fields.len() <= FIELDS_MAX).then_some(Self(fields))
    }
}

impl FromRequest<App> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let headers = request.headers();
        let token = csrf::token(headers).filter(|_| is_form(headers) && is_same_site(headers));
        let Some(token) = token else {
            refuse_foreign(app, request.extensions());
            return Err(Refusal::ForeignForm);
        };
        let extensions = request.extensions().clone();
        let limits = limits(app, &extensions);
        let body = collect(request, limits).await.map_err(|error| match error {
            BodyError::TooLarge => Refusal::FormTooLarge,
            BodyError::Timeout | BodyError::Incomplete => Refusal::FormTooSlow,
            BodyError::NoRoom => Refusal::Busy,
        })?;
        let form = Self::parse(&body).ok_or(Refusal::FormTooLarge)?;
        // Both sides are hashes of a secret that a forger does not know, so the duration of the comparison
        // reveals nothing.
        if form.text(csrf::FIELD) == token {
            Ok(form)
        } else {
            refuse_foreign(app, &extensions);
            Err(Refusal::ForeignForm)
        }
    }
}

/// Notes a form that is not ours, or no longer.
fn refuse_foreign(app: &App, extensions: &Extensions) {
    let visitor: Option<&Visitor> = extensions.get();
    trail::request_refused(app, visitor, extensions, "POST", "foreign_form");
}

/// The limits of a form: a visitor's, or that of somebody who may be anybody.
fn limits<'a>(app: &'a App, extensions: &Extensions) -> BodyLimits<'a> {
    let stranger = || {
        let client: Option<&Client> = extensions.get();
        Owner::stranger(client.map_or(IpAddr::from([0, 0, 0, 0]), |client| client.address))
    };
    let (bytes_max, owner) = match extensions.get() {
        Some(owner) => (FORM_BYTES_MAX, *owner),
        None => (PUBLIC_FORM_BYTES_MAX, stranger()),
    };
    BodyLimits {
        bytes_max,
        timeout: BODY_TIMEOUT,
        budget: &app.body_budget,
        owner,
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
}

/// A second check beside the token: browsers state where a request comes from (Fetch Metadata).
fn is_same_site(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_none_or(|site| site == "same-origin" || site == "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_repeat_and_keep_their_order() {
        let form = Form::parse(b"a=1&b=x+y%26&a=2&on=").unwrap();
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.text("b"), "x y&");
        assert!(form.is_ticked("on") && !form.is_ticked("off"));
        assert_eq!(form.text("none"), "");
    }

    #[test]
    fn a_form_of_endless_fields_is_refused() {
        assert!(Form::parse("a&".repeat(FIELDS_MAX).as_bytes()).is_some());
        assert!(Form::parse("a&".repeat(FIELDS_MAX + 1).as_bytes()).is_none());
    }

    #[test]
    fn line_ends_are_normalised() {
        assert_eq!(Form::parse(b"t=a%0D%0Ab").unwrap().text("t"), "a\nb");
    }
}
