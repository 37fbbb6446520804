//! `GET /accounts`: all accounts, or the result of a search.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::Account;
use postrider_storage::{AccountRef, LIMIT_MAX, PageRequest};

use crate::console::page;
use crate::paging;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::time::Moment;
use crate::visitor::Visitor;

/// Most accounts that a search by name looks through; beyond it only an id or a `uid` finds one.
const SEARCHED_MAX: usize = 5_000;

#[derive(Template)]
#[template(path = "accounts/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    search: &'a str,
    rows: Vec<Row>,
    older: Option<String>,
    is_first: bool,
    searched: Option<usize>,
    may_create: bool,
}

struct Row {
    href: String,
    name: String,
    uid: Option<String>,
    id: String,
    created: Moment,
}

/// The list.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    let search = visitor.query.get("search").unwrap_or_default().trim();
    let after = visitor.query.get("after");
    let now = app.now();
    let (accounts, next, searched) = if search.is_empty() {
        let page = app.configuration.accounts(paging::request(after)).await?;
        (page.items, page.next, None)
    } else {
        let (found, looked_at) = find(&app, search).await?;
        (
            found,
            None,
            Some(looked_at).filter(|looked_at| *looked_at >= SEARCHED_MAX),
        )
    };
    let rows = accounts.into_iter().map(|account| Row {
        href: format!("/accounts/{}/automations", account.id),
        name: account.name,
        uid: account.uid,
        id: account.id.to_string(),
        created: Moment::new(account.created_at, now),
    });
    let older = next.map(|next| visitor.query.with(&[("after", Some(&paging::text(next)))]));
    page(&ListPage {
        shell: Shell::of(&app, &visitor, Section::Accounts, "Accounts"),
        search,
        rows: rows.collect(),
        older,
        is_first: after.is_none(),
        searched,
        may_create: visitor.is_admin(),
    })
}

/// The account of this id or `uid`, or accounts whose name or `uid` contains the words; and how many were
/// searched.
async fn find(app: &App, search: &str) -> Result<(Vec<Account>, usize), Refusal> {
    // Ids are in lower case.
    let exact = match search.to_lowercase().parse() {
        Ok(id) => AccountRef::Id(id),
        Err(_) => AccountRef::Uid(search.to_owned()),
    };
    if let Some(account) = app.configuration.account(&exact).await? {
        return Ok((vec![account], 1));
    }
    let words = search.to_lowercase();
    let matches = |account: &Account| {
        let uid = account.uid.as_deref().unwrap_or_default();
        account.name.to_lowercase().contains(&words) || uid.to_lowercase().contains(&words)
    };
    let (mut found, mut looked_at, mut after) = (Vec::new(), 0, None);
    while looked_at < SEARCHED_MAX && found.len() < paging::ROWS {
        let request = PageRequest {
            limit: LIMIT_MAX,
            after,
        };
        let page = app.configuration.accounts(request).await?;
        looked_at += page.items.len();
        found.extend(page.items.into_iter().filter(&matches));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok((found, looked_at))
}
