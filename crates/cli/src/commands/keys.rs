//! `postrider keys`: the signing keys of an account or of an action, and the master key.

mod master;

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};

use super::remote::Remote;
use super::secrets;
use crate::client::{Call, ClientArgs};
use crate::display::{Paint, Record, Table, cell, time};
use crate::{Context, Failure};
use postrider_model::duration;

/// Longest overlap; the API's bound.
const OVERLAP_MAX: Duration = Duration::from_secs(30 * 86_400);

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
During the overlap of a rotation, the oldest key signs Postrider-Signature and the newest one \
Postrider-Signature-Next; webhook-signature holds the signatures of all. Without an overlap, the new key alone signs.

Examples:
  postrider keys show customer-42
  postrider keys rotate customer-42 --overlap 7d
  postrider keys rotate customer-42 --overlap 0s    # a key has leaked
  postrider keys show customer-42 --automation tell-the-crm --action act_01h455vb4pex5vsknk084sn02q
  postrider keys master status")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the signing keys of an account or of an action, the current one first
    Show {
        /// The account's id or uid
        account: String,
        #[command(flatten)]
        owner: OwnerArgs,
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
        /// The kind of the new key [default: that of the old key, or of --secret-file]
        #[arg(long, value_parser = ["hmac", "ed25519"])]
        algorithm: Option<String>,
        #[command(flatten)]
        owner: OwnerArgs,
    },
    /// Show and rotate the master key, which seals the secrets in the store
    Master(master::Args),
}

/// Whose keys they are.
#[derive(Debug, clap::Args)]
struct OwnerArgs {
    /// The id or uid of the automation of an action that has keys of its own [default: the account's keys]
    #[arg(long, value_name = "ID", requires = "action")]
    automation: Option<String>,
    /// The id of that action
    #[arg(long, value_name = "ID", requires = "automation")]
    action: Option<String>,
}

impl OwnerArgs {
    /// A path below that of the keys.
    fn call<'a>(&'a self, method: Method, account: &'a str, rest: &[&'a str]) -> Call<'a> {
        let keys = match (&self.automation, &self.action) {
            (Some(automation), Some(action)) => vec![
                "accounts",
                account,
                "automations",
                automation,
                "actions",
                action,
                "signing-keys",
            ],
            _ => vec!["accounts", account, "signing-keys"],
        };
        Call::new(method, &[&keys, rest].concat())
    }
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let remote = || Remote::new(&args.client, context);
    match args.command {
        Command::Show { account, owner } => {
            let call = owner.call(Method::GET, &account, &[]);
            remote()?.show(call, table).await
        }
        Command::Rotate {
            account,
            overlap,
            secret_file,
            algorithm,
            owner,
        } => {
            let mut body = Map::new();
            if let Some(overlap) = overlap {
                body.insert("overlap_s".to_owned(), overlap.as_secs().into());
            }
            if let Some(file) = secret_file {
                let secret = secrets::only_one_in(&file)?;
                body.insert("secret".to_owned(), secret.expose().into());
            }
            if let Some(algorithm) = algorithm {
                body.insert("algorithm".to_owned(), algorithm.into());
            }
            let call = owner.call(Method::POST, &account, &["rotate"]);
            remote()?.show(call.json(&Value::from(body)), record).await
        }
        Command::Master(master) => master::run(master, &args.client, context).await,
    }
}

fn overlap(text: &str) -> Result<Duration, duration::DurationError> {
    duration::parse_within(text, Duration::ZERO..=OVERLAP_MAX)
}

fn table(keys: &Value, paint: Paint) -> String {
    let mut table = Table::new(&["ID", "STATUS", "SECRET", "EXPIRES", "PUBLIC KEY"]);
    for key in keys["data"].as_array().into_iter().flatten() {
        table.row([
            cell(&key["id"]),
            cell(&key["status"]),
            cell(&key["secret"]),
            time(&key["expires_at"]),
            cell(&key["public_key"]),
        ]);
    }
    table.render(paint, "No signing keys: the account's keys sign.")
}

fn record(key: &Value, paint: Paint) -> String {
    Record::new()
        .field("Id", cell(&key["id"]))
        .field("Status", cell(&key["status"]))
        .field("Secret", cell(&key["secret"]))
        .field("Public key", cell(&key["public_key"]))
        .field("Created", time(&key["created_at"]))
        .field("Expires", time(&key["expires_at"]))
        .render(paint)
}
