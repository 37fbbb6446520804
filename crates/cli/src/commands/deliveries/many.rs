//! `postrider deliveries replay` and `postrider deliveries cancel`: each counts the matching deliveries,
//! shows the count, and asks before it changes anything.

use http::Method;
use serde_json::{Map, Value};

use super::filter::FilterArgs;
use crate::client::Call;
use crate::commands::remote::Remote;
use crate::commands::{confirm, counted};
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

/// The words in which the two commands differ.
struct Wording {
    /// The command and the last segment of the API's path.
    verb: &'static str,
    question: &'static str,
    /// What did not happen if the answer is no.
    declined: &'static str,
    /// What precedes the count in the end.
    done: &'static str,
    /// Filters that a user would try.
    examples: &'static str,
}

const REPLAY: Wording = Wording {
    verb: "replay",
    question: "Resend each of them once? [y/N]",
    declined: "nothing was sent",
    done: "Resending",
    examples: "--status failed or --after 2h",
};

const CANCEL: Wording = Wording {
    verb: "cancel",
    question: "Cancel them? [y/N]",
    declined: "nothing was canceled",
    done: "Canceled",
    examples: "--status pending or --action act_…",
};

/// Runs `replay`.
pub(super) async fn replay(
    args: ReplayArgs,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<(), Failure> {
    run(args.many, &REPLAY, remote, context).await
}

/// Runs `cancel`.
pub(super) async fn cancel(
    args: CancelArgs,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<(), Failure> {
    run(args.many, &CANCEL, remote, context).await
}

impl ManyArgs {
    fn call(&self, wording: &Wording, filter: &[(&'static str, String)], dry_run: bool) -> Call<'_> {
        let named = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone().into());
        let mut body: Map<String, Value> = filter.iter().map(named).collect();
        if dry_run {
            body.insert("dry_run".to_owned(), true.into());
        }
        Call::new(
            Method::POST,
            &["accounts", &self.account, "deliveries", wording.verb],
        )
        .json(&body.into())
    }
}

async fn run(
    args: ManyArgs,
    wording: &Wording,
    remote: &mut Remote,
    context: Context<'_>,
) -> Result<(), Failure> {
    let verb = wording.verb;
    let mut filter = args.filter.parameters(context.clock);
    if filter.is_empty() {
        return Err(Failure::Usage(format!(
            "{verb} needs at least one filter, such as {}",
            wording.examples
        )));
    }
    if !args.yes && !args.dry_run && !confirm::can_ask() {
        return Err(Failure::Usage(format!(
            "{verb} asks for confirmation, and standard input is not a terminal: add --yes, or --dry-run to count"
        )));
    }
    let scope = in_words(&args.account, &filter);
    if !filter.iter().any(|(name, _)| *name == "before") {
        // Excludes deliveries that are created while somebody reads the count: they are not part of it.
        filter.push(("before", context.clock.now().to_string()));
    }
    if args.dry_run {
        let count = args.call(wording, &filter, true);
        return remote
            .show(count, |counted, _| {
                format!("{}: {scope}.", deliveries(&counted["count"]))
            })
            .await;
    }
    if !args.yes {
        let count = remote.ask(args.call(wording, &filter, true)).await?["count"].clone();
        eprintln!("{}: {scope}", deliveries(&count));
        if count.as_u64() == Some(0) {
            return Ok(());
        }
        if !confirm::is_yes(&confirm::ask(wording.question)?) {
            return Err(Failure::Failed(wording.declined.to_owned()));
        }
    }
    remote
        .show(args.call(wording, &filter, false), |answer, _| {
            format!("{} {}.", wording.done, deliveries(&answer["count"]))
        })
        .await
}

/// The filter as people read it: `account acme, status failed, after 2026-01-31T09:30:00.000Z`.
fn in_words(account: &str, filter: &[(&'static str, String)]) -> String {
    let filters = filter
        .iter()
        .map(|(name, value)| format!(", {} {value}", name.trim_end_matches("_id").replace('_', " ")));
    format!("account {account}{}", filters.collect::<String>())
}

fn deliveries(count: &Value) -> String {
    counted(count, "delivery", "deliveries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_of_a_replay_is_described_in_words() {
        let filter = [
            ("status", "failed".to_owned()),
            ("action_id", "act_1".to_owned()),
            ("event_type", "a.b".to_owned()),
        ];
        assert_eq!(
            in_words("acme", &filter),
            "account acme, status failed, action act_1, event type a.b"
        );
    }
}
