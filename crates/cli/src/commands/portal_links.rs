//! `postrider portal-links`: links that sign customers in to the console, each for one account.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};

use super::remote::Remote;
use crate::client::pages::PageArgs;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Record, Table, cell, time};
use crate::{Context, Failure};
use postrider_model::duration;

/// Bounds on the lifetime of a portal link, as in the API.
const LIFETIME: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(7 * 86_400);

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider portal-links create customer-42 --expires-in 1d --read-only
  postrider portal-links list customer-42
  postrider portal-links revoke customer-42 grant_01h455vb4pex5vsknk084sn02q")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Create a portal link and show it once
    Create(CreateArgs),
    /// List the portal links of an account that have not expired
    List {
        /// The account's id or uid
        account: String,
        #[command(flatten)]
        pages: PageArgs,
    },
    /// Revoke a portal link, and end its sessions
    Revoke {
        /// The account's id or uid
        account: String,
        /// The portal link's id
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The account's id or uid
    account: String,
    /// How long the link is valid, from 1m to 7d [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    expires_in: Option<Duration>,
    /// Do not allow changes
    #[arg(long)]
    read_only: bool,
    /// The colour theme of the pages [default: that of the customer's system]
    #[arg(long, value_name = "THEME")]
    theme: Option<Theme>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Theme {
    Light,
    Dark,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.client, context)?;
    match args.command {
        Command::Create(args) => create(args, &mut remote).await,
        Command::List { account, pages } => {
            let call = Call::new(Method::GET, &["accounts", &account, "portal-links"]);
            remote.list(&call, pages, table).await
        }
        Command::Revoke { account, id } => {
            let call = Call::new(Method::DELETE, &["accounts", &account, "portal-links", &id]);
            remote
                .show(call, |_, _| {
                    format!("Revoked portal link {id}, and ended its sessions.")
                })
                .await
        }
    }
}

async fn create(args: CreateArgs, remote: &mut Remote) -> Result<(), Failure> {
    let mut body = Map::new();
    if let Some(lifetime) = args.expires_in {
        body.insert("expires_in_s".to_owned(), lifetime.as_secs().into());
    }
    if args.read_only {
        body.insert("read_only".to_owned(), true.into());
    }
    if let Some(theme) = args.theme {
        let name = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        body.insert("theme".to_owned(), name.into());
    }
    let call = Call::new(Method::POST, &["accounts", &args.account, "portal-links"]);
    remote.show(call.json(&Value::from(body)), record).await
}

fn lifetime(text: &str) -> Result<Duration, duration::DurationError> {
    duration::parse_within(text, LIFETIME)
}

fn table(links: &[Value], paint: Paint) -> String {
    let mut table = Table::new(&["ID", "MAY", "CREATED", "EXPIRES", "API KEY"]);
    for link in links {
        table.row([
            cell(&link["id"]),
            may(link).to_owned(),
            time(&link["created_at"]),
            time(&link["expires_at"]),
            cell(&link["api_key_id"]),
        ]);
    }
    table.render(
        paint,
        "No portal links. To create one: postrider portal-links create ACCOUNT",
    )
}

fn record(link: &Value, paint: Paint) -> String {
    Record::new()
        .field("Portal link", cell(&link["url"]))
        .field("Id", cell(&link["id"]))
        .field("Expires", time(&link["expires_at"]))
        .field("May", may(link))
        .field("Theme", cell(&link["theme"]))
        .render(paint)
}

fn may(link: &Value) -> &'static str {
    if link["read_only"] == true {
        "read"
    } else {
        "read and change"
    }
}
