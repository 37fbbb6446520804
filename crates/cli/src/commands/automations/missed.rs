//! `postrider automations send-missed`: counts the events, shows the count, and asks before it sends
//! anything.

use super::OneArgs;
use crate::commands::bulk::{Bulk, Wording};
use crate::commands::remote::Remote;
use crate::values::moment::Moment;
use crate::{Context, Failure};

/// Flags of `send-missed`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Sends the events that the automation would have been triggered by, as it is now, and of which an enabled action has \
no delivery, except test events, operational events and canceled events. The command counts them, shows the count and \
asks before it sends anything. Sending again sends only what is still missing.

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

const SEND: Wording = Wording {
    verb: "send-missed",
    counted: ("event", "events"),
    question: "Send them? [y/N]",
    declined: "nothing was sent",
    done: "Sending",
};

/// Runs the command.
pub(super) async fn run(args: MissedArgs, remote: &mut Remote, context: Context<'_>) -> Result<(), Failure> {
    let time = |moment: Moment| moment.resolve(context.clock).to_string();
    let selection = [
        ("event_type", args.event_type),
        ("after", Some(time(args.after))),
        ("before", args.before.map(time)),
    ];
    let given = selection.into_iter();
    let given = given.filter_map(|(name, value)| Some((name, value?)));
    let OneArgs { account, automation } = &args.one;
    let bulk = Bulk {
        wording: &SEND,
        path: &["accounts", account, "automations", automation, SEND.verb],
        selection: given.collect(),
        dry_run: args.dry_run,
        yes: args.yes,
    };
    bulk.run(remote, context).await
}
