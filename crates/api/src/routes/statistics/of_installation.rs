//! `GET /v1/statistics`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_figures::StepLength;

use super::measure::{OF_INSTALLATION, read};
use super::parameters::{InstallationParameters, Steps};
use super::view::InstallationView;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::router::ApiState;

/// Read statistics of the installation
///
/// What was accepted and delivered in each minute, hour or day, over all accounts, and how long it took. Test
/// events are not counted. Counts of other nodes may be a few seconds old.
#[utoipa::path(
    get,
    path = "/v1/statistics",
    extensions(("x-permission" = json!("read"))),
    tag = "Statistics",
    params(InstallationParameters),
    responses((status = 200, description = "The steps, at most 1500.", body = InstallationView))
)]
pub async fn get_statistics(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<InstallationView>, Problem> {
    let mut parameters = Parameters::of(&uri);
    let measures = parameters.take_with("measure", |text| read(text, &OF_INSTALLATION));
    let steps = Steps::take(&mut parameters, &StepLength::ALL);
    parameters.finish()?;
    let period = steps.period(&state.figures)?;
    let statistics = state.figures.statistics(&period).await?;
    let measures = measures.as_deref().unwrap_or(&OF_INSTALLATION);
    Ok(Json(InstallationView::of(&period, measures, &statistics)))
}
