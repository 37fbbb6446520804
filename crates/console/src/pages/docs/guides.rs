//! `GET /docs/guides/{guide}`

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use postrider_docs::guides::Guide;

use super::Reader;
use super::frame::{Frame, Part};
use crate::refusal::Refusal;
use crate::view::prose::Prose;

#[derive(Template)]
#[template(path = "docs/guide.html")]
struct GuidePage<'a> {
    frame: Frame<'a>,
    guide: &'a Guide,
}

/// The page.
pub async fn show(Path(slug): Path<String>, reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    let guide = docs.guide(&slug).ok_or(Refusal::NotFound)?;
    let part = (Some(Part::Guides), None);
    reader.page(&GuidePage {
        frame: Frame::of(&reader, docs, part, &guide.address(), &guide.title),
        guide,
    })
}
