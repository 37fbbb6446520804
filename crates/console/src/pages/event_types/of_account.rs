//! `GET /accounts/{account}/event-types`: the catalogue as customers see it, with examples and schemas.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{EventType, Scope};
use postrider_storage::{LIMIT_MAX, PageRequest};

use crate::console::page;
use crate::paging;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::body;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "event_types/of_account.html")]
struct CataloguePage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    types: Vec<Shown>,
    older: Option<String>,
    is_first: bool,
}

struct Shown {
    name: String,
    description: String,
    example: Option<String>,
    schema: Option<String>,
}

/// The catalogue. A catalogue that fits on one page is sorted by name, like the staff's list.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let query = &account.visitor.query;
    let after = query.get("after");
    let request = PageRequest {
        limit: LIMIT_MAX,
        ..paging::request(after)
    };
    let as_customer = Scope::Account(account.id());
    let found = app.configuration.event_types_in(as_customer, request).await?;
    let mut types = found.items;
    if found.next.is_none() && after.is_none() {
        types.sort_by(|one, other| one.name.cmp(&other.name));
    }
    page(&CataloguePage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Event types"),
        head: AccountHead::of(&account, Tab::EventTypes),
        path: account.path("event-types"),
        types: types.into_iter().map(Shown::of).collect(),
        older: found
            .next
            .map(|next| query.with(&[("after", Some(&paging::text(next)))])),
        is_first: after.is_none(),
    })
}

impl Shown {
    fn of(entry: EventType) -> Self {
        let laid_out = |json: String| body::pretty(&json).unwrap_or(json);
        Self {
            name: entry.name.to_string(),
            description: entry.description,
            example: entry.example.map(laid_out),
            schema: entry.schema.map(laid_out),
        }
    }
}
