//! `POST /v1/accounts/{account}/connections`

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, Uri, header};
use postrider_configuration::ConfigureError;
use postrider_model::connection::CONNECTIONS_MAX;

use super::InOwner;
use super::input::ConnectionInput;
use super::view::ConnectionView;
use crate::by::Asks;
use crate::etag::Tag;
use crate::json_body::JsonBody;
use crate::path::{AccountPath, account_not_found};
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Create a connection
///
/// An action that names it in `connection_id` authenticates at its receiver with it. Secrets are write-only.
///
/// Connections of the account `system` are the installation's: actions of all accounts can use them, for URLs
/// of their `hosts`. Changing them requires the permission `admin` too.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/connections",
    extensions(("x-permission" = json!("manage"))),
    tag = "Connections",
    params(AccountPath),
    request_body(content = ConnectionInput, example = json!({
        "name": "CRM", "type": "bearer", "token": "eyJhbGciOi"
    })),
    responses(
        (status = 201, description = "The connection.", body = ConnectionView,
            headers(
                ("location" = String, description = "The connection's path."),
                ("etag" = String, description = "The object's version, for `If-Match`."),
            )),
        (status = 409, description = "`too_many_connections`: the account has 50 already."),
    )
)]
pub async fn create_connection(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InOwner(account): InOwner,
    uri: Uri,
    JsonBody(input): JsonBody<ConnectionInput>,
) -> Result<impl IntoResponse, Problem> {
    no_parameters(&uri)?;
    let created = state
        .configuration
        .create_connection(&by, account, input.into_draft())
        .await;
    let connection = created.map_err(|error| match error {
        ConfigureError::TooMany => Problem::new(
            Code::TooManyConnections,
            format!("an account can have at most {CONNECTIONS_MAX} connections"),
        ),
        error => Problem::of_configuring(error, account_not_found),
    })?;
    let location = format!("/v1/accounts/{account}/connections/{}", connection.id);
    let view = Json(ConnectionView::of(account, &connection));
    let tag = Tag::of_connection(&connection);
    Ok((StatusCode::CREATED, tag, [(header::LOCATION, location)], view))
}
