//! `GET /v1/api-keys`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_storage::{Page, Position};

use super::view::ApiKeyView;
use crate::cursor::ListId;
use crate::list::List;
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

const LIST: ListId = ListId::of_all("api-keys");

/// List API keys
///
/// Without the keys themselves, which only the response to their creation shows.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    extensions(("x-permission" = json!("admin"))),
    tag = "Access",
    params(PageParameters),
    responses((status = 200, description = "A page of API keys, newest first.", body = List<ApiKeyView>))
)]
pub async fn list_api_keys(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<List<ApiKeyView>>, Problem> {
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(LIST);
    parameters.finish()?;
    let mut keys = state.access.api_keys().await?;
    keys.sort_unstable_by_key(|key| std::cmp::Reverse(key.id));
    let below = page.after.map_or(u128::MAX, |position| position.0);
    let rows = keys.into_iter().filter(|key| key.id.as_u128() < below);
    let rows = rows.map(|key| (Position(key.id.as_u128()), key));
    let keys = Page::from_surplus(rows.take(page.limit + 1).collect(), page.limit);
    List::of(LIST, keys, |key| Ok(ApiKeyView::of(key))).map(Json)
}
