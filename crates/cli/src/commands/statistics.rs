//! `postrider statistics`: what was accepted and delivered in each step of time.

use http::Method;
use serde_json::Value;

use super::remote::Remote;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Table, cell, time};
use crate::values::moment::Moment;
use crate::{Context, Failure};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Times are UTC. The last step is not over yet. Test events are not counted.

Examples:
  postrider statistics
  postrider statistics --step 1m --after 1h
  postrider statistics customer-42 --step 1d --after 30d
  postrider statistics customer-42 --group-by action
  postrider statistics customer-42 --measure events,failed --json")]
pub struct Args {
    /// The account's id or uid [default: the whole installation]
    account: Option<String>,

    /// What to show, separated by commas: events, held_back, succeeded, failed, canceled, attempts,
    /// attempts_failed; of the installation also latency_p50_ms and latency_p95_ms [default: everything]
    #[arg(long, value_name = "NAMES")]
    measure: Option<String>,

    /// How to group: `action` shows each action of the account, instead of each step
    #[arg(long, value_name = "GROUP", value_parser = ["none", "action"], requires = "account")]
    group_by: Option<String>,

    /// The length of a step; 1m only of the installation
    #[arg(long, value_parser = ["1m", "1h", "1d"], default_value = "1h")]
    step: String,

    /// From the step that contains this time: RFC 3339, or a duration ago such as 2h [default: a day ago]
    #[arg(long, value_name = "TIME")]
    after: Option<Moment>,

    /// Up to this time [default: now]
    #[arg(long, value_name = "TIME")]
    before: Option<Moment>,

    #[command(flatten)]
    client: ClientArgs,
}

/// The measures that the API has, and their headings.
const MEASURES: [(&str, &str); 9] = [
    ("events", "EVENTS"),
    ("held_back", "HELD BACK"),
    ("succeeded", "SUCCEEDED"),
    ("failed", "FAILED"),
    ("canceled", "CANCELED"),
    ("attempts", "ATTEMPTS"),
    ("attempts_failed", "ATTEMPTS FAILED"),
    ("latency_p50_ms", "P50 MS"),
    ("latency_p95_ms", "P95 MS"),
];

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    let resolve = |moment: Option<Moment>| moment.map(|moment| moment.resolve(context.clock));
    let of_account = args
        .account
        .as_deref()
        .map(|account| ["accounts", account, "statistics"]);
    let path: &[&str] = of_account.as_ref().map_or(&["statistics"], |path| path);
    let call = Call::new(Method::GET, path)
        .query("measure", args.measure.as_deref())
        .query("group_by", args.group_by.as_deref())
        .query("step", Some(&args.step))
        .query("after", resolve(args.after))
        .query("before", resolve(args.before));
    remote.show(call, table).await
}

fn table(statistics: &Value, paint: Paint) -> String {
    let measures: Vec<_> = MEASURES
        .into_iter()
        .filter(|(name, _)| statistics["totals"].get(name).is_some())
        .collect();
    let figures = |of: &Value| -> Vec<String> { measures.iter().map(|(name, _)| cell(&of[*name])).collect() };
    let headings = |first: &[&'static str]| -> Vec<&'static str> {
        let measures = measures.iter().map(|(_, heading)| *heading);
        first.iter().copied().chain(measures).collect()
    };
    let mut text;
    if let Some(actions) = statistics["actions"].as_array() {
        let mut table = Table::new(&headings(&["ACTION", "AUTOMATION"]));
        for action in actions {
            let ids = [cell(&action["action_id"]), cell(&action["automation_id"])];
            table.row(ids.into_iter().chain(figures(&action["totals"])));
        }
        text = table.render(paint, "No action did anything in this time.");
        let left_out = &statistics["actions_left_out"];
        if left_out.as_u64().is_some_and(|count| count > 0) {
            let more = super::counted(left_out, "more action is", "more actions are");
            text.push_str(&paint.dim(&format!("{more} not listed.\n")));
        }
    } else {
        let mut table = Table::new(&headings(&["FROM"]));
        for step in statistics["data"].as_array().into_iter().flatten() {
            table.row([time(&step["at"])].into_iter().chain(figures(step)));
        }
        table.row(
            ["total".to_owned()]
                .into_iter()
                .chain(figures(&statistics["totals"])),
        );
        text = table.render(paint, "");
    }
    text
}
