//! `GET /v1/accounts/{account}/statistics`

use axum::extract::State;
use axum::{Extension, Json};
use http::Uri;
use postrider_figures::WantedActions;
use postrider_model::Caller;
use postrider_web::body_budget::{HeldRoom, NoRoom, Owner};

use super::measure::{OF_ACCOUNT, OF_ACTION, read};
use super::parameters::{ACCOUNT_LENGTHS, AccountParameters, Steps, out_of_range};
use super::view::AccountView;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::Parameters;
use crate::router::ApiState;

/// Most bytes of a response: 1,500 steps with seven measures of up to 20 digits.
const BYTES: usize = 512 * 1024;

/// Most bytes of a response with each of 20 actions.
const BYTES_BY_ACTION: usize = 8 * 1024 * 1024;

/// Read statistics of an account
///
/// What was accepted and delivered in each hour or day, of the whole account and, if you ask for it, of each
/// action. Test events are not counted. Counts of other nodes may be a few seconds old. If the period needs
/// more than 50,000 sums, the response is 400: choose a shorter period.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/statistics",
    extensions(("x-permission" = json!("read"))),
    tag = "Statistics",
    params(AccountPath, AccountParameters),
    responses((status = 200, description = "The steps, at most 1500.", body = AccountView))
)]
pub async fn get_account_statistics(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<(Extension<HeldRoom>, Json<AccountView>), Problem> {
    let mut parameters = Parameters::of(&uri);
    let by_action = parameters.take_with("group_by", |text| match text {
        "none" => Ok(false),
        "action" => Ok(true),
        _ => Err("expected one of none, action".to_owned()),
    });
    let by_action = by_action.unwrap_or(false);
    let known: &[_] = if by_action { &OF_ACTION } else { &OF_ACCOUNT };
    let measures = parameters.take_with("measure", |text| read(text, known));
    let steps = Steps::take(&mut parameters, &ACCOUNT_LENGTHS);
    parameters.finish()?;
    let period = steps.period(&state.figures)?;
    let mut room = state.page_budget.body_of(Owner::of(&caller));
    let bytes = if by_action { BYTES_BY_ACTION } else { BYTES };
    room.grow(bytes).await.map_err(|NoRoom| Problem::no_room())?;
    let wanted = match by_action {
        true => WantedActions::All,
        false => WantedActions::None,
    };
    let statistics = state.figures.account_statistics(account, &period, wanted).await?;
    let statistics = statistics.map_err(|too_many| out_of_range("after", too_many.to_string()))?;
    let measures = measures.as_deref().unwrap_or(known);
    let view = AccountView::of(&period, measures, &statistics, by_action);
    Ok((Extension(HeldRoom::from(room)), Json(view)))
}
