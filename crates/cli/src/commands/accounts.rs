//! `postrider accounts`.

mod update;

use http::Method;
use serde_json::{Map, Value};

use super::confirm;
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
  postrider accounts update customer-42 --name 'Acme Inc.' --metadata '{\"plan\":\"pro\"}'
  postrider accounts list --all --json")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List accounts, newest first
    List(PageArgs),
    /// Create an account and its first signing key
    Create(CreateArgs),
    /// Show one account
    Show {
        /// The account's id or uid
        account: String,
    },
    /// Change an account: only what the flags name
    Update(update::UpdateArgs),
    /// Delete an account with its signing keys, automations, events and deliveries
    Delete(DeleteArgs),
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The account's name
    name: String,
    /// Your own id for the account; works wherever the account's id does
    #[arg(long)]
    uid: Option<String>,
    /// Your own JSON object, stored with the account. `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// The account's retry schedule: delays in seconds (`10,100`) or with a unit (`10s,5m,1h`), or `none`
    /// [default: the server's]
    #[arg(long, value_name = "DELAYS")]
    retry_delays: Option<RetryDelays>,
}

#[derive(Debug, clap::Args)]
struct DeleteArgs {
    /// The account's id or uid
    account: String,
    /// Do not ask for confirmation
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
        Command::Update(args) => {
            let call = Call::new(Method::PATCH, &["accounts", &args.account]).body(args.patch()?);
            remote.show(call, record).await
        }
        Command::Delete(args) => {
            confirm(&args)?;
            let call = Call::new(Method::DELETE, &["accounts", &args.account]);
            remote
                .show(call, |_, _| format!("Deleted account {}.", args.account))
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
        let metadata =
            serde_json::from_str(&text).map_err(|error| Failure::Usage(format!("--metadata: {error}")))?;
        body.insert("metadata".to_owned(), metadata);
    }
    if let Some(delays) = &args.retry_delays {
        body.insert("retry_delays_s".to_owned(), delays.schedule().delays_s().into());
    }
    Ok(body.into())
}

/// Asks for confirmation before an account and everything in it is deleted. `--yes` skips the question, and
/// is required where standard input is not a terminal.
fn confirm(args: &DeleteArgs) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if !confirm::can_ask() {
        return Err(Failure::Usage(
            "delete asks for confirmation, and standard input is not a terminal: add --yes".to_owned(),
        ));
    }
    let question = format!(
        "Delete account {0} with its signing keys, automations, events and deliveries? Type {0} to confirm:",
        args.account
    );
    if confirm::ask(&question)? == args.account {
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
    table.render(
        paint,
        "No accounts yet. To create one: postrider accounts create NAME",
    )
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
