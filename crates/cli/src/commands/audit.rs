//! `postrider audit`: who did what.

use http::Method;
use postrider_model::AccountId;
use serde_json::Value;

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Table, cell, time};
use crate::values::moment::Moment;
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider audit list --after 1d
  postrider audit list --account customer-42 --action 'automation.*'
  postrider audit list --target auto_01h455vb4pex5vsknk084sn02q --json")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the audit trail, newest first
    List {
        #[command(flatten)]
        filter: Box<FilterArgs>,
        #[command(flatten)]
        pages: PageArgs,
    },
}

#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// Only what concerns this account: its id or uid; for a deleted account, its id [default: everything]
    #[arg(long)]
    account: Option<String>,
    /// Only this action, such as automation.updated, or a kind of target, such as automation.*
    #[arg(long)]
    action: Option<String>,
    /// Only what the actor with this id did
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only what was done to the target with this id
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// Only entries of this time or later: RFC 3339, or a duration ago such as 2h
    #[arg(long, value_name = "TIME")]
    after: Option<Moment>,
    /// Only entries before this time
    #[arg(long, value_name = "TIME")]
    before: Option<Moment>,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::List { filter, pages } => filter.list(&mut remote, pages, context).await,
    }
}

impl FilterArgs {
    async fn list(&self, remote: &mut Remote, pages: PageArgs, context: Context<'_>) -> Result<(), Failure> {
        let call = |path| self.narrowed(Call::new(Method::GET, path), context);
        let Some(account) = self.account.as_deref() else {
            return remote.list(&call(&["audit"]), pages, table).await;
        };
        // The path comes first, because a key of one account may ask for nothing else.
        let path = ["accounts", account, "audit"];
        match remote.list(&call(&path), pages, table).await {
            Err(Failure::Problem(problem))
                if problem.code() == Some("account_not_found") && account.parse::<AccountId>().is_ok() =>
            {
                // A deleted account has no path any more, but its entries stay.
                let of_deleted = call(&["audit"]).query("account", Some(account));
                let found = remote.fetch(&of_deleted, pages).await;
                match found {
                    Ok(list) if self.is_narrow() || !list.items().is_empty() => {
                        remote.print_list(&list, table)
                    }
                    Ok(_) | Err(Failure::Problem(_)) => Err(Failure::Problem(problem)),
                    Err(failure) => Err(failure),
                }
            }
            listed => listed,
        }
    }

    /// Whether there is a filter besides the account.
    fn is_narrow(&self) -> bool {
        let texts = [&self.action, &self.actor, &self.target];
        let times = [&self.after, &self.before];
        texts.iter().any(|text| text.is_some()) || times.iter().any(|time| time.is_some())
    }

    /// The call with all filters but the account.
    fn narrowed<'a>(&self, call: Call<'a>, context: Context<'_>) -> Call<'a> {
        let time = |moment: Option<Moment>| moment.map(|moment| moment.resolve(context.clock));
        call.query("action", self.action.as_deref())
            .query("actor", self.actor.as_deref())
            .query("target", self.target.as_deref())
            .query("after", time(self.after))
            .query("before", time(self.before))
    }
}

fn table(entries: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["AT", "WHO", "ACTION", "TARGET", "FROM"]);
    for entry in entries {
        let (actor, target) = (&entry["actor"], &entry["target"]);
        let named = |value: &Value, other: &str| match (&value["name"], &value["id"]) {
            (Value::Null, Value::Null) => other.to_owned(),
            (Value::Null, id) => cell(id),
            (name, _) => cell(name),
        };
        table.row([
            time(&entry["at"]),
            named(actor, &cell(&actor["kind"])),
            cell(&entry["action"]),
            named(target, ""),
            cell(&entry["client"]),
        ]);
    }
    table.render(paint, "No entries.")
}
