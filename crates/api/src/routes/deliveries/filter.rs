//! The filter of deliveries to list, replay or cancel.

use std::fmt::Display;
use std::str::FromStr;

use postrider_model::{DeliveryStatus, Outcome};
use postrider_storage::DeliveryFilter;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::shapes;
use crate::problem::{Code, Fault, Faults, Problem, fault_codes};
use crate::query::Parameters;

/// The deliveries to list. A delivery must match all filters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what [`from_query`] takes")]
pub struct FilterParameters {
    /// The delivery's status.
    #[param(schema_with = shapes::delivery_status)]
    status: Option<String>,
    /// The event's id.
    #[param(example = "evt_01h455vb4pex5vsknk084sn02q")]
    event_id: Option<String>,
    /// The automation's id.
    #[param(example = "auto_01h455vb4pex5vsknk084sn02q")]
    automation_id: Option<String>,
    /// The action's id.
    #[param(example = "act_01h455vb4pex5vsknk084sn02q")]
    action_id: Option<String>,
    /// The event's type.
    #[param(example = "proposal.accepted")]
    event_type: Option<String>,
    /// Only deliveries created at this time or later.
    #[param(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    after: Option<String>,
    /// Only deliveries created before this time.
    #[param(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
    /// The status code of the last response: one code, or a class such as `5xx`.
    #[param(pattern = "^[1-5](xx|[0-9]{2})$", example = "5xx")]
    status_code: Option<String>,
    /// The outcome of the last attempt.
    #[param(schema_with = shapes::outcome)]
    outcome: Option<String>,
}

/// The deliveries of all accounts to list. A delivery must match all filters.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what [`from_installation_query`] takes")]
pub struct InstallationFilterParameters {
    /// The delivery's status.
    #[param(schema_with = shapes::delivery_status)]
    status: Option<String>,
    /// The event's type.
    #[param(example = "proposal.accepted")]
    event_type: Option<String>,
    /// Only deliveries created at this time or later.
    #[param(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    after: Option<String>,
    /// Only deliveries created before this time.
    #[param(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
    /// The status code of the last response: one code, or a class such as `5xx`.
    #[param(pattern = "^[1-5](xx|[0-9]{2})$", example = "5xx")]
    status_code: Option<String>,
    /// The outcome of the last attempt.
    #[param(schema_with = shapes::outcome)]
    outcome: Option<String>,
}

/// The deliveries to replay or to cancel. A delivery must match all filters, and at least one filter is
/// required.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = DeliverySelection)]
pub struct SelectionInput {
    /// The delivery's status.
    #[schema(schema_with = shapes::delivery_status_or_null)]
    status: Option<String>,
    /// The event's id.
    #[schema(example = "evt_01h455vb4pex5vsknk084sn02q")]
    event_id: Option<String>,
    /// The automation's id.
    #[schema(example = "auto_01h455vb4pex5vsknk084sn02q")]
    automation_id: Option<String>,
    /// The action's id.
    #[schema(example = "act_01h455vb4pex5vsknk084sn02q")]
    action_id: Option<String>,
    /// The event's type.
    #[schema(example = "proposal.accepted")]
    event_type: Option<String>,
    /// Only deliveries created at this time or later.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    after: Option<String>,
    /// Only deliveries created before this time.
    #[schema(format = DateTime, example = "2026-02-01T00:00:00.000Z")]
    before: Option<String>,
    /// The status code of the last response: one code, or a class such as `5xx`.
    #[schema(pattern = "^[1-5](xx|[0-9]{2})$", example = "5xx")]
    status_code: Option<String>,
    /// The outcome of the last attempt.
    #[schema(schema_with = shapes::outcome_or_null)]
    outcome: Option<String>,
    /// Count the deliveries, and change nothing.
    #[serde(default)]
    #[schema(default = false)]
    pub(super) dry_run: bool,
}

/// The filter in query parameters.
pub(super) fn from_query(parameters: &mut Parameters) -> DeliveryFilter {
    DeliveryFilter {
        status: parameters.take_with("status", status),
        event: parameters.take("event_id"),
        automation: parameters.take("automation_id"),
        action: parameters.take("action_id"),
        event_type: parameters.take("event_type"),
        after: parameters.take("after"),
        before: parameters.take("before"),
        status_code: parameters.take("status_code"),
        outcome: parameters.take_with("outcome", outcome),
    }
}

/// The filter of all accounts in query parameters.
pub(super) fn from_installation_query(parameters: &mut Parameters) -> DeliveryFilter {
    DeliveryFilter {
        status: parameters.take_with("status", status),
        event_type: parameters.take("event_type"),
        after: parameters.take("after"),
        before: parameters.take("before"),
        status_code: parameters.take("status_code"),
        outcome: parameters.take_with("outcome", outcome),
        ..DeliveryFilter::default()
    }
}

impl SelectionInput {
    /// The filter. It is never empty, because an empty filter would resend everything that the account ever
    /// sent, or cancel all that it still has to send.
    pub(super) fn filter(&self) -> Result<DeliveryFilter, Problem> {
        let mut faults = Faults::default();
        let filter = DeliveryFilter {
            status: checked("/status", self.status.as_deref(), &mut faults, status),
            event: parsed("/event_id", self.event_id.as_deref(), &mut faults),
            automation: parsed("/automation_id", self.automation_id.as_deref(), &mut faults),
            action: parsed("/action_id", self.action_id.as_deref(), &mut faults),
            event_type: parsed("/event_type", self.event_type.as_deref(), &mut faults),
            after: parsed("/after", self.after.as_deref(), &mut faults),
            before: parsed("/before", self.before.as_deref(), &mut faults),
            status_code: parsed("/status_code", self.status_code.as_deref(), &mut faults),
            outcome: checked("/outcome", self.outcome.as_deref(), &mut faults, outcome),
        };
        if faults.is_empty() && filter == DeliveryFilter::default() {
            faults.add("", fault_codes::FILTER_REQUIRED, "send at least one filter");
        }
        faults.into_result(Code::InvalidBody).map(|()| filter)
    }
}

/// The value of a member; `None`, and a fault at `pointer`, if it is not one.
pub(in crate::routes) fn parsed<T: FromStr<Err: Display>>(
    pointer: &str,
    text: Option<&str>,
    faults: &mut Faults,
) -> Option<T> {
    checked(pointer, text, faults, |text| {
        text.parse().map_err(|error: T::Err| error.to_string())
    })
}

fn checked<T>(
    pointer: &str,
    text: Option<&str>,
    faults: &mut Faults,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let fault = |detail| Fault::at(pointer, fault_codes::INVALID_VALUE, detail);
    faults.take(read(text?).map_err(fault))
}

fn status(text: &str) -> Result<DeliveryStatus, String> {
    let names = DeliveryStatus::ALL.map(DeliveryStatus::as_str);
    DeliveryStatus::from_name(text).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let names = Outcome::ALL.map(Outcome::as_str);
    Outcome::from_name(text).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode_control;

    #[test]
    fn query_and_body_accept_the_same_filters_and_report_every_fault() {
        let names = [
            "status",
            "event_id",
            "automation_id",
            "action_id",
            "event_type",
            "after",
            "before",
            "status_code",
            "outcome",
        ];
        let query = names.map(|name| format!("{name}=*")).join("&");
        let mut parameters = Parameters::of(&format!("/?{query}").parse().unwrap());
        from_query(&mut parameters);
        assert_eq!(parameters.finish().unwrap_err().faults().len(), names.len());
        let body = names.map(|name| format!("\"{name}\":\"*\"")).join(",");
        let input: SelectionInput = decode_control(&format!("{{{body}}}")).unwrap();
        assert_eq!(input.filter().unwrap_err().faults().len(), names.len());
    }
}
