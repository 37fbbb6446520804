//! `PATCH /v1/accounts/{account}/connections/{id}`

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use postrider_configuration::{ConfigureError, EDITS_MAX};
use postrider_model::ConnectionId;

use super::input::ConnectionInput;
use super::view::ConnectionView;
use super::{InOwner, connection_not_found, find};
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, Tag, tagged};
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
    params(ObjectPath, IfMatchHeader),
    request_body(content = ConnectionInput, description = "The members to change. All are optional.",
        example = json!({"token": "eyJhbGciOj"})),
    responses(
        (status = 200, description = "The updated connection.", body = ConnectionView,
            headers(("etag" = String, description = "The object's version, for `If-Match`."))),
        (status = 409, description = "`concurrent_update`: other requests kept changing it."),
    )
)]
pub async fn update_connection(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InOwner(account): InOwner,
    PathId(id): PathId<ConnectionId>,
    uri: Uri,
    if_match: IfMatch,
    patch: JsonText,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    for _ in 0..EDITS_MAX {
        let current = find(&state, account, id).await?;
        if_match.check(Some(&Tag::of_connection(&current)))?;
        let input = patched(&ConnectionInput::of(&current), patch.as_str()?)?;
        let updated = state
            .configuration
            .update_connection(&by, account, current, input.into_draft());
        match updated.await {
            Err(ConfigureError::Stale) => {}
            Err(error) => return Err(Problem::of_configuring(error, connection_not_found)),
            Ok(connection) => {
                let view = Json(ConnectionView::of(account, &connection));
                return Ok(tagged(Tag::of_connection(&connection), view));
            }
        }
    }
    Err(Problem::of_configuring(
        ConfigureError::Stale,
        connection_not_found,
    ))
}
