//! `postrider api-keys`: who may call the API, and what they may do.

use std::time::Duration;

use http::Method;
use postrider_model::{Clock, Permission};
use serde_json::{Map, Value};

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Record, Table, cell, time};
use crate::{Context, Failure};
use postrider_model::duration;

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Permissions: `events:write` posts events. `read` reads lists, records and statistics, without secrets. `resend` \
resends and replays. `manage` changes automations, reads and rotates signing keys, creates portal links, and includes \
`resend`. `admin` administers accounts, event types, API keys and sessions.

Examples:
  postrider api-keys create 'billing service' --permission events:write
  postrider api-keys create 'Acme CI' --permission read --permission resend --account acme --expires-in 90d
  postrider api-keys list
  postrider api-keys delete apikey_01h455vb4pex5vsknk084sn02q")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List API keys, newest first
    List(PageArgs),
    /// Create an API key and show it once
    Create(CreateArgs),
    /// Delete an API key; calls with it are refused at once
    Delete {
        /// The API key's id
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// What the key is for
    name: String,
    /// What its callers may do: `events:write`, `read`, `resend`, `manage` or `admin`. Repeatable
    #[arg(long, value_name = "PERMISSION", required = true, value_parser = permission)]
    permission: Vec<Permission>,
    /// The id or uid of the only account that the key reaches [default: all accounts]
    #[arg(long)]
    account: Option<String>,
    /// How long the key is valid, such as `90d` [default: for ever]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    expires_in: Option<Duration>,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::List(pages) => {
            let call = Call::new(Method::GET, &["api-keys"]);
            remote.list(&call, pages, table).await
        }
        Command::Create(args) => {
            let call = Call::new(Method::POST, &["api-keys"]).json(&body(&args, context.clock));
            remote.show(call, record).await
        }
        Command::Delete { id } => {
            let call = Call::new(Method::DELETE, &["api-keys", &id]);
            remote.show(call, |_, _| format!("Deleted API key {id}.")).await
        }
    }
}

fn permission(text: &str) -> Result<Permission, String> {
    Permission::from_name(text).ok_or_else(|| {
        let names = Permission::ALL.map(Permission::as_str).join(", ");
        format!("expected one of {names}")
    })
}

fn body(args: &CreateArgs, clock: &dyn Clock) -> Value {
    let mut body = Map::new();
    body.insert("name".to_owned(), args.name.clone().into());
    let permissions: Vec<_> = args.permission.iter().map(|it| it.as_str()).collect();
    body.insert("permissions".to_owned(), permissions.into());
    if let Some(account) = &args.account {
        body.insert("account".to_owned(), account.clone().into());
    }
    if let Some(lifetime) = args.expires_in {
        let expires_at = clock.wall().after(lifetime);
        body.insert("expires_at".to_owned(), expires_at.to_string().into());
    }
    body.into()
}

fn table(keys: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&[
        "ID",
        "NAME",
        "KEY",
        "PERMISSIONS",
        "ACCOUNT",
        "LAST USED",
        "EXPIRES",
    ]);
    for key in keys {
        table.row([
            cell(&key["id"]),
            cell(&key["name"]),
            shown(&key["prefix"]),
            permissions(key),
            account(key),
            or_never(&key["last_used_at"]),
            or_never(&key["expires_at"]),
        ]);
    }
    table.render(
        paint,
        "No API keys. To create one: postrider api-keys create NAME --permission PERMISSION",
    )
}

fn record(key: &Value, paint: Paint) -> String {
    Record::new()
        .field("API key", cell(&key["key"]))
        .field("Id", cell(&key["id"]))
        .field("Name", cell(&key["name"]))
        .field("Permissions", permissions(key))
        .field("Account", account(key))
        .field("Created", time(&key["created_at"]))
        .field("Expires", or_never(&key["expires_at"]))
        .render(paint)
}

/// The beginning of the key, which is all that is kept of it.
fn shown(prefix: &Value) -> String {
    prefix
        .as_str()
        .map_or_else(String::new, |prefix| format!("{prefix}…"))
}

fn permissions(key: &Value) -> String {
    let names = key["permissions"].as_array().into_iter().flatten().map(cell);
    names.collect::<Vec<_>>().join(", ")
}

fn account(key: &Value) -> String {
    match &key["account_id"] {
        Value::Null => "all".to_owned(),
        account => cell(account),
    }
}

fn or_never(at: &Value) -> String {
    match at {
        Value::Null => "never".to_owned(),
        at => time(at),
    }
}
