//! `postrider keys`: the signing keys of an account, and the master key.

mod master;

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};

use super::remote::Remote;
use super::secrets;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Record, Table, cell, time};
use crate::values::duration;
use crate::{Context, Failure};

/// Longest overlap; the API's bound.
const OVERLAP_MAX: Duration = Duration::from_secs(30 * 86_400);

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
During the overlap of a rotation, the old key signs Postrider-Signature and the new one \
Postrider-Signature-Next; webhook-signature holds both signatures.

Examples:
  postrider keys show customer-42
  postrider keys rotate customer-42 --overlap 7d
  postrider keys rotate customer-42 --overlap 0s    # the old key has leaked
  postrider keys master status")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the signing keys of an account, the current one first
    Show {
        /// The account's id or uid
        account: String,
    },
    /// Create a signing key that replaces the current one
    Rotate {
        /// The account's id or uid
        account: String,
        /// How long the old key keeps signing beside the new one, at most 30d [default: 1d]
        #[arg(long, value_name = "DURATION", value_parser = overlap)]
        overlap: Option<Duration>,
        /// A file with your own key (`whsec_…`) on its only line, or `-` for standard input. By default
        /// Postrider creates one
        #[arg(long, value_name = "FILE")]
        secret_file: Option<String>,
    },
    /// Show and rotate the master key, which seals the secrets in the store
    Master(master::Args),
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let remote = || Remote::new(&args.client, context);
    match args.command {
        Command::Show { account } => {
            let call = Call::new(Method::GET, &["accounts", &account, "signing-keys"]);
            remote()?.show(call, table).await
        }
        Command::Rotate {
            account,
            overlap,
            secret_file,
        } => {
            let mut body = Map::new();
            if let Some(overlap) = overlap {
                body.insert("overlap_s".to_owned(), overlap.as_secs().into());
            }
            if let Some(file) = secret_file {
                let secret = secrets::only_one_in(&file)?;
                body.insert("secret".to_owned(), secret.expose().into());
            }
            let call = Call::new(Method::POST, &["accounts", &account, "signing-keys", "rotate"]);
            remote()?.show(call.json(&Value::from(body)), record).await
        }
        Command::Master(master) => master::run(master, &args.client, context).await,
    }
}

fn overlap(text: &str) -> Result<Duration, duration::DurationError> {
    duration::parse_within(text, Duration::ZERO..=OVERLAP_MAX)
}

fn table(keys: &Value, paint: Paint) -> String {
    let mut table = Table::new(&["ID", "STATUS", "SECRET", "EXPIRES"]);
    for key in keys["data"].as_array().into_iter().flatten() {
        table.row([
            cell(&key["id"]),
            cell(&key["status"]),
            cell(&key["secret"]),
            time(&key["expires_at"]),
        ]);
    }
    table.render(paint, "The account has no signing keys.")
}

fn record(key: &Value, paint: Paint) -> String {
    Record::new()
        .field("Id", cell(&key["id"]))
        .field("Status", cell(&key["status"]))
        .field("Secret", cell(&key["secret"]))
        .field("Created", time(&key["created_at"]))
        .field("Expires", time(&key["expires_at"]))
        .render(paint)
}
