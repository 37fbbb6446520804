//! `postrider deliveries replay`: counts the matching deliveries, shows the count, and asks before it
//! resends.

use http::Method;
use serde_json::{Map, Value};

use super::filter::FilterArgs;
use crate::client::Call;
use crate::commands::remote::Remote;
use crate::commands::{confirm, counted};
use crate::{Context, Failure};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
At least one filter is required. The command counts the matching deliveries, shows the count and asks before it \
sends anything. Succeeded deliveries are resent too, unless --status says otherwise.

Examples:
  postrider deliveries replay customer-42 --status failed --after 2h
  postrider deliveries replay customer-42 --status failed --dry-run
  postrider deliveries replay customer-42 --status failed --type 'proposal.accepted' --yes")]
pub(super) struct ReplayArgs {
    /// The account's id or uid
    account: String,
    #[command(flatten)]
    filter: FilterArgs,
    /// Count the matching deliveries and send nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl ReplayArgs {
    fn call(&self, filter: &[(&'static str, String)], dry_run: bool) -> Call<'_> {
        let named = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone().into());
        let mut body: Map<String, Value> = filter.iter().map(named).collect();
        if dry_run {
            body.insert("dry_run".to_owned(), true.into());
        }
        Call::new(Method::POST, &["accounts", &self.account, "deliveries", "replay"]).json(&body.into())
    }
}

/// Runs the command.
pub(super) async fn run(args: ReplayArgs, remote: &mut Remote, context: Context<'_>) -> Result<(), Failure> {
    let mut filter = args.filter.parameters(context.clock);
    if filter.is_empty() {
        return Err(Failure::Usage(
            "replay needs at least one filter, such as --status failed or --after 2h".to_owned(),
        ));
    }
    if !args.yes && !args.dry_run && !confirm::can_ask() {
        return Err(Failure::Usage(
            "replay asks for confirmation, and standard input is not a terminal: add --yes, or --dry-run to count"
                .to_owned(),
        ));
    }
    let scope = in_words(&args.account, &filter);
    if !filter.iter().any(|(name, _)| *name == "before") {
        // Excludes deliveries that are created while somebody reads the count: they are not part of it.
        filter.push(("before", context.clock.now().to_string()));
    }
    if args.dry_run {
        let count = args.call(&filter, true);
        return remote
            .show(count, |counted, _| {
                format!("{}: {scope}.", deliveries(&counted["count"]))
            })
            .await;
    }
    if !args.yes {
        let count = remote.ask(args.call(&filter, true)).await?["count"].clone();
        eprintln!("{}: {scope}", deliveries(&count));
        if count.as_u64() == Some(0) {
            return Ok(());
        }
        if !confirm::is_yes(&confirm::ask("Resend each of them once? [y/N]")?) {
            return Err(Failure::Failed("nothing was sent".to_owned()));
        }
    }
    remote
        .show(args.call(&filter, false), |replay, _| {
            format!("Resending {}.", deliveries(&replay["count"]))
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
