//! `GET /docs/search`: pages that have the words of `q`, with an excerpt of each. `assets/docs.js` shows the
//! same results while somebody types.

use askama::Template;
use axum::response::Response;
use http::Uri;
use postrider_docs::search::Found;

use super::Reader;
use super::frame::Frame;
use crate::query::Query;
use crate::refusal::Refusal;

#[derive(Template)]
#[template(path = "docs/search.html")]
struct SearchPage<'a> {
    frame: Frame<'a>,
    found: Found<'a>,
}

/// The page.
pub async fn show(uri: Uri, reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    let query = Query::of(&uri);
    let words = query.get("q").unwrap_or_default().to_owned();
    let mut frame = Frame::of(&reader, docs, (None, None), "/docs/search", "Search");
    let found = docs.index().search(&words);
    frame.query = words;
    reader.page(&SearchPage { frame, found })
}
