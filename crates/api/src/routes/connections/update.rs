//! `PATCH /v1/accounts/{account}/connections/{id}`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_configuration::{ConfigureError, EDITS_MAX};
use postrider_model::ConnectionId;

use super::input::ConnectionInput;
use super::view::ConnectionView;
use super::{InOwner, connection_not_found, find};
use crate::by::Asks;
use crate::json_body::JsonText;
use crate::patch::patched;
use crate::path::{ObjectPath, PathId};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// Update a connection
///
/// The body is a JSON Merge Patch (RFC 7396): members that you leave out keep their values, secrets included.
/// The `type` cannot change. Attempts that start after the update use the new credentials, retries of earlier
/// deliveries too. Connections of the account `system` require the permission `admin` too.
#[utoipa::path(
    patch,
    path = "/v1/accounts/{account}/connections/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Connections",
    params(ObjectPath),
    request_body(content = ConnectionInput, description = "The members to change. All are optional.",
        example = json!({"token": "eyJhbGciOj"})),
    responses(
        (status = 200, description = "The updated connection.", body = ConnectionView),
        (status = 409, description = "`concurrent_update`: other requests kept changing it."),
    )
)]
pub async fn update_connection(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InOwner(account): InOwner,
    PathId(id): PathId<ConnectionId>,
    uri: Uri,
    patch: JsonText,
) -> Result<Json<ConnectionView>, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let current = find(&state, account, id).await?;
        let input = patched(&ConnectionInput::of(&current), patch.as_str()?)?;
        let updated = state
            .configuration
            .update_connection(&by, account, current, input.into_draft());
        match updated.await {
            Err(ConfigureError::Stale) => {}
            Err(error) => return Err(Problem::of_configuring(error, connection_not_found)),
            Ok(connection) => return Ok(Json(ConnectionView::of(account, &connection))),
        }
    }
    Err(Problem::of_configuring(
        ConfigureError::Stale,
        connection_not_found,
    ))
}
