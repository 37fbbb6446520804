//! `GET /v1/accounts/{account}/events`

use axum::extract::State;
use axum::{Extension, Json};
use http::Uri;
use postrider_figures::{CONTAINED_BYTES_MAX, EVENTS_PAGE_BYTES, Figures};
use postrider_model::{AccountId, Caller, Event};
use postrider_storage::{EventFilter, Page, PageRequest, StoreResult};
use postrider_web::body_budget::{HeldRoom, NoRoom, Owner};

use super::view::EventView;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// Most events per read of the store.
const CHUNK: usize = 50;

/// Bytes of `data` and headers after which a page ends early. 250 events at the limit of `data` would be a
/// response of 64 MiB; with this bound, a page has at most this and one chunk. Each page takes room for so
/// much from the budget of bodies until its client has read it.
const PAGE_BYTES: usize = EVENTS_PAGE_BYTES;

/// A filter of events.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `filter` takes")]
pub struct EventParameters {
    /// Only events of this type.
    #[param(example = "proposal.accepted")]
    r#type: Option<String>,
    /// Only events whose `data` contains this text. ASCII letters match in either case. The text is compared
    /// with the JSON as you sent it, so `ü` does not find `\u00fc`. A request looks at up to 1,000 events,
    /// so a page can have fewer events than `limit`, or none, although `next_cursor` leads on. An account
    /// has one such request at a time.
    #[param(example = "1250.50", min_length = 1, max_length = 200)]
    data_contains: Option<String>,
    /// Only events accepted at this time or later.
    #[param(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    after: Option<String>,
    /// Only events accepted before this time.
    #[param(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
}

/// List events
///
/// Newest first, each with its data. Events older than the installation's retention are deleted.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/events",
    extensions(("x-permission" = json!("read"))),
    tag = "Events",
    params(AccountPath, EventParameters, PageParameters),
    responses(
        (status = 200, description = "A page of events, newest first.", body = List<EventView>),
        (status = 429, description = "`too_many_searches`: Too many searches are under way.")
    )
)]
pub async fn list_events(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<(Extension<HeldRoom>, Json<List<EventView>>), Problem> {
    let list = ListId::of(account, "events");
    let mut parameters = Parameters::of(&uri);
    let filter = EventFilter {
        event_type: parameters.take("type"),
        after: parameters.take("after"),
        before: parameters.take("before"),
    };
    let contained = parameters.take_with("data_contains", |text| match text.len() {
        1..=CONTAINED_BYTES_MAX => Ok(text.to_owned()),
        _ => Err(format!("expected 1 to {CONTAINED_BYTES_MAX} bytes")),
    });
    let request = parameters.page(list);
    parameters.finish()?;
    let mut room = state.page_budget.body_of(Owner::of(&caller));
    room.grow(PAGE_BYTES).await.map_err(|NoRoom| Problem::no_room())?;
    let figures = &state.figures;
    let page = match contained {
        Some(text) => {
            figures
                .events_containing(account, &filter, &text, request)
                .await?
        }
        None => bounded_page(figures, account, &filter, request).await?,
    };
    room.shrink(bytes_of(&page.items));
    let list = List::of(list, page, EventView::of)?;
    Ok((Extension(HeldRoom::from(room)), Json(list)))
}

fn bytes_of(events: &[Event]) -> usize {
    events.iter().map(Event::bytes).sum()
}

/// A page of events that ends early if its data is large.
async fn bounded_page(
    figures: &Figures,
    account: AccountId,
    filter: &EventFilter,
    request: PageRequest,
) -> StoreResult<Page<Event>> {
    let (mut items, mut after, mut bytes) = (Vec::new(), request.after, 0);
    loop {
        let limit = (request.limit - items.len()).min(CHUNK);
        let chunk = figures
            .events(account, filter, PageRequest { limit, after })
            .await?;
        bytes += bytes_of(&chunk.items);
        // A store may end a page early; the page then ends here too.
        let is_short = chunk.items.len() < limit;
        items.extend(chunk.items);
        after = chunk.next;
        if after.is_none() || is_short || bytes >= PAGE_BYTES || items.len() >= request.limit {
            return Ok(Page { items, next: after });
        }
    }
}
