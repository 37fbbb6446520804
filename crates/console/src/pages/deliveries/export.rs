//! `GET /accounts/{account}/deliveries.csv` and `…/deliveries.ndjson`: the deliveries of the list, as a file.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use postrider_figures::ExportFormat;

use super::filter::Filters;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// As CSV.
pub async fn csv(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    export(&app, &account, ExportFormat::Csv).await
}

/// As NDJSON.
pub async fn ndjson(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    export(&app, &account, ExportFormat::Ndjson).await
}

/// The filters are those of the list's address. An error after the first page ends the response early, and
/// the browser reports a failed download.
async fn export(app: &App, account: &InAccount, format: ExportFormat) -> Result<Response, Refusal> {
    let filters = Filters::of(account, &account.visitor.query);
    if !filters.ignored.is_empty() {
        return Err(Refusal::UnknownFilter);
    }
    let export = app.figures.export(account.id(), filters.filter, format).await?;
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::CONTENT_DISPOSITION, format.disposition()),
    ];
    Ok((headers, Body::from_stream(export.parts())).into_response())
}
