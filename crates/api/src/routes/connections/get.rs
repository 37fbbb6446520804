//! `GET /v1/accounts/{account}/connections/{id}`

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use postrider_model::ConnectionId;

use super::find;
use super::view::ConnectionView;
use crate::etag::{Tag, tagged};
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
    responses((status = 200, description = "The connection, without its secret.", body = ConnectionView,
        headers(("etag" = String, description = "The object's version, for `If-Match`."))))
)]
pub async fn get_connection(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    PathId(id): PathId<ConnectionId>,
    uri: Uri,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let connection = find(&state, account, id).await?;
    let view = Json(ConnectionView::of(account, &connection));
    Ok(tagged(Tag::of_connection(&connection), view))
}
