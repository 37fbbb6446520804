//! `GET /v1/accounts/{account}/deliveries/{id}`

use axum::extract::State;
use axum::{Extension, Json};
use http::Uri;
use postrider_model::{Caller, DeliveryId};
use postrider_storage::{DeliveryKey, DeliveryRecord};

use super::delivery_not_found;
use super::view::DeliveryRecordView;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read a delivery with its attempts
///
/// Each attempt shows the request as it was sent, and the response, truncated where it was long.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/deliveries/{id}",
    extensions(("x-permission" = json!("read"))),
    tag = "Deliveries",
    params(ObjectPath),
    responses((status = 200, description = "The delivery.", body = DeliveryRecordView))
)]
pub async fn get_delivery(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(delivery): PathId<DeliveryId>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<DeliveryRecordView>, Problem> {
    no_parameters(&uri)?;
    let key = DeliveryKey { account, delivery };
    let record = state.figures.record(key).await?;
    let DeliveryRecord { delivery, attempts } = record.ok_or_else(delivery_not_found)?;
    Ok(Json(DeliveryRecordView::of(delivery, attempts, caller.scope)))
}
