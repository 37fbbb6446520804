//! `GET /accounts/{account}/events`: events, newest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use postrider_figures::CONTAINED_BYTES_MAX;
use postrider_model::{AccountId, Event, Origin, Timestamp};
use postrider_storage::EventFilter;

use crate::console::page;
use crate::ignored::{Ignored, parsed};
use crate::pages::deliveries::filter::NOT_A_TYPE;
use crate::pages::deliveries::moment::MomentField;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::excerpt::excerpt;
use crate::view::icon::Icon;
use crate::view::time::Moment;
use crate::view::{id, markup, number};
use crate::visitor::account::InAccount;
use crate::{
    live::{self, Viewer},
    paging,
};

/// Characters of an event's data in its row: they fit into a line of a wide table.
const EXCERPT_CHARS: usize = 120;

#[derive(Template)]
#[template(path = "events/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    filters: Arc<Filters>,
    list: List,
    live: Option<String>,
    here: String,
}

/// The part of the page that is live.
#[derive(Template)]
#[template(path = "events/list_part.html")]
struct List {
    rows: Vec<Row>,
    path: String,
    is_filtered: bool,
    is_first: bool,
    newest: String,
    older: Option<String>,
    /// Whether older events may match although this page is not full.
    ended_early: bool,
    account: AccountId,
}

markup!(List);

struct Row {
    key: String,
    href: String,
    event_type: String,
    short: String,
    /// Who reported it, unless it was the company's software.
    origin: Option<&'static str>,
    has_warning: bool,
    excerpt: String,
    deliveries: String,
    created: Moment,
}

/// The filters of an address.
struct Filters {
    filter: EventFilter,
    event_type: String,
    /// What the data has to contain; empty for any data.
    contained: String,
    after: MomentField,
    before: MomentField,
    ignored: Ignored,
    is_active: bool,
}

/// The page.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let query = &account.visitor.query;
    let filters = Arc::new(Filters::of(query));
    let list = list(&app, account.id(), &filters, query).await?;
    let path = account.path("events");
    page(&ListPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Events"),
        head: AccountHead::of(&account, Tab::Events),
        live: filters
            .is_live(&list)
            .then(|| format!("{path}/live{}", query.with(&[("page", None)]))),
        here: path,
        filters,
        list,
    })
}

/// `GET …/events/live`: the list as a stream.
pub async fn live(State(app): State<App>, account: InAccount, headers: HeaderMap) -> Response {
    let viewer = Viewer::of(&account, &headers);
    let id = account.id();
    let query = account.visitor.query.clone();
    let filters = Arc::new(Filters::of(&query));
    if !filters.contained.is_empty() {
        return Refusal::NotFound.into_response();
    }
    let state = Arc::clone(&app);
    live::stream(&app, viewer, move || {
        let (app, filters, query) = (Arc::clone(&state), Arc::clone(&filters), query.clone());
        async move { Ok(list(&app, id, &filters, &query).await?.render()?) }
    })
}

impl Filters {
    /// Whether the page renews itself. One that searches data would read the record again each time.
    fn is_live(&self, list: &List) -> bool {
        list.is_first && self.contained.is_empty() && !self.ignored.has("contains")
    }

    fn of(query: &Query) -> Self {
        let mut ignored = Ignored::default();
        let (after, before) = (ignored.moment(query, "after"), ignored.moment(query, "before"));
        let filter = EventFilter {
            event_type: ignored.read(query, "type", parsed, NOT_A_TYPE),
            after: after.at,
            before: before.at,
        };
        let fits = |text: &str| (text.len() <= CONTAINED_BYTES_MAX).then(|| text.to_owned());
        let is_long = format!("is too long to search for. The limit is {CONTAINED_BYTES_MAX} bytes.");
        // Spaces around the text are part of it.
        let contained = query.get("contains").and_then(fits);
        if contained.is_none() {
            ignored.read(query, "contains", fits, &is_long);
        }
        Self {
            contained: contained.unwrap_or_default(),
            event_type: query.get("type").unwrap_or_default().trim().to_owned(),
            is_active: ["type", "contains", "after", "before"]
                .iter()
                .any(|name| query.get(name).is_some()),
            after,
            before,
            ignored,
            filter,
        }
    }
}

async fn list(app: &App, account: AccountId, filters: &Filters, query: &Query) -> Result<List, Refusal> {
    let request = paging::request(query.get("page"));
    let found = match filters.contained.as_str() {
        "" => app.figures.events(account, &filters.filter, request).await?,
        text => {
            let found = app
                .figures
                .events_containing(account, &filters.filter, text, request);
            found.await?
        }
    };
    let now = app.now();
    let path = format!("/accounts/{account}/events");
    let to = |changes: &[(&str, Option<&str>)]| format!("{path}{}", query.with(changes));
    Ok(List {
        is_filtered: filters.is_active,
        is_first: request.after.is_none(),
        newest: to(&[("page", None)]),
        older: found.next.map(|next| to(&[("page", Some(&paging::text(next)))])),
        ended_early: found.next.is_some() && found.items.len() < paging::ROWS,
        rows: found
            .items
            .iter()
            .map(|event| Row::of(event, &path, now))
            .collect(),
        account,
        path,
    })
}

impl Row {
    fn of(event: &Event, path: &str, now: Timestamp) -> Self {
        Self {
            key: event.id.to_string(),
            href: format!("{path}/{}", event.id),
            event_type: event.event_type.as_str().to_owned(),
            short: id::short(event.id),
            origin: origin(event.origin),
            has_warning: event.warning.is_some(),
            excerpt: excerpt(&event.data, EXCERPT_CHARS),
            deliveries: number::grouped(u64::from(event.deliveries)),
            created: Moment::new(event.created_at, now),
        }
    }
}

/// The word for an origin; `None` for events of the company's software, which are the usual ones.
pub(super) fn origin(origin: Origin) -> Option<&'static str> {
    match origin {
        Origin::Producer => None,
        Origin::Test | Origin::Operational => Some(origin.as_str()),
    }
}
