//! `GET /v1/accounts/{account}/connections/{id}`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_model::ConnectionId;

use super::find;
use super::view::ConnectionView;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Read a connection
///
/// Secrets are write-only: `••••` stands for each.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/connections/{id}",
    extensions(("x-permission" = json!("read"))),
    tag = "Connections",
    params(ObjectPath),
    responses((status = 200, description = "The connection, without its secret.", body = ConnectionView))
)]
pub async fn get_connection(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(id): PathId<ConnectionId>,
    uri: Uri,
) -> Result<Json<ConnectionView>, Problem> {
    no_parameters(&uri)?;
    let connection = find(&state, account, id).await?;
    Ok(Json(ConnectionView::of(account, &connection)))
}
