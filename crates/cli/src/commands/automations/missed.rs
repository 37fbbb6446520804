//! `postrider automations send-missed`: counts the events, shows the count, and asks before it sends anything.

use http::Method;
use serde_json::{Map, Value};

use super::OneArgs;
use crate::client::Call;
use crate::commands::remote::Remote;
use crate::commands::{confirm, counted};
use crate::values::moment::Moment;
use crate::{Context, Failure};

/// Flags of `send-missed`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Sends the events that the automation would have been triggered by, as it is now, and of which an enabled action has \
no delivery. The command counts them, shows the count and asks before it sends anything. Sending again sends only \
what is still missing.

Examples:
  postrider automations send-missed customer-42 tell-the-crm --after 2h
  postrider automations send-missed customer-42 tell-the-crm --after 7d --type proposal.accepted --dry-run
  postrider automations send-missed customer-42 tell-the-crm --after 2026-01-31T09:30:00Z --yes")]
pub(super) struct MissedArgs {
    #[command(flatten)]
    one: OneArgs,
    /// Only events accepted at this time or later: a time, or how long ago (`2h`)
    #[arg(long, value_name = "TIME")]
    after: Moment,
    /// Only events accepted before this time [default: now]
    #[arg(long, value_name = "TIME")]
    before: Option<Moment>,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Count the events and send nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl MissedArgs {
    /// The request's members.
    fn selection(&self, context: Context<'_>) -> Map<String, Value> {
        // Without an end, events that are accepted while somebody reads the count would be sent too.
        let before = self.before.unwrap_or(Moment::At(context.clock.now()));
        let mut selection = Map::new();
        let mut put = |name: &str, value: String| selection.insert(name.to_owned(), value.into());
        put("after", self.after.resolve(context.clock).to_string());
        put("before", before.resolve(context.clock).to_string());
        if let Some(event_type) = &self.event_type {
            put("event_type", event_type.clone());
        }
        selection
    }

    fn call(&self, selection: &Map<String, Value>, dry_run: bool) -> Call<'_> {
        let mut body = selection.clone();
        if dry_run {
            body.insert("dry_run".to_owned(), true.into());
        }
        let OneArgs { account, automation } = &self.one;
        let path = ["accounts", account, "automations", automation, "send-missed"];
        Call::new(Method::POST, &path).json(&body.into())
    }
}

/// Runs the command.
pub(super) async fn run(args: MissedArgs, remote: &mut Remote, context: Context<'_>) -> Result<(), Failure> {
    if !args.yes && !args.dry_run && !confirm::can_ask() {
        return Err(Failure::Usage(
            "send-missed asks for confirmation, and standard input is not a terminal: add --yes, or --dry-run to count"
                .to_owned(),
        ));
    }
    let selection = args.selection(context);
    if args.dry_run {
        let count = args.call(&selection, true);
        return remote
            .show(count, |answer, _| format!("{} missed.", events(&answer["count"])))
            .await;
    }
    if !args.yes {
        let count = remote.ask(args.call(&selection, true)).await?["count"].clone();
        eprintln!("{} missed", events(&count));
        if count.as_u64() == Some(0) {
            return Ok(());
        }
        if !confirm::is_yes(&confirm::ask("Send them? [y/N]")?) {
            return Err(Failure::Failed("nothing was sent".to_owned()));
        }
    }
    remote
        .show(args.call(&selection, false), |answer, _| {
            format!("Sending {}.", events(&answer["count"]))
        })
        .await
}

fn events(count: &Value) -> String {
    counted(count, "event", "events")
}
