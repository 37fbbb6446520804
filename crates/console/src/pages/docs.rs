//! The documentation, for everybody: the reference of the API, the kinds of problems, the guides, and a
//! search over them.
//!
//! Its pages say nothing about the installation or the visitor but the brand and the theme. Browsers keep
//! them, and ask with the `ETag` whether they have changed.

mod api;
mod errors;
mod frame;
mod guides;
mod index;
mod search;
mod slash;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use postrider_docs::Docs;
use postrider_model::hex;
use sha2::{Digest, Sha256};

use crate::refusal::Refusal;
use crate::routes::{PUBLIC, Routes};
use crate::state::App;

pub fn routes() -> Routes {
    Routes::default()
        .get("/docs", PUBLIC, index::show)
        .get("/docs/search", PUBLIC, search::show)
        .get("/docs/openapi.json", PUBLIC, document)
        .get("/docs/api", PUBLIC, api::list)
        .get("/docs/api/{name}", PUBLIC, api::show)
        .get("/docs/errors", PUBLIC, errors::list)
        .get("/docs/errors/{code}", PUBLIC, errors::show)
        .get("/docs/guides/{guide}", PUBLIC, guides::show)
        .get("/docs/", PUBLIC, slash::remove)
        .get("/docs/{*page}", PUBLIC, slash::remove)
}

/// A request for a page of the documentation, if the operator shows it.
struct Reader {
    app: App,
    headers: HeaderMap,
}

impl Reader {
    fn docs(&self) -> Result<&Docs, Refusal> {
        self.app.docs.as_ref().ok_or(Refusal::NotFound)
    }

    /// The page of a template.
    fn page(&self, template: &impl askama::Template) -> Result<Response, Refusal> {
        let page = Bytes::from(template.render()?);
        let digest = Sha256::digest(&page).into();
        Ok(self.fresh("text/html; charset=utf-8", page, digest))
    }

    /// The text with this SHA-256, or the news that the browser has it.
    fn fresh(&self, content_type: &'static str, text: Bytes, digest: [u8; 32]) -> Response {
        let tag = format!("\"{}\"", hex::encode(&digest[..16]));
        let known = self
            .headers
            .get(header::IF_NONE_MATCH)
            .and_then(|tags| tags.to_str().ok());
        let is_known = known.is_some_and(|tags| {
            tags.split(',')
                .any(|it| it.trim().trim_start_matches("W/") == tag)
        });
        let headers = [
            (header::ETAG, tag.as_str()),
            // The theme is in a cookie.
            (header::VARY, "Cookie"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        match is_known {
            true => (StatusCode::NOT_MODIFIED, headers).into_response(),
            false => (headers, [(header::CONTENT_TYPE, content_type)], text).into_response(),
        }
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let reader = Self {
            app: App::clone(app),
            headers: parts.headers.clone(),
        };
        reader.docs().map(|_| ())?;
        Ok(reader)
    }
}

/// `GET /docs/openapi.json`: the document, for tools that generate clients. With a key, the same is at
/// `/v1/openapi.json`. All responses share its bytes, so slow readers hold no copies.
async fn document(reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    let document = docs.document().clone();
    Ok(reader.fresh("application/json", document, docs.document_digest()))
}
