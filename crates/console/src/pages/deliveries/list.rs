//! `GET /accounts/{account}/deliveries`: deliveries, newest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use postrider_configuration::AccountEntry;
use postrider_storage::DeliveryFilter;

use super::filter::Filters;
use super::resend_chosen;
use super::rows::{Row, Rows};
use crate::console::page;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::markup;
use crate::visitor::account::InAccount;
use crate::{
    live::{self, Viewer},
    paging,
};

#[derive(Template)]
#[template(path = "deliveries/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    filters: Filters,
    list: List,
    /// The address of the live list; only the first page is live.
    live: Option<String>,
    /// The address where these deliveries can be replayed.
    replay: String,
    /// The address of the form that cancels, with the filters of the list.
    cancel: String,
    here: String,
    /// The query of the addresses that export these deliveries.
    export: String,
    /// The address that resends the ticked deliveries, with the filters of the list.
    resend: String,
    /// What the last such request did: the class of the message, and its words.
    resent: Option<(&'static str, String)>,
}

/// The part of the page that is live.
#[derive(Template)]
#[template(path = "deliveries/list_part.html")]
struct List {
    rows: Rows,
    path: String,
    /// Whether any filter is set.
    is_filtered: bool,
    is_first: bool,
    newest: String,
    older: Option<String>,
    /// Whether older deliveries may match although this page is not full.
    ended_early: bool,
    has_automations: bool,
    automations: String,
}

markup!(List);

/// The page.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let query = account.visitor.query.clone();
    let filters = Filters::of(&account, &query);
    let path = account.path("deliveries");
    let chosen_by = chosen_by(&account, &filters);
    let list = list(&app, &account.entry, &filters, &query, &path, chosen_by).await?;
    let without_page = query.with(&[("page", None)]);
    page(&ListPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Deliveries"),
        head: AccountHead::of(&account, Tab::Deliveries),
        live: list.is_first.then(|| format!("{path}/live{without_page}")),
        replay: format!("{}{without_page}", account.path("replay")),
        cancel: format!("{}{without_page}", account.path("cancel")),
        export: without_page.clone(),
        resend: format!("{path}/resend{without_page}"),
        resent: resend_chosen::result(&query),
        here: path,
        filters,
        list,
    })
}

/// `GET …/deliveries/live`: the list as a stream.
pub async fn live(State(app): State<App>, account: InAccount, headers: HeaderMap) -> Response {
    let viewer = Viewer::of(&account, &headers);
    let id = account.id();
    let query = account.visitor.query.clone();
    let filters = Arc::new(Filters::of(&account, &query));
    let path = account.path("deliveries");
    let chosen_by = chosen_by(&account, &filters);
    let state = Arc::clone(&app);
    live::stream(&app, viewer, move || {
        let (app, filters) = (Arc::clone(&state), Arc::clone(&filters));
        let (query, path) = (query.clone(), path.clone());
        async move {
            let entry = app.configuration.entry(id).await?.ok_or(Refusal::NotFound)?;
            Ok(list(&app, &entry, &filters, &query, &path, chosen_by)
                .await?
                .render()?)
        }
    })
}

/// The id of the form that resends ticked deliveries, if the visitor may, and if the list is what the address
/// asks for.
fn chosen_by(account: &InAccount, filters: &Filters) -> Option<&'static str> {
    (account.visitor.may_resend() && filters.ignored.is_empty()).then_some("chosen")
}

async fn list(
    app: &App,
    entry: &AccountEntry,
    filters: &Filters,
    query: &Query,
    path: &str,
    chosen_by: Option<&'static str>,
) -> Result<List, Refusal> {
    let account = entry.config.account.id;
    let page = query.get("page");
    let request = paging::request(page);
    let filter: &DeliveryFilter = &filters.filter;
    let found = app.figures.deliveries(account, filter, request).await?;
    let now = app.now();
    let rows = Row::of_all(app, &found.items, entry, now).await?;
    let to = |changes: &[(&str, Option<&str>)]| format!("{path}{}", query.with(changes));
    Ok(List {
        is_filtered: filters.is_active,
        is_first: request.after.is_none(),
        newest: to(&[("page", None)]),
        older: found.next.map(|next| to(&[("page", Some(&paging::text(next)))])),
        ended_early: found.next.is_some() && rows.len() < paging::ROWS,
        has_automations: !entry.config.automations.is_empty(),
        automations: format!("/accounts/{account}/automations"),
        path: path.to_owned(),
        rows: Rows {
            caption: "Deliveries, newest first",
            rows,
            shows_account: false,
            shows_type: true,
            chosen_by,
        },
    })
}
