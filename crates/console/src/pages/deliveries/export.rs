//! `GET /accounts/{account}/deliveries.csv` and `…/deliveries.ndjson`: the deliveries of the list, as a file.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use postrider_figures::ExportFormat;

use super::filter::Filters;
use crate::state::App;
use crate::visitor::account::InAccount;

/// As CSV.
pub async fn csv(State(app): State<App>, account: InAccount) -> Response {
    export(&app, &account, ExportFormat::Csv)
}

/// As NDJSON.
pub async fn ndjson(State(app): State<App>, account: InAccount) -> Response {
    export(&app, &account, ExportFormat::Ndjson)
}

/// The filters are those of the list's address. An error of the store ends the response early, and the
/// browser reports a failed download.
fn export(app: &App, account: &InAccount, format: ExportFormat) -> Response {
    let filter = Filters::of(account, &account.visitor.query).filter;
    let export = app.figures.export(account.id(), filter, format);
    let headers = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::CONTENT_DISPOSITION, format.disposition()),
    ];
    (headers, Body::from_stream(export.parts())).into_response()
}
