//! `postrider events`.

use http::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::input;
use super::moment::Moment;
use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Answer, Call, ClientArgs};
use crate::config::Environment;
use crate::display::{Paint, Record, Table, cell, time};
use crate::failure::Failure;

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider events send customer-42 proposal.accepted --data '{\"proposal_id\":\"p_1\"}'
  postrider events send customer-42 proposal.accepted --data @proposal.json --idempotency-key p_1-accepted
  jq .proposal export.json | postrider events send customer-42 proposal.accepted --data -
  postrider events list customer-42 --type proposal.accepted --after 2h")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Report that something happened in an account
    Send(SendArgs),
    /// List the events of an account, the newest first
    List(ListArgs),
    /// Show one event with its data
    Show {
        /// The account's id or uid
        account: String,
        /// The event's id
        event: String,
    },
}

#[derive(Debug, clap::Args)]
struct SendArgs {
    /// The account's id or uid
    account: String,
    /// What kind of thing happened, such as `proposal.accepted`
    #[arg(value_name = "TYPE")]
    event_type: String,
    /// What happened, as JSON, sent byte for byte; `@FILE` and `-` read it from a file or standard input
    #[arg(long, value_name = "JSON")]
    data: String,
    /// An id of your own for the event (`evt_…`): sending it again changes nothing
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Any name of your own for this event: sending it again changes nothing
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// When it happened, or how long ago (`5m`), if not now
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<Moment>,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The account's id or uid
    account: String,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only events accepted at this time or later: a time, or how long ago (`2h`)
    #[arg(long, value_name = "TIME")]
    after: Option<Moment>,
    /// Only events accepted before this time
    #[arg(long, value_name = "TIME")]
    before: Option<Moment>,
    #[command(flatten)]
    pages: PageArgs,
}

/// Runs the command.
pub async fn run(args: Args, environment: &Environment) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, environment)?;
    match args.command {
        Command::Send(args) => {
            let call = Call::new(Method::POST, &["accounts", &args.account, "events"])
                .header("idempotency-key", args.idempotency_key.clone())
                .body(body(&args)?);
            remote.show(call, receipt).await
        }
        Command::List(args) => {
            let call = Call::new(Method::GET, &["accounts", &args.account, "events"])
                .query("type", args.event_type.as_deref())
                .query("after", args.after)
                .query("before", args.before);
            remote.list(&call, args.pages, table).await
        }
        Command::Show { account, event } => {
            let call = Call::new(Method::GET, &["accounts", &account, "events", &event]);
            remote.show_answer(call, record).await
        }
    }
}

/// The request's body. `data` is put in as text, so that its bytes reach the server as they were given.
fn body(args: &SendArgs) -> Result<String, Failure> {
    let mut body = format!("{{\"type\":{}", Value::from(args.event_type.as_str()));
    if let Some(id) = &args.id {
        body.push_str(&format!(",\"id\":{}", Value::from(id.as_str())));
    }
    if let Some(time) = args.occurred_at {
        body.push_str(&format!(",\"occurred_at\":\"{time}\""));
    }
    body.push_str(&format!(",\"data\":{}}}", input::json("--data", &args.data)?));
    Ok(body)
}

fn receipt(event: &Value, paint: Paint) -> String {
    Record::new()
        .field("Id", cell(&event["id"]))
        .field("Type", cell(&event["type"]))
        .field("Accepted", time(&event["created_at"]))
        .field("Deliveries", cell(&event["deliveries"]))
        .render(paint)
}

fn table(events: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["ID", "TYPE", "ACCEPTED", "DELIVERIES"]);
    for event in events {
        let deliveries = match event["origin"].as_str() {
            Some("test") => format!("{} (test)", cell(&event["deliveries"])),
            _ => cell(&event["deliveries"]),
        };
        table.row([
            cell(&event["id"]),
            cell(&event["type"]),
            time(&event["created_at"]),
            deliveries,
        ]);
    }
    table.render(paint, "There are no such events.")
}

fn record(answer: &Answer, paint: Paint) -> String {
    /// The data as text: parsed, its numbers might be rounded.
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let data = serde_json::from_str::<Data<'_>>(&answer.text).map_or("", |event| event.data.get());
    let event = &answer.json;
    Record::new()
        .field("Id", cell(&event["id"]))
        .field("Type", cell(&event["type"]))
        .field("Accepted", time(&event["created_at"]))
        .field("Occurred", time(&event["occurred_at"]))
        .field("Deliveries", cell(&event["deliveries"]))
        .field("Origin", cell(&event["origin"]))
        .field("Warnings", warnings(event))
        .field("Data", data)
        .render(paint)
}

fn warnings(event: &Value) -> String {
    let all = event["warnings"].as_array().into_iter().flatten();
    let lines = all.map(|warning| {
        format!(
            "{} at {}: {}",
            cell(&warning["code"]),
            cell(&warning["pointer"]),
            cell(&warning["detail"])
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
