//! `GET /v1/deliveries`

use axum::Json;
use axum::extract::State;
use http::Uri;

use super::filter::{InstallationFilterParameters, from_installation_query};
use super::view::DeliveryOfAccountView;
use crate::cursor::ListId;
use crate::list::List;
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List the deliveries of all accounts
///
/// Newest first. A delivery must match all filters. A page looks at no more than 20,000 deliveries: with a
/// filter that few match, it can have fewer items than `limit`, or none.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    extensions(("x-permission" = json!("read"))),
    tag = "Deliveries",
    params(InstallationFilterParameters, PageParameters),
    responses((
        status = 200,
        description = "A page of deliveries, newest first.",
        body = List<DeliveryOfAccountView>
    ))
)]
pub async fn list_deliveries_of_all_accounts(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<List<DeliveryOfAccountView>>, Problem> {
    let list = ListId::of_all("deliveries");
    let mut parameters = Parameters::of(&uri);
    let filter = from_installation_query(&mut parameters);
    let page = parameters.page(list);
    parameters.finish()?;
    let deliveries = state.figures.deliveries_of_all(&filter, page).await?;
    let accounts = deliveries.items.iter().map(|delivery| delivery.account).collect();
    let entries = state.configuration.entries(accounts).await?;
    List::of(list, deliveries, |delivery| {
        let entry = entries.get(&delivery.account);
        let uid = entry.and_then(|entry| entry.config.account.uid.clone());
        Ok(DeliveryOfAccountView::of(delivery, uid))
    })
    .map(Json)
}
