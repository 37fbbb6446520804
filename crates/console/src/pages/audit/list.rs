//! `GET /audit` and `GET /accounts/{account}/audit`: entries, newest first.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{AccountId, Scope};
use postrider_storage::AuditFilter;

use super::filter::Filters;
use super::rows::Row;
use crate::console::page;
use crate::paging;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::markup;
use crate::visitor::Visitor;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "audit/of_installation.html")]
struct InstallationPage<'a> {
    shell: Shell<'a>,
    trail: Trail,
}

#[derive(Template)]
#[template(path = "audit/of_account.html")]
struct AccountPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    trail: Trail,
}

/// The filters and the list, which both pages have.
#[derive(Template)]
#[template(path = "audit/trail.html")]
struct Trail {
    filters: Filters,
    here: String,
    rows: Vec<Row>,
    /// Whether entries name their account, and can be filtered by it.
    names_account: bool,
    /// The account by which the trail of the installation is filtered.
    account: Option<FilteredBy>,
    newest: String,
    older: Option<String>,
    is_first: bool,
    /// Whether older entries may match although this page is not full.
    ended_early: bool,
}

markup!(Trail);

/// An account that is a filter.
struct FilteredBy {
    id: AccountId,
    /// `None` if it does not exist, because it has been deleted.
    name: Option<String>,
}

/// The trail of the installation.
pub async fn of_installation(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    let here = "/audit".to_owned();
    let trail = trail(&app, visitor.caller.scope, None, &visitor.query, here).await?;
    page(&InstallationPage {
        shell: Shell::of(&app, &visitor, Section::Audit, "Audit"),
        trail,
    })
}

/// The trail of an account.
pub async fn of_account(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let visitor = &account.visitor;
    let of_account = Some(account.id());
    let here = account.path("audit");
    let trail = trail(&app, visitor.caller.scope, of_account, &visitor.query, here).await?;
    page(&AccountPage {
        shell: Shell::of(&app, visitor, Section::Accounts, "Audit"),
        head: AccountHead::of(&account, Tab::Audit),
        trail,
    })
}

async fn trail(
    app: &App,
    reader: Scope,
    account: Option<AccountId>,
    query: &Query,
    here: String,
) -> Result<Trail, Refusal> {
    let names_account = account.is_none();
    let filters = Filters::of(query, names_account);
    let after = query.get("page");
    let filter = AuditFilter {
        account: account.or(filters.filter.account),
        ..filters.filter.clone()
    };
    let request = paging::request(after);
    let found = app.access.audit(reader, filter, request).await?;
    let now = app.now();
    let rows: Vec<_> = found
        .items
        .into_iter()
        .map(|entry| Row::of(entry, now, names_account))
        .collect();
    let to = |page: Option<&str>| format!("{here}{}", query.with(&[("page", page)]));
    let account = match filters.filter.account {
        Some(id) => Some(filtered_by(app, id).await?),
        None => None,
    };
    Ok(Trail {
        newest: to(None),
        older: found.next.map(|next| to(Some(&paging::text(next)))),
        ended_early: found.next.is_some() && rows.len() < paging::ROWS,
        is_first: request.after.is_none(),
        filters,
        rows,
        names_account,
        account,
        here,
    })
}

async fn filtered_by(app: &App, id: AccountId) -> Result<FilteredBy, Refusal> {
    let entry = app.configuration.entry(id).await?;
    let name = entry.map(|entry| entry.config.account.name.clone());
    Ok(FilteredBy { id, name })
}
