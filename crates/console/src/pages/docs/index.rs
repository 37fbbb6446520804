//! `GET /docs`: the guides by task, and the reference by what it is about.

use askama::Template;
use axum::response::Response;
use postrider_docs::guides::{Group, Guide};
use postrider_docs::reference::Tag;

use super::Reader;
use super::frame::{Frame, Part};
use crate::refusal::Refusal;
use crate::view::prose::Prose;

#[derive(Template)]
#[template(path = "docs/index.html")]
struct IndexPage<'a> {
    frame: Frame<'a>,
    groups: Vec<(&'static str, Vec<&'a Guide>)>,
    tags: &'a [Tag],
}

/// The page.
pub async fn show(reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    let groups = Group::ALL.map(|group| {
        let guides = docs.guides().iter().filter(|guide| guide.group == group);
        (group.title(), guides.collect())
    });
    reader.page(&IndexPage {
        frame: Frame::of(
            &reader,
            docs,
            (Some(Part::Guides), None),
            "/docs",
            "Documentation",
        ),
        groups: groups.into(),
        tags: &docs.reference().tags,
    })
}
