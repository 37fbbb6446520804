//! `GET /v1/accounts/{account}/deliveries.csv` and `…/deliveries.ndjson`

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Uri, header};
use postrider_figures::ExportFormat;
use postrider_model::AccountId;

use super::filter::{FilterParameters, from_query};
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::Parameters;
use crate::router::ApiState;

/// Export deliveries as CSV
///
/// The newest 100,000 deliveries that match, newest first, with a header row. For older ones, set `before`. A
/// response that breaks off is incomplete. An account has one export at a time.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/deliveries.csv",
    extensions(("x-permission" = json!("read"))),
    tag = "Deliveries",
    params(AccountPath, FilterParameters),
    responses(
        (status = 200, description = "The deliveries.", content_type = "text/csv", body = String),
        (status = 429, description = "`too_many_exports`: Too many exports are under way.")
    )
)]
pub async fn export_deliveries_csv(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    export(&state, account, &uri, ExportFormat::Csv).await
}

/// Export deliveries as NDJSON
///
/// The newest 100,000 deliveries that match, newest first: each on a line, as the list has them. For older
/// ones, set `before`. A response that breaks off is incomplete. An account has one export at a time.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/deliveries.ndjson",
    extensions(("x-permission" = json!("read"))),
    tag = "Deliveries",
    params(AccountPath, FilterParameters),
    responses(
        (status = 200, description = "The deliveries.", content_type = "application/x-ndjson", body = String),
        (status = 429, description = "`too_many_exports`: Too many exports are under way.")
    )
)]
pub async fn export_deliveries_ndjson(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    export(&state, account, &uri, ExportFormat::Ndjson).await
}

async fn export(
    state: &ApiState,
    account: AccountId,
    uri: &Uri,
    format: ExportFormat,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(uri);
    let filter = from_query(&mut parameters);
    parameters.finish()?;
    let export = state.figures.export(account, filter, format).await?;
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::CONTENT_DISPOSITION, format.disposition()),
    ];
    Ok((headers, Body::from_stream(export.parts())).into_response())
}
