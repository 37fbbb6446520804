//! What statistics can be asked for.

use std::borrow::Cow;

use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::openapi::shapes::strings;

/// Something that is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Events accepted.
    Events,
    /// Events that an automation's conditions held back.
    HeldBack,
    /// Deliveries that became succeeded.
    Succeeded,
    /// Deliveries that became failed.
    Failed,
    /// Deliveries that became canceled.
    Canceled,
    /// Attempts made.
    Attempts,
    /// Attempts that did not succeed.
    AttemptsFailed,
    /// The p50 latency.
    LatencyP50Ms,
    /// The p95 latency.
    LatencyP95Ms,
}

use Measure::{
    Attempts, AttemptsFailed, Canceled, Events, Failed, HeldBack, LatencyP50Ms, LatencyP95Ms, Succeeded,
};

/// What is known of the installation.
pub const OF_INSTALLATION: [Measure; 9] = [
    Events,
    HeldBack,
    Succeeded,
    Failed,
    Canceled,
    Attempts,
    AttemptsFailed,
    LatencyP50Ms,
    LatencyP95Ms,
];

/// What is known of an account.
pub const OF_ACCOUNT: [Measure; 7] = [
    Events,
    HeldBack,
    Succeeded,
    Failed,
    Canceled,
    Attempts,
    AttemptsFailed,
];

/// What is known of an action: an event belongs to no action.
pub const OF_ACTION: [Measure; 5] = [Succeeded, Failed, Canceled, Attempts, AttemptsFailed];

impl Measure {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Events => "events",
            HeldBack => "held_back",
            Succeeded => "succeeded",
            Failed => "failed",
            Canceled => "canceled",
            Attempts => "attempts",
            AttemptsFailed => "attempts_failed",
            LatencyP50Ms => "latency_p50_ms",
            LatencyP95Ms => "latency_p95_ms",
        }
    }
}

/// The names of [`OF_INSTALLATION`], for the document.
pub struct InstallationMeasures;

/// The names of [`OF_ACCOUNT`], for the document.
pub struct AccountMeasures;

impl ToSchema for InstallationMeasures {
    fn name() -> Cow<'static, str> {
        "StatisticsMeasure".into()
    }
}

impl PartialSchema for InstallationMeasures {
    fn schema() -> RefOr<Schema> {
        names(&OF_INSTALLATION)
    }
}

impl ToSchema for AccountMeasures {
    fn name() -> Cow<'static, str> {
        "AccountStatisticsMeasure".into()
    }
}

impl PartialSchema for AccountMeasures {
    fn schema() -> RefOr<Schema> {
        names(&OF_ACCOUNT)
    }
}

fn names(measures: &[Measure]) -> RefOr<Schema> {
    let names: Vec<_> = measures.iter().map(|measure| measure.as_str()).collect();
    let schema = strings(&names).description(Some("Something that is counted or measured."));
    Schema::from(schema).into()
}

/// Reads names that are separated by commas, at most as many as there are. A name that occurs twice counts
/// once.
pub fn read(text: &str, known: &[Measure]) -> Result<Vec<Measure>, String> {
    if text.split(',').count() > known.len() {
        return Err(format!("expected at most {} names", known.len()));
    }
    let find = |name| known.iter().find(|measure| measure.as_str() == name).copied();
    let measures: Option<Vec<_>> = text.split(',').map(find).collect();
    measures.ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|measure| measure.as_str()).collect();
        format!(
            "expected one or more of {}, separated by commas",
            names.join(", ")
        )
    })
}
