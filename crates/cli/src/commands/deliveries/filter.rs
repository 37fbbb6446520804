//! The filters of `list`, `replay` and `cancel`.

use clap::builder::PossibleValuesParser;
use postrider_model::{Clock, Outcome, StatusCodes};

use crate::Failure;
use crate::values::moment::Moment;

/// Filters; a delivery has to match all of them.
#[derive(Debug, Default, clap::Args)]
pub(super) struct FilterArgs {
    /// Filter by status
    #[arg(long, value_parser = ["pending", "succeeded", "failed", "canceled"])]
    status: Option<String>,
    /// Filter by event
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// Filter by automation
    #[arg(long, value_name = "ID")]
    automation: Option<String>,
    /// Filter by action
    #[arg(long, value_name = "ID")]
    action: Option<String>,
    /// Filter by event type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only deliveries created at this time or later: a time, or how long ago (`2h`)
    #[arg(long, value_name = "TIME")]
    after: Option<Moment>,
    /// Only deliveries created before this time
    #[arg(long, value_name = "TIME")]
    before: Option<Moment>,
    /// Filter by the status code of the last response: `503`, or a class such as `5xx`
    #[arg(long, value_name = "CODE")]
    status_code: Option<StatusCodes>,
    /// Filter by the outcome of the last attempt
    #[arg(long, value_parser = PossibleValuesParser::new(Outcome::ALL.map(Outcome::as_str)))]
    outcome: Option<String>,
}

impl FilterArgs {
    /// Checks that these filters can hold over all accounts.
    pub fn check_of_all(&self) -> Result<(), Failure> {
        let of_one = [
            ("--event", &self.event),
            ("--automation", &self.automation),
            ("--action", &self.action),
        ];
        match of_one.into_iter().find(|(_, value)| value.is_some()) {
            Some((flag, _)) => Err(Failure::Usage(format!(
                "{flag} filters the deliveries of one account: name the account as well"
            ))),
            None => Ok(()),
        }
    }

    /// The filters that were given, by the API's names.
    pub fn parameters(&self, clock: &dyn Clock) -> Vec<(&'static str, String)> {
        let time = |moment: Option<Moment>| moment.map(|moment| moment.resolve(clock).to_string());
        let all = [
            ("status", self.status.clone()),
            ("event_id", self.event.clone()),
            ("automation_id", self.automation.clone()),
            ("action_id", self.action.clone()),
            ("event_type", self.event_type.clone()),
            ("after", time(self.after)),
            ("before", time(self.before)),
            ("status_code", self.status_code.map(|codes| codes.to_string())),
            ("outcome", self.outcome.clone()),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
