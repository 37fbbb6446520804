//! `postrider deliveries`.

mod filter;
mod many;
mod timeline;

use http::Method;
use serde_json::Value;

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Table, cell, time};
use crate::{Context, Failure};
use filter::FilterArgs;
pub(super) use timeline::attempt_line;

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider deliveries list customer-42 --status failed --after 1d
  postrider deliveries list --status failed --after 1h    # of all accounts
  postrider deliveries show customer-42 dlv_01jh3qk8v2e9x9d5wq3m4n5p6r
  postrider deliveries resend customer-42 dlv_01jh3qk8v2e9x9d5wq3m4n5p6r
  postrider deliveries replay customer-42 --status failed --after 2h    # after an outage of the receiver
  postrider deliveries cancel customer-42 --action act_01jh3qk8v2e9x9d5wq3m4n5p6r")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the deliveries of an account, or of all accounts, newest first
    List {
        /// The account's id or uid; all accounts if absent
        account: Option<String>,
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        pages: PageArgs,
    },
    /// Show one delivery and all its attempts: time, URL, headers, response
    Show {
        /// The account's id or uid
        account: String,
        /// The delivery's id
        delivery: String,
    },
    /// Send one delivery once more, with the same id and body
    Resend {
        /// The account's id or uid
        account: String,
        /// The delivery's id
        delivery: String,
    },
    /// Resend every delivery that matches a filter
    Replay(many::ReplayArgs),
    /// Cancel every pending delivery that matches a filter
    Cancel(many::CancelArgs),
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
            let mut call = match &account {
                Some(account) => Call::new(Method::GET, &["accounts", account, "deliveries"]),
                None => Call::new(Method::GET, &["deliveries"]),
            };
            if account.is_none() {
                filter.check_of_all()?;
            }
            for (name, value) in filter.parameters(context.clock) {
                call = call.query(name, Some(value));
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
                format!("Resending. To see the attempt: postrider deliveries show {account} {delivery}");
            remote.show(call, |_, _| hint).await
        }
        Command::Replay(args) => many::replay(args, &mut remote, context).await,
        Command::Cancel(args) => many::cancel(args, &mut remote, context).await,
    }
}

fn table(deliveries: &[Value], paint: Paint) -> String {
    const HEADERS: [&str; 7] = [
        "ID",
        "STATUS",
        "ATTEMPTS",
        "LAST OUTCOME",
        "TYPE",
        "CREATED",
        "NEXT ATTEMPT",
    ];
    // Only the list of all accounts names them.
    let is_of_all = deliveries
        .first()
        .is_some_and(|delivery| delivery.get("account_id").is_some());
    let headers: Vec<_> = is_of_all
        .then_some("ACCOUNT")
        .into_iter()
        .chain(HEADERS)
        .collect();
    let mut table = Table::new(&headers);
    for delivery in deliveries {
        let cells = [
            cell(&delivery["id"]),
            cell(&delivery["status"]),
            cell(&delivery["attempt_count"]),
            last(delivery),
            cell(&delivery["event_type"]),
            time(&delivery["created_at"]),
            time(&delivery["next_attempt_at"]),
        ];
        let account = is_of_all.then(|| account_of(delivery));
        table.row(account.into_iter().chain(cells));
    }
    table.render(paint, "No deliveries match.")
}

/// The account of a delivery in a list of all accounts: its uid, or its id.
pub(super) fn account_of(delivery: &Value) -> String {
    match &delivery["account_uid"] {
        Value::Null => cell(&delivery["account_id"]),
        uid => cell(uid),
    }
}

/// How the last attempt ended: the outcome, with the code of the response, HTTP's or the mail server's, if
/// there was one.
fn last(delivery: &Value) -> String {
    let outcome = cell(&delivery["last_outcome"]);
    match &delivery["last_status_code"] {
        Value::Null => outcome,
        code => format!("{outcome} {}", cell(code)),
    }
}
