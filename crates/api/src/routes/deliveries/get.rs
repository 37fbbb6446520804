//! `GET /v1/accounts/{account}/deliveries/{id}`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_model::DeliveryId;
use postrider_storage::DeliveryKey;

use super::find;
use super::view::DeliveryRecordView;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read a delivery with its attempts
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/deliveries/{id}",
    tag = "Deliveries",
    params(ObjectPath),
    responses((status = 200, description = "The delivery.", body = DeliveryRecordView))
)]
pub async fn get_delivery(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(delivery): PathId<DeliveryId>,
    uri: Uri,
) -> Result<Json<DeliveryRecordView>, Problem> {
    no_parameters(&uri)?;
    let key = DeliveryKey { account, delivery };
    let delivery = find(&state, key).await?;
    let attempts = state.engine.store().attempts(key).await?;
    Ok(Json(DeliveryRecordView::of(delivery, attempts)))
}
