//! `postrider accounts`.

mod portal_link;

use std::io::{IsTerminal as _, Write as _};

use http::Method;
use serde_json::{Map, Value};

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Record, Table, cell, time};
use crate::input;
use crate::values::retry_delays::RetryDelays;
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider accounts create 'Acme Ltd' --uid customer-42
  postrider accounts show customer-42
  postrider accounts portal-link customer-42 --expires-in 1d --read-only
  postrider accounts list --all --json")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List accounts, the newest first
    List(PageArgs),
    /// Make an account, with its first signing key
    Create(CreateArgs),
    /// Show one account
    Show {
        /// The account's id or uid
        account: String,
    },
    /// Make a link that signs a customer in to the console, for this account alone
    PortalLink(portal_link::PortalLinkArgs),
    /// Delete an account with its keys, automations, events and deliveries
    Delete(DeleteArgs),
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What people call it
    name: String,
    /// Your own name for it, which works wherever its id does
    #[arg(long)]
    uid: Option<String>,
    /// A JSON object of yours to keep with it; `@FILE` and `-` read it from a file or standard input
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// A retry schedule of its own, such as `10,100`, or `none`
    #[arg(long, value_name = "SECONDS,…")]
    retry_delays: Option<RetryDelays>,
}

#[derive(Debug, clap::Args)]
struct DeleteArgs {
    /// The account's id or uid
    account: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::List(pages) => {
            remote
                .list(&Call::new(Method::GET, &["accounts"]), pages, table)
                .await
        }
        Command::Create(args) => {
            let body = body(&args)?;
            remote
                .show(Call::new(Method::POST, &["accounts"]).json(&body), record)
                .await
        }
        Command::Show { account } => {
            remote
                .show(Call::new(Method::GET, &["accounts", &account]), record)
                .await
        }
        Command::PortalLink(args) => portal_link::run(args, &mut remote).await,
        Command::Delete(args) => {
            confirm(&args)?;
            let call = Call::new(Method::DELETE, &["accounts", &args.account]);
            remote
                .show(call, |_, _| format!("Deleted {}.", args.account))
                .await
        }
    }
}

fn body(args: &CreateArgs) -> Result<Value, Failure> {
    let mut body = Map::new();
    body.insert("name".to_owned(), args.name.clone().into());
    if let Some(uid) = &args.uid {
        body.insert("uid".to_owned(), uid.clone().into());
    }
    if let Some(metadata) = &args.metadata {
        let text = input::json("--metadata", metadata)?;
        let metadata = serde_json::from_str(&text).map_err(|error| Failure::Usage(error.to_string()))?;
        body.insert("metadata".to_owned(), metadata);
    }
    if let Some(delays) = &args.retry_delays {
        body.insert("retry_delays_s".to_owned(), delays.schedule().delays_s().into());
    }
    Ok(body.into())
}

/// Asks before the record of an account goes for good. Where nobody can be asked, `--yes` has to say it.
fn confirm(args: &DeleteArgs) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "this deletes all that the account has: add --yes".to_owned(),
        ));
    }
    let mut stderr = std::io::stderr();
    write!(
        stderr,
        "Delete {} and all that it has? Type its id or uid again: ",
        args.account
    )?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == args.account {
        Ok(())
    } else {
        Err(Failure::Failed("nothing was deleted".to_owned()))
    }
}

fn table(accounts: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["ID", "UID", "NAME", "CREATED"]);
    for account in accounts {
        table.row([
            cell(&account["id"]),
            cell(&account["uid"]),
            cell(&account["name"]),
            time(&account["created_at"]),
        ]);
    }
    table.render(paint, "There are no accounts.")
}

fn record(account: &Value, paint: Paint) -> String {
    let metadata = match &account["metadata"] {
        Value::Object(members) if members.is_empty() => String::new(),
        metadata => cell(metadata),
    };
    Record::new()
        .field("Id", cell(&account["id"]))
        .field("Uid", cell(&account["uid"]))
        .field("Name", cell(&account["name"]))
        .field("Metadata", metadata)
        .field("Retry delays", super::delays(&account["retry_delays_s"]))
        .field("Created", time(&account["created_at"]))
        .field("Updated", time(&account["updated_at"]))
        .render(paint)
}
