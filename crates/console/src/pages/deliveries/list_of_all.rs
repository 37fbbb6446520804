//! `GET /deliveries`: the deliveries of all accounts, newest first, for staff.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::filter::Filters;
use super::rows::{Row, Rows};
use crate::console::page;
use crate::paging;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::visitor::Visitor;

const PATH: &str = "/deliveries";

#[derive(Template)]
#[template(path = "deliveries/list_of_all.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    filters: Filters,
    rows: Rows,
    here: &'static str,
    is_first: bool,
    newest: String,
    older: Option<String>,
    /// Whether the search ended before the page was full.
    ended_early: bool,
}

/// The page.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    let query = &visitor.query;
    let filters = Filters::of_all(query);
    let request = paging::request(query.get("page"));
    let found = app.figures.deliveries_of_all(&filters.filter, request).await?;
    let rows = Row::of_accounts(&app, &found.items, app.now()).await?;
    let to = |page: Option<&str>| format!("{PATH}{}", query.with(&[("page", page)]));
    page(&ListPage {
        shell: Shell::of(&app, &visitor, Section::Deliveries, "Deliveries"),
        here: PATH,
        is_first: request.after.is_none(),
        newest: to(None),
        older: found.next.map(|next| to(Some(&paging::text(next)))),
        ended_early: found.next.is_some() && found.items.len() < paging::ROWS,
        rows: Rows {
            caption: "Deliveries of all accounts, newest first",
            rows,
            shows_account: true,
            shows_type: true,
            chosen_by: None,
        },
        filters,
    })
}
