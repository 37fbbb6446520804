//! `GET /v1/accounts/{account}/deliveries`

use axum::Json;
use axum::extract::State;
use http::Uri;

use super::filter::{FilterParameters, from_query};
use super::view::DeliveryView;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List deliveries
///
/// Newest first. A delivery must match all filters.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/deliveries",
    extensions(("x-permission" = json!("read"))),
    tag = "Deliveries",
    params(AccountPath, FilterParameters, PageParameters),
    responses((status = 200, description = "A page of deliveries, newest first.", body = List<DeliveryView>))
)]
pub async fn list_deliveries(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<List<DeliveryView>>, Problem> {
    let list = ListId::of(account, "deliveries");
    let mut parameters = Parameters::of(&uri);
    let filter = from_query(&mut parameters);
    let page = parameters.page(list);
    parameters.finish()?;
    let deliveries = state.figures.deliveries(account, &filter, page).await?;
    List::of(list, deliveries, |delivery| Ok(DeliveryView::of(delivery))).map(Json)
}
