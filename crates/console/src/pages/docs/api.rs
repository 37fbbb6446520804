//! `GET /docs/api` and the pages below it: the operations of the API.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use postrider_docs::Html;
use postrider_docs::reference::{Operation, Row, Tag};

use super::Reader;
use super::frame::{Frame, Part};
use crate::refusal::Refusal;
use crate::view::icon::Icon;
use crate::view::prose::Prose;

#[derive(Template)]
#[template(path = "docs/api.html")]
struct ApiPage<'a> {
    frame: Frame<'a>,
    introduction: &'a Html,
    tags: &'a [Tag],
    server: String,
}

#[derive(Template)]
#[template(path = "docs/tag.html")]
struct TagPage<'a> {
    frame: Frame<'a>,
    tag: &'a Tag,
}

#[derive(Template)]
#[template(path = "docs/operation.html")]
struct OperationPage<'a> {
    frame: Frame<'a>,
    tag: &'a Tag,
    operation: &'a Operation,
    /// Parameters of the path, the query and the headers.
    places: Vec<(&'static str, Vec<&'a Row>)>,
}

/// What holds for all operations, and a list of them.
pub async fn list(reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    let public_url = reader.app.public_url.as_deref();
    reader.page(&ApiPage {
        frame: Frame::of(
            &reader,
            docs,
            (Some(Part::Api), None),
            "/docs/api",
            "API reference",
        ),
        introduction: &docs.reference().introduction,
        tags: &docs.reference().tags,
        server: public_url.unwrap_or("http://localhost:8080").to_owned(),
    })
}

/// An operation, or all that are about one thing.
pub async fn show(Path(name): Path<String>, reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    if let Some(tag) = docs.reference().tag(&name) {
        let part = (Some(Part::Api), Some(tag));
        let frame = Frame::of(&reader, docs, part, &tag.address(), &tag.name);
        return reader.page(&TagPage { frame, tag });
    }
    let found = docs.reference().operation(&name);
    let (tag, operation) = found.ok_or(Refusal::NotFound)?;
    let part = (Some(Part::Api), Some(tag));
    let places = [("path", "Path"), ("query", "Query"), ("header", "Headers")];
    let places = places.map(|(place, title)| (title, operation.parameters_in(place)));
    reader.page(&OperationPage {
        frame: Frame::of(&reader, docs, part, &operation.address(), &operation.summary),
        tag,
        operation,
        places: places.into_iter().filter(|(_, rows)| !rows.is_empty()).collect(),
    })
}
