//! The addresses of the pages about problems, which are the `type` of a problem document.
//!
//! A handler returns a problem without knowing where browsers reach the pages. Its response has the relative
//! reference `/docs/errors/<code>`, with its full path, as RFC 9457, section 3.1.1, asks for. Where
//! `public_url` is set, the edge replaces it by the absolute address: the public URL may have a path, which a
//! relative reference would lose.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header;
use serde::Serialize;

use super::{Code, Problem};

/// The path of the pages. It is part of the contract: clients may have stored these addresses.
const PATH: &str = "/docs/errors/";

/// Where the pages about problems are.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProblemPages<'a>(Option<&'a str>);

impl<'a> ProblemPages<'a> {
    /// Below this public URL, which has no slash at its end.
    pub const fn below(public_url: Option<&'a str>) -> Self {
        Self(public_url)
    }

    /// Gives the problem of a response, if it has one, its absolute address.
    pub fn place(self, response: &mut Response) {
        let problem = response.extensions_mut().remove::<Placeable>();
        if let (Some(Placeable(problem)), Some(_)) = (problem, self.0) {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::from(problem.json(self));
        }
    }
}

/// The problem of a response, in its extensions until the edge has placed it.
#[derive(Debug, Clone)]
pub(super) struct Placeable(pub(super) Arc<Problem>);

/// The address of the page about a kind of problem.
#[derive(Debug)]
pub(super) struct TypeUri<'a>(pub(super) Code, pub(super) ProblemPages<'a>);

impl Serialize for TypeUri<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (public_url, code) = (self.1.0.unwrap_or_default(), self.0.as_str());
        serializer.collect_str(&format_args!("{public_url}{PATH}{code}"))
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn kind_at(public_url: Option<&str>) -> serde_json::Value {
        let mut response = Problem::new(Code::AccountNotFound, "gone").into_response();
        ProblemPages::below(public_url).place(&mut response);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()["type"].take()
    }

    #[tokio::test]
    async fn a_type_is_absolute_below_a_public_url_and_otherwise_a_full_path() {
        assert_eq!(kind_at(None).await, "/docs/errors/account_not_found");
        assert_eq!(
            kind_at(Some("https://example.com/webhooks")).await,
            "https://example.com/webhooks/docs/errors/account_not_found"
        );
    }
}
