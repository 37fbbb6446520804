//! `GET /v1/search`

mod view;

use axum::extract::State;
use axum::{Extension, Json};
use http::Uri;
use postrider_model::Caller;
use postrider_storage::search::SOUGHT_BYTES_MAX;

use self::view::{ResultView, ResultsView, SearchParameters};
use crate::problem::{Code, Fault, Problem, fault_codes};
use crate::query::Parameters;
use crate::router::ApiState;

/// Search
///
/// Finds what an id, a uid or the name of an event type stands for, among all that the caller may see. It
/// does not search in names or payloads, nor the signing keys of single actions.
#[utoipa::path(
    get,
    path = "/v1/search",
    extensions(("x-permission" = json!("read")), ("x-scope" = json!("caller"))),
    tag = "Search",
    params(SearchParameters),
    responses((status = 200, description = "What was found; an empty list if nothing was.", body = ResultsView))
)]
pub async fn search_by_id(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<ResultsView>, Problem> {
    let mut parameters = Parameters::of(&uri);
    let text: Option<String> = parameters.take_with("q", |text| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:@-".contains(&byte);
        let is_sought = (1..=SOUGHT_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_allowed);
        is_sought.then(|| text.to_owned()).ok_or_else(|| {
            format!(
                "expected 1 to {SOUGHT_BYTES_MAX} of the characters a-z, A-Z, 0-9, `_`, `.`, `:`, `@` and `-`"
            )
        })
    });
    parameters.finish()?;
    let Some(text) = text else {
        let detail = "send an id, a uid or the name of an event type";
        let fault = Fault::of_parameter("q", fault_codes::REQUIRED, detail);
        return Err(Problem::of_faults(Code::InvalidQuery, vec![fault]));
    };
    let found = state.figures.find(&text, caller.scope.account()).await?;
    let data = found.into_iter().map(ResultView::of).collect();
    Ok(Json(ResultsView { data }))
}
