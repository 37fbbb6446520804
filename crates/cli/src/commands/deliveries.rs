//! `postrider deliveries`.

mod timeline;

use http::Method;
use postrider_model::Clock;
use serde_json::Value;

use super::counted;
use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Table, cell, time};
use crate::values::moment::Moment;
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider deliveries list customer-42 --status failed --after 1d
  postrider deliveries show customer-42 dlv_01jh3qk8v2e9x9d5wq3m4n5p6r
  postrider deliveries resend customer-42 dlv_01jh3qk8v2e9x9d5wq3m4n5p6r
  postrider deliveries replay customer-42 --status failed --after 2h    # the receiver is back")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the deliveries of an account, the newest first
    List {
        /// The account's id or uid
        account: String,
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        pages: PageArgs,
    },
    /// Show one delivery with every attempt: when, to where, with which headers, and what came back
    Show {
        /// The account's id or uid
        account: String,
        /// The delivery's id
        delivery: String,
    },
    /// Make one more attempt, with the same id and the same body
    Resend {
        /// The account's id or uid
        account: String,
        /// The delivery's id
        delivery: String,
    },
    /// Resend every delivery that a filter finds
    Replay {
        /// The account's id or uid
        account: String,
        #[command(flatten)]
        filter: FilterArgs,
    },
}

/// Which deliveries: all that are given have to fit.
#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// Only deliveries that stand like this
    #[arg(long, value_parser = ["pending", "succeeded", "failed", "canceled"])]
    status: Option<String>,
    /// Only deliveries of this event
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// Only deliveries of this automation
    #[arg(long, value_name = "ID")]
    automation: Option<String>,
    /// Only deliveries by this action
    #[arg(long, value_name = "ID")]
    action: Option<String>,
    /// Only deliveries of events of this type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only deliveries made at this time or later: a time, or how long ago (`2h`)
    #[arg(long, value_name = "TIME")]
    after: Option<Moment>,
    /// Only deliveries made before this time
    #[arg(long, value_name = "TIME")]
    before: Option<Moment>,
}

impl FilterArgs {
    /// The filters by the API's names.
    fn named(&self, clock: &dyn Clock) -> [(&'static str, Option<String>); 7] {
        [
            ("status", self.status.clone()),
            ("event_id", self.event.clone()),
            ("automation_id", self.automation.clone()),
            ("action_id", self.action.clone()),
            ("event_type", self.event_type.clone()),
            (
                "after",
                self.after.map(|moment| moment.resolve(clock).to_string()),
            ),
            (
                "before",
                self.before.map(|moment| moment.resolve(clock).to_string()),
            ),
        ]
    }
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::List {
            account,
            filter,
            pages,
        } => {
            let mut call = Call::new(Method::GET, &["accounts", &account, "deliveries"]);
            for (name, value) in filter.named(context.clock) {
                call = call.query(name, value);
            }
            remote.list(&call, pages, table).await
        }
        Command::Show { account, delivery } => {
            let call = Call::new(Method::GET, &["accounts", &account, "deliveries", &delivery]);
            remote.show(call, timeline::render).await
        }
        Command::Resend { account, delivery } => {
            let call = Call::new(
                Method::POST,
                &["accounts", &account, "deliveries", &delivery, "resend"],
            );
            let hint =
                format!("One more attempt is on its way: postrider deliveries show {account} {delivery}");
            remote.show(call, |_, _| hint).await
        }
        Command::Replay { account, filter } => {
            let given = filter
                .named(context.clock)
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
            let body = Value::Object(given.collect());
            let call = Call::new(Method::POST, &["accounts", &account, "deliveries", "replay"]).json(&body);
            remote
                .show(call, |answer, _| {
                    format!(
                        "Resending {}.",
                        counted(&answer["count"], "delivery", "deliveries")
                    )
                })
                .await
        }
    }
}

fn table(deliveries: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["ID", "STATUS", "ATTEMPTS", "LAST", "TYPE", "MADE", "NEXT ATTEMPT"]);
    for delivery in deliveries {
        table.row([
            cell(&delivery["id"]),
            cell(&delivery["status"]),
            cell(&delivery["attempt_count"]),
            last(delivery),
            cell(&delivery["event_type"]),
            time(&delivery["created_at"]),
            time(&delivery["next_attempt_at"]),
        ]);
    }
    table.render(paint, "There are no such deliveries.")
}

/// How the last attempt ended: the status that came back, or what else happened.
fn last(delivery: &Value) -> String {
    match &delivery["last_status_code"] {
        Value::Null => cell(&delivery["last_outcome"]),
        status => cell(status),
    }
}
