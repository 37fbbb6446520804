//! `postrider deliveries replay` and `postrider deliveries cancel`: each counts the matching deliveries,
//! shows the count, and asks before it changes anything.

use super::filter::FilterArgs;
use crate::commands::bulk::{Bulk, Wording};
use crate::commands::remote::Remote;
use crate::{Context, Failure};

/// Flags of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
At least one filter is required. The command counts the matching deliveries, shows the count and asks before it \
sends anything. Succeeded deliveries are resent too, unless --status says otherwise.

Examples:
  postrider deliveries replay customer-42 --status failed --after 2h
  postrider deliveries replay customer-42 --status failed --dry-run
  postrider deliveries replay customer-42 --status failed --type 'proposal.accepted' --yes")]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    many: ManyArgs,
}

/// Flags of `cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
At least one filter is required. The command counts the matching deliveries that are pending, shows the count and \
asks before it cancels anything. A request that is already under way cannot be called back.

Examples:
  postrider deliveries cancel customer-42 --status pending
  postrider deliveries cancel customer-42 --action act_01jh3qk8v2e9x9d5wq3m4n5p6r --dry-run
  postrider deliveries cancel customer-42 --type 'proposal.accepted' --yes")]
pub(super) struct CancelArgs {
    #[command(flatten)]
    many: ManyArgs,
}

#[derive(Debug, clap::Args)]
struct ManyArgs {
    /// The account's id or uid
    account: String,
    #[command(flatten)]
    filter: FilterArgs,
    /// Count the matching deliveries and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

const REPLAY: Wording = Wording {
    verb: "replay",
    counted: ("delivery", "deliveries"),
    question: "Resend each of them once? [y/N]",
    declined: "nothing was sent",
    done: "Resending",
};

const CANCEL: Wording = Wording {
    verb: "cancel",
    counted: ("delivery", "deliveries"),
    question: "Cancel them? [y/N]",
    declined: "nothing was canceled",
    done: "Canceled",
};

/// Runs `replay`.
pub(super) async fn replay(
    args: ReplayArgs,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<(), Failure> {
    let examples = "--status failed or --after 2h";
    run(args.many, &REPLAY, examples, remote, context).await
}

/// Runs `cancel`.
pub(super) async fn cancel(
    args: CancelArgs,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<(), Failure> {
    let examples = "--status pending or --action act_…";
    run(args.many, &CANCEL, examples, remote, context).await
}

/// Runs a command that needs a filter; `examples` are some that a user would try.
async fn run(
    args: ManyArgs,
    wording: &'static Wording,
    examples: &str,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<(), Failure> {
    let verb = wording.verb;
    let selection = args.filter.parameters(context.clock);
    if selection.is_empty() {
        return Err(Failure::Usage(format!(
            "{verb} needs at least one filter, such as {examples}"
        )));
    }
    let bulk = Bulk {
        wording,
        path: &["accounts", &args.account, "deliveries", verb],
        selection,
        dry_run: args.dry_run,
        yes: args.yes,
    };
    bulk.run(remote, context).await
}
