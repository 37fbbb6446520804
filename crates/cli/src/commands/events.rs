//! `postrider events`.

mod batch;

use std::process::ExitCode;

use http::Method;
use postrider_model::Clock;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::automations::create::header;
use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs, Response};
use crate::display::{Paint, Record, Table, cell, time};
use crate::input;
use crate::values::later::Later;
use crate::values::moment::Moment;
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider events send customer-42 proposal.accepted --data '{\"proposal_id\":\"p_1\"}'
  postrider events send customer-42 proposal.accepted --data @proposal.json --idempotency-key p_1-accepted
  jq .proposal export.json | postrider events send customer-42 proposal.accepted --data -
  postrider events send customer-42 reminder.due --data '{\"id\":7}' --deliver-at 2h --header 'X-Tenant: 42'
  postrider events send customer-42 --batch events.ndjson
  postrider events cancel customer-42 evt_01jh3qk8v2e9x9d5wq3m4n5p6r
  postrider events list customer-42 --type proposal.accepted --after 2h")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Send an event, or a file of events: report what happened in an account
    Send(SendArgs),
    /// List an account's events, newest first
    List(ListArgs),
    /// Show one event with its data
    Show {
        /// The account's id or uid
        account: String,
        /// The event's id
        event: String,
    },
    /// Cancel an event that waits, such as one with --deliver-at, before its first attempt
    Cancel {
        /// The account's id or uid
        account: String,
        /// The event's id
        event: String,
    },
    /// Show why each automation of the event's type is triggered or not, judged as it is now
    Automations {
        /// The account's id or uid
        account: String,
        /// The event's id
        event: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A file of events has one JSON object per line (NDJSON), or is a JSON array. Each object is an event as the API takes \
it: `type`, `data`, and optionally `id`, `occurred_at`, `deliver_at` and `headers`. Events go out in batches of at most \
1000. A line that is refused is reported with its number, the others are sent, and the exit code is 1.

Sending the same file again sends only what was not accepted: an event without an `id` gets one that is derived from \
the account, the line's text and the number of equal lines before it. To send equal lines on purpose, such as a daily \
file, give each day its own --idempotency-key.

Examples:
  postrider events send customer-42 proposal.accepted --data '{\"proposal_id\":\"p_1\"}'
  postrider events send customer-42 --batch events.ndjson
  jq -c '.[]' export.json | postrider events send customer-42 --batch - --idempotency-key 2026-01-31")]
struct SendArgs {
    /// The account's id or uid
    account: String,
    /// The event type, such as `proposal.accepted`
    #[arg(value_name = "TYPE", required_unless_present = "batch")]
    event_type: Option<String>,
    /// The event's data as JSON, sent byte for byte. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON", required_unless_present = "batch")]
    data: Option<String>,
    /// Send the events of a file, one JSON object per line, or a JSON array. `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "event_type", "data", "id", "occurred_at", "deliver_at", "header",
    ])]
    batch: Option<String>,
    /// Your own id for the event (`evt_…`); sending the same event again is a no-op
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Your own name for this event, or for this file of events; sending it again with the same key is a
    /// no-op
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// When the event happened: a time, or how long ago (`5m`) [default: now]
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<Moment>,
    /// When to deliver the event: a time, or in how long (`2h`), at most 30 days ahead [default: at once]
    #[arg(long, value_name = "TIME")]
    deliver_at: Option<Later>,
    /// A header that each webhook of the event gets, which is not secret. Repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The account's id or uid
    account: String,
    /// Filter by event type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only events whose data, as it was sent, contains this text
    #[arg(long, value_name = "TEXT")]
    data_contains: Option<String>,
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
pub async fn run(args: Args, context: Context<'_>) -> Result<ExitCode, Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    let done = match args.command {
        Command::Send(SendArgs {
            account,
            batch: Some(source),
            idempotency_key,
            ..
        }) => {
            let args = batch::BatchArgs {
                account: &account,
                source: &source,
                idempotency_key: idempotency_key.as_deref(),
            };
            return batch::run(args, &mut remote).await;
        }
        Command::Send(args) => {
            let call = Call::new(Method::POST, &["accounts", &args.account, "events"])
                .header("idempotency-key", args.idempotency_key.clone())
                .body(body(&args, context.clock)?);
            remote.show(call, receipt).await
        }
        Command::List(args) => {
            let call = Call::new(Method::GET, &["accounts", &args.account, "events"])
                .query("type", args.event_type.as_deref())
                .query("data_contains", args.data_contains.as_deref())
                .query("after", args.after.map(|moment| moment.resolve(context.clock)))
                .query("before", args.before.map(|moment| moment.resolve(context.clock)));
            remote.list(&call, args.pages, table).await
        }
        Command::Show { account, event } => {
            let call = Call::new(Method::GET, &["accounts", &account, "events", &event]);
            remote.show_response(call, record).await
        }
        Command::Cancel { account, event } => {
            let call = Call::new(Method::DELETE, &["accounts", &account, "events", &event]);
            remote.show(call, |_, _| format!("Canceled event {event}.")).await
        }
        Command::Automations { account, event } => {
            let path = ["accounts", &account, "events", &event, "automations"];
            remote.show(Call::new(Method::GET, &path), verdicts).await
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// The request's body. `data` is inserted as text, so that its bytes reach the server unchanged.
fn body(args: &SendArgs, clock: &dyn Clock) -> Result<String, Failure> {
    let mut body = format!("{{\"type\":{}", Value::from(args.event_type.as_deref()));
    if let Some(id) = &args.id {
        body.push_str(&format!(",\"id\":{}", Value::from(id.as_str())));
    }
    if let Some(time) = args.occurred_at {
        body.push_str(&format!(",\"occurred_at\":\"{}\"", time.resolve(clock)));
    }
    if let Some(time) = args.deliver_at {
        body.push_str(&format!(",\"deliver_at\":\"{}\"", time.resolve(clock)));
    }
    if !args.header.is_empty() {
        body.push_str(&format!(",\"headers\":{}", Value::Object(members(&args.header)?)));
    }
    let data = args.data.as_deref().unwrap_or_default();
    body.push_str(&format!(",\"data\":{}}}", input::json("--data", data)?));
    Ok(body)
}

/// The headers as members of an object, in which each name stands once.
fn members(headers: &[(String, String)]) -> Result<Map<String, Value>, Failure> {
    for (nth, (name, _)) in headers.iter().enumerate() {
        if headers[..nth]
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            return Err(Failure::Usage(format!(
                "--header `{name}` is given twice: a header has one value"
            )));
        }
    }
    let members = headers.iter();
    let members = members.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    Ok(members.collect())
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
    table.render(paint, "No events match.")
}

fn record(response: &Response, paint: Paint) -> String {
    /// The data as text, because parsing could round its numbers.
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let data = serde_json::from_str::<Data<'_>>(&response.text).map_or("", |event| event.data.get());
    let event = &response.json;
    Record::new()
        .field("Id", cell(&event["id"]))
        .field("Type", cell(&event["type"]))
        .field("Accepted", time(&event["created_at"]))
        .field("Occurred", time(&event["occurred_at"]))
        .field("Deliveries", cell(&event["deliveries"]))
        .field("Deliver at", time(&event["deliver_at"]))
        .field("Missed", missed(event))
        .field("Canceled", canceled(event))
        .field("Origin", cell(&event["origin"]))
        .field("Headers", headers(event))
        .field("Warnings", warnings(event))
        .field("Data", data)
        .render(paint)
}

/// How many deliveries were added later, if any.
fn missed(event: &Value) -> String {
    match event["missed"].as_u64() {
        Some(count) if count > 0 => format!("{count} deliveries added later"),
        _ => String::new(),
    }
}

fn canceled(event: &Value) -> String {
    match event["canceled"].as_bool() {
        Some(true) => "yes".to_owned(),
        _ => String::new(),
    }
}

fn headers(event: &Value) -> String {
    let headers = event["headers"].as_object().into_iter().flatten();
    let lines = headers.map(|(name, value)| format!("{name}: {}", cell(value)));
    lines.collect::<Vec<_>>().join("\n")
}

fn verdicts(response: &Value, paint: Paint) -> String {
    let verdicts = response["data"].as_array().into_iter().flatten();
    let records: Vec<_> = verdicts
        .map(|verdict| verdict_record(verdict).render(paint))
        .collect();
    match records.is_empty() {
        true => "No automation is for events of this type.\n".to_owned(),
        false => records.join("\n"),
    }
}

fn verdict_record(verdict: &Value) -> Record {
    let comparisons = verdict["comparisons"].as_array().into_iter().flatten();
    let why: Vec<_> = comparisons.map(|it| cell(&it["explanation"])).collect();
    Record::new()
        .field("Automation", cell(&verdict["automation_id"]))
        .field("Name", cell(&verdict["name"]))
        .field("Status", cell(&verdict["status"]))
        .field("Why", why.join("\n"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_given_twice_is_refused_and_not_dropped() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let both = [header("X-Tenant", "1"), header("X-Region", "eu")];
        assert_eq!(members(&both).unwrap().len(), 2);
        let twice = [header("X-Tenant", "1"), header("x-tenant", "2")];
        let refused = members(&twice).unwrap_err();
        assert!(matches!(refused, Failure::Usage(text) if text.contains("`x-tenant` is given twice")));
    }
}
