//! `postrider trigger`: an event from the catalogue's example.

use std::process::ExitCode;

use http::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::counted;
use super::remote::Remote;
use super::waiting::{self, WaitArgs};
use crate::client::{Call, ClientArgs};
use crate::display::cell;
use crate::input;
use crate::{Context, Failure};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The event is an ordinary one: it triggers every automation that is for its type. To test one automation alone: \
`postrider automations test`.

Examples:
  postrider trigger customer-42 proposal.accepted
  postrider trigger customer-42 proposal.accepted --wait    # exits with 1 unless every delivery succeeds
  postrider trigger customer-42 proposal.accepted --data '{\"proposal_id\":\"p_1\"}' --wait=2m")]
pub struct Args {
    /// The account's id or uid
    account: String,
    /// The event type
    #[arg(value_name = "TYPE")]
    event_type: String,
    /// The event's data as JSON [default: the example of the event type in the catalogue]. `@FILE` reads a
    /// file, `-` standard input
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<ExitCode, Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    let data = match &args.data {
        Some(data) => input::json("--data", data)?,
        None => example(&mut remote, &args.event_type).await?,
    };
    let event_type = Value::from(args.event_type.as_str());
    // Inserts the data as text, so that its bytes reach the server unchanged.
    let call = Call::new(Method::POST, &["accounts", &args.account, "events"])
        .body(format!("{{\"type\":{event_type},\"data\":{data}}}"));
    if let Some(time) = args.wait.time() {
        let event = remote.ask(call).await?;
        return waiting::for_deliveries(&args.account, &event, time, &mut remote, context).await;
    }
    let account = &args.account;
    let shown = remote.show(call, |event, _| {
        let id = cell(&event["id"]);
        let count = counted(&event["deliveries"], "delivery", "deliveries");
        format!("Sent event {id}, {count}. To see: postrider deliveries list {account} --event {id}")
    });
    shown.await.map(|()| ExitCode::SUCCESS)
}

/// The catalogue's example of the type, byte for byte.
async fn example(remote: &mut Remote, event_type: &str) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct EventType<'a> {
        #[serde(borrow)]
        example: Option<&'a RawValue>,
    }
    let call = Call::new(Method::GET, &["event-types", event_type]);
    let response = match remote.response(call).await {
        Err(Failure::Problem(problem)) if problem.code() == Some("event_type_not_found") => {
            return Err(Failure::Usage(format!(
                "the catalogue has no event type `{event_type}`: give --data to send one nevertheless"
            )));
        }
        response => response?,
    };
    let found = serde_json::from_str::<EventType<'_>>(&response.text);
    let example = found.ok().and_then(|found| found.example);
    example.map(|example| example.get().to_owned()).ok_or_else(|| {
        Failure::Usage(format!(
            "the catalogue has no example of `{event_type}`: give --data, or add one with `postrider event-types \
             set {event_type} --example JSON`"
        ))
    })
}
