//! The path of the public URL, below which the server's own addresses appear to browsers.
//!
//! Inside the server, addresses have no prefix: it is removed from a request, if the proxy in front has not
//! done so, and added to a response. Added where: `Location`, and the attributes of our own markup that hold
//! addresses. Text from users cannot be mistaken for such an attribute, because its quotes are escaped.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri, header};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// The attributes that hold addresses of ours, as they begin in our markup.
const ADDRESSES: [&str; 5] = [
    " href=\"/",
    " src=\"/",
    " action=\"/",
    " formaction=\"/",
    " data-live=\"/",
];

/// A prefix such as `/webhooks`, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathPrefix(String);

impl PathPrefix {
    /// The path of this URL. It has no slash at its end.
    pub fn of(public_url: Option<&str>) -> Self {
        let after_scheme = public_url.and_then(|url| url.split_once("://"));
        let path = after_scheme.and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        Self(path.unwrap_or_default().trim_end_matches('/').to_owned())
    }

    /// The prefix; empty if there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without the prefix; `None` if it does not begin with it, or there is no prefix.
    fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.as_str())?;
        if self.0.is_empty() || !(rest.is_empty() || rest.starts_with('/')) {
            return None;
        }
        Some(if rest.is_empty() { "/" } else { rest })
    }

    /// The path as the server knows it: without the prefix, if it begins with it.
    pub fn own_path<'a>(&self, path: &'a str) -> &'a str {
        self.strip(path).unwrap_or(path)
    }

    /// Removes the prefix from a request's target, if it is there.
    pub fn remove(&self, uri: &mut Uri) {
        let Some(path) = self.strip(uri.path()) else {
            return;
        };
        let target = match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let mut parts = uri.clone().into_parts();
        // A part of a valid target that begins with a slash is valid.
        parts.path_and_query = PathAndQuery::try_from(target).ok();
        if let Ok(without) = Uri::from_parts(parts) {
            *uri = without;
        }
    }

    /// Adds the prefix to `Location`, if it is an address of ours.
    pub fn add_to_location(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let location = headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
        let location = location.filter(|to| to.starts_with('/'));
        if let Some(with) = location.and_then(|to| HeaderValue::try_from(format!("{}{to}", self.0)).ok()) {
            headers.insert(header::LOCATION, with);
        }
    }

    /// Adds the prefix to the addresses of a response: to `Location`, and in markup.
    pub fn add(&self, response: Response) -> Response {
        if self.0.is_empty() {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        self.add_to_location(&mut parts.headers);
        let content_type = parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let is_markup = content_type.is_some_and(|content_type| {
            content_type.starts_with(b"text/html") || content_type.starts_with(b"text/event-stream")
        });
        if !is_markup {
            return Response::from_parts(parts, body);
        }
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = Prefixed {
            body,
            prefix: self.clone(),
        };
        Response::from_parts(parts, Body::new(body))
    }

    /// The markup with the prefix before each address of ours.
    fn add_to_markup<'a>(&self, markup: &'a str) -> Cow<'a, str> {
        if !ADDRESSES.iter().any(|address| markup.contains(address)) {
            return Cow::Borrowed(markup);
        }
        let with = |markup: String, address: &&str| {
            let before_slash = &address[..address.len() - 1];
            markup.replace(*address, &format!("{before_slash}{}/", self.0))
        };
        Cow::Owned(ADDRESSES.iter().fold(markup.to_owned(), with))
    }
}

/// A body of markup. Each of its pieces is a whole page or part, so that no address is cut in two.
struct Prefixed {
    body: Body,
    prefix: PathPrefix,
}

impl HttpBody for Prefixed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let add = |frame: Frame<Bytes>| {
            frame.map_data(|data| match std::str::from_utf8(&data) {
                Ok(markup) => match self.prefix.add_to_markup(markup) {
                    Cow::Borrowed(_) => data,
                    Cow::Owned(with) => with.into(),
                },
                Err(_) => data,
            })
        };
        Poll::Ready(frame.map(|frame| frame.map(add)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;

    use super::*;

    fn prefix() -> PathPrefix {
        PathPrefix::of(Some("https://example.com/web/hooks"))
    }

    #[test]
    fn the_prefix_is_the_path_of_the_url() {
        assert_eq!(prefix().as_str(), "/web/hooks");
        for none in [None, Some("https://example.com"), Some("https://example.com/")] {
            assert_eq!(PathPrefix::of(none).as_str(), "");
        }
    }

    #[test]
    fn a_request_is_understood_with_and_without_the_prefix() {
        for (target, expected) in [
            ("/web/hooks/accounts?a=1", "/accounts?a=1"),
            ("/web/hooks", "/"),
            ("/web/hooks/", "/"),
            ("/accounts", "/accounts"),
            ("/web/hooksx", "/web/hooksx"),
            ("http://a/web/hooks/x?y", "http://a/x?y"),
        ] {
            let mut uri: Uri = target.parse().unwrap();
            prefix().remove(&mut uri);
            assert_eq!(uri.to_string(), expected, "{target}");
            let mut uri: Uri = target.parse().unwrap();
            PathPrefix::default().remove(&mut uri);
            assert_eq!(uri, target.parse::<Uri>().unwrap());
        }
    }

    #[tokio::test]
    async fn addresses_of_ours_get_the_prefix_and_nothing_else() {
        let page = r#"<a href="/x">/y</a><a href="https://a/">a</a><form action="/"><input value="/z"><p>&quot; href=&quot;/"#;
        let response = prefix().add(axum::response::Html(page).into_response());
        assert!(!response.headers().contains_key(header::CONTENT_LENGTH));
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let expected = page
            .replace("\"/x", "\"/web/hooks/x")
            .replace("action=\"/", "action=\"/web/hooks/");
        assert_eq!(text, expected);
        let to = |location| {
            let response = prefix().add(axum::response::Redirect::to(location).into_response());
            response.headers()[header::LOCATION].clone()
        };
        assert_eq!(to("/sign-in"), "/web/hooks/sign-in");
        assert_eq!(to("https://a/b"), "https://a/b");
    }
}
