//! Addresses of the documentation that end with a slash, as people type them.

use axum::response::IntoResponse as _;
use axum::response::{Redirect, Response};
use http::Uri;

use super::Reader;
use crate::refusal::Refusal;

/// Leads to the address without the slashes at its end.
pub async fn remove(uri: Uri, _: Reader) -> Result<Response, Refusal> {
    let path = uri.path().trim_end_matches('/');
    if path.len() == uri.path().len() {
        return Err(Refusal::NotFound);
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(Redirect::permanent(&format!("{path}{query}")).into_response())
}
