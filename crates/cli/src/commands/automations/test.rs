//! `postrider automations test`.

use std::process::ExitCode;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};

use super::OneArgs;
use crate::client::Call;
use crate::commands::counted;
use crate::commands::remote::Remote;
use crate::commands::waiting::{self, WaitArgs};
use crate::display::cell;
use crate::input;
use crate::{Context, Failure};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider automations test customer-42 tell-the-crm
  postrider automations test customer-42 tell-the-crm --wait    # exits with 1 if the webhook fails
  postrider automations test customer-42 tell-the-crm --type proposal.accepted --data @proposal.json --wait=2m")]
pub(super) struct TestArgs {
    #[command(flatten)]
    one: OneArgs,
    /// The event type [default: one that the automation is for]
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// The event's data as JSON [default: the example of the event type]. `@FILE` reads a file, `-` standard
    /// input
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Runs the command.
pub(super) async fn run(
    args: &TestArgs,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<ExitCode, Failure> {
    let OneArgs { account, automation } = &args.one;
    let path = ["accounts", account, "automations", automation, "test"];
    let call = Call::new(Method::POST, &path).body(body(args)?);
    if let Some(time) = args.wait.time() {
        return run_and_wait(account, call, time, remote, context).await;
    }
    let shown = remote.show(call, |event, _| {
        let id = cell(&event["id"]);
        let count = counted(&event["deliveries"], "delivery", "deliveries");
        format!("Sent test event {id}, {count}. To see: postrider deliveries list {account} --event {id}")
    });
    shown.await.map(|()| ExitCode::SUCCESS)
}

async fn run_and_wait(
    account: &str,
    call: Call<'_>,
    time: Duration,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<ExitCode, Failure> {
    let event = remote.ask(call).await?;
    waiting::for_deliveries(account, &event, time, remote, context).await
}

fn body(args: &TestArgs) -> Result<String, Failure> {
    let mut body = Map::new();
    if let Some(event_type) = &args.event_type {
        body.insert("type".to_owned(), event_type.clone().into());
    }
    let mut body = Value::from(body).to_string();
    if let Some(data) = &args.data {
        // Inserts the data as text, so that its bytes reach the server unchanged.
        let comma = if args.event_type.is_some() { "," } else { "" };
        body.pop();
        body.push_str(&format!("{comma}\"data\":{}}}", input::json("--data", data)?));
    }
    Ok(body)
}
