//! The query parameters of statistics.

use postrider_figures::{Figures, Period, PeriodError, StepLength};
use postrider_model::Timestamp;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::schema::Schema;

use super::measure::{AccountMeasures, InstallationMeasures};
use crate::openapi::shapes::strings;
use crate::problem::{Code, Fault, Problem, fault_codes};
use crate::query::Parameters;

/// The steps that accounts have: no sums by the minute are kept for them.
pub const ACCOUNT_LENGTHS: [StepLength; 2] = [StepLength::Hour, StepLength::Day];

/// What to return of the installation.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `of_installation` takes")]
pub struct InstallationParameters {
    /// What to return, separated by commas [default: everything].
    #[param(style = Form, explode = false, min_items = 1, max_items = 9)]
    measure: Option<Vec<InstallationMeasures>>,
    /// The length of a step.
    #[param(schema_with = steps)]
    step: Option<String>,
    /// The first step is the one that contains this time [default: 24 hours before `before`].
    #[param(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    after: Option<String>,
    /// The last step is the one before this time, or the one that contains it [default: now].
    #[param(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
}

/// What to return of an account.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `of_account` takes")]
pub struct AccountParameters {
    /// What to return, separated by commas [default: everything that is known]. Events have no action: with
    /// `group_by=action`, `events` and `held_back` are refused.
    #[param(style = Form, explode = false, min_items = 1, max_items = 7)]
    measure: Option<Vec<AccountMeasures>>,
    /// How to group.
    #[param(schema_with = groups)]
    group_by: Option<String>,
    /// The length of a step.
    #[param(schema_with = account_steps)]
    step: Option<String>,
    /// The first step is the one that contains this time [default: 24 hours before `before`].
    #[param(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    after: Option<String>,
    /// The last step is the one before this time, or the one that contains it [default: now].
    #[param(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
}

/// The requested steps, before they are checked against the clock.
pub struct Steps {
    length: StepLength,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Steps {
    /// Takes them from the parameters.
    pub fn take(parameters: &mut Parameters, lengths: &[StepLength]) -> Self {
        let length = parameters.take_with("step", |text| {
            let length = StepLength::from_name(text).filter(|length| lengths.contains(length));
            length.ok_or_else(|| {
                let names: Vec<_> = lengths.iter().map(|length| length.as_str()).collect();
                format!("expected one of {}", names.join(", "))
            })
        });
        Self {
            length: length.unwrap_or(StepLength::Hour),
            after: parameters.take("after"),
            before: parameters.take("before"),
        }
    }

    /// The period that they make up now.
    pub fn period(self, figures: &Figures) -> Result<Period, Problem> {
        figures
            .period(self.length, self.after, self.before)
            .map_err(|error| {
                let parameter = match error {
                    PeriodError::Empty => "before",
                    PeriodError::InFuture | PeriodError::TooOld(_) => "after",
                    PeriodError::TooLong(_) => "step",
                };
                out_of_range(parameter, error.to_string())
            })
    }
}

/// The problem of a parameter that asks for more than there is.
pub fn out_of_range(parameter: &'static str, detail: impl Into<String>) -> Problem {
    let fault = Fault::of_parameter(parameter, fault_codes::OUT_OF_RANGE, detail);
    Problem::of_faults(Code::InvalidQuery, vec![fault])
}

fn groups() -> Schema {
    strings(&["none", "action"])
        .description(Some(
            "`action` adds `actions`: the same for each of the 20 actions with the most deliveries.",
        ))
        .default(Some(json!("none")))
        .into()
}

/// The lengths of a step.
fn steps() -> Schema {
    strings(&StepLength::ALL.map(StepLength::as_str))
        .description(Some(
            "The length of a step. Days are those of UTC. Minutes are kept for two days.",
        ))
        .default(Some(json!("1h")))
        .into()
}

fn account_steps() -> Schema {
    strings(&ACCOUNT_LENGTHS.map(StepLength::as_str))
        .description(Some("The length of a step. Days are those of UTC."))
        .default(Some(json!("1h")))
        .into()
}
