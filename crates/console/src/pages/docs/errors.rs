//! `GET /docs/errors` and a page for each kind of problem, to which the `type` of a problem leads.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use postrider_docs::{FaultKind, ProblemKind};

use super::Reader;
use super::frame::{Frame, Part};
use crate::refusal::Refusal;
use crate::view::icon::Icon;
use crate::view::prose::Prose;

const PART: Option<Part> = Some(Part::Errors);

#[derive(Template)]
#[template(path = "docs/errors.html")]
struct ErrorsPage<'a> {
    frame: Frame<'a>,
    problems: &'a [ProblemKind],
    faults: &'a [FaultKind],
}

#[derive(Template)]
#[template(path = "docs/error.html")]
struct ErrorPage<'a> {
    frame: Frame<'a>,
    problem: &'a ProblemKind,
    /// Operations that can give it: address and summary. Empty where any request can get it.
    operations: Vec<(String, &'a str)>,
    /// The codes of single faults, on the page of problems that consist of them.
    faults: &'a [FaultKind],
}

/// Every kind.
pub async fn list(reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    reader.page(&ErrorsPage {
        frame: Frame::of(&reader, docs, (PART, None), "/docs/errors", "Errors"),
        problems: docs.problems(),
        faults: docs.faults(),
    })
}

/// One kind.
pub async fn show(Path(code): Path<String>, reader: Reader) -> Result<Response, Refusal> {
    let docs = reader.docs()?;
    let problem = docs.problem(&code).ok_or(Refusal::NotFound)?;
    let all = docs.reference().tags.iter().flat_map(|tag| &tag.operations);
    let total = all.clone().count();
    let gives = |codes: &[(String, Vec<String>)]| codes.iter().any(|(_, codes)| codes.contains(&code));
    let operations = all.filter(|operation| gives(&operation.problems));
    let mut operations: Vec<(String, &str)> = operations
        .map(|operation| (operation.address(), operation.summary.as_str()))
        .collect();
    // Nearly every operation: a list of them would tell nothing.
    if operations.len() * 3 > total * 2 {
        operations.clear();
    }
    let title = format!("{} {}", problem.status, problem.code);
    reader.page(&ErrorPage {
        frame: Frame::of(&reader, docs, (PART, None), "/docs/errors", title),
        problem,
        operations,
        faults: match code.as_str() {
            "invalid_body" => docs.faults(),
            _ => &[],
        },
    })
}
