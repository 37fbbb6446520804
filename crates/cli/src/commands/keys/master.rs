//! `postrider keys master`: the master key, which seals the secrets in the store.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::Value;
use tokio::time::sleep;

use crate::client::Call;
use crate::commands::remote::Remote;
use crate::display::{Paint, Record, Screen, cell};
use crate::{Context, Failure};

/// The pause between two looks at the progress.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The server keeps the master key in the file that its setting master_key_file names. A rotation adds a new key to that \
file and seals all secrets again. Once none remains, the older lines of the file can go; keep them for as long as you \
keep backups of the database from before.

Examples:
  postrider keys master status
  postrider keys master rotate --wait
  postrider keys master new > master.key    # for a database that several servers share")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show which master key seals, and how many secrets an older one sealed
    Status,
    /// Create a master key, and seal all secrets again under it
    Rotate {
        /// Wait until all secrets are sealed again
        #[arg(long)]
        wait: bool,
    },
    /// Print a new master key, without a server
    New,
}

/// Runs the command.
pub async fn run(
    args: Args,
    client: &crate::client::ClientArgs,
    context: Context<'_>,
) -> Result<(), Failure> {
    match args.command {
        Command::Status => Remote::new(client, context)?.show(status(), record).await,
        Command::Rotate { wait } => {
            let mut remote = Remote::new(client, context)?;
            let rotate = Call::new(Method::POST, &["master-key", "rotate"]);
            if !wait {
                return remote.show(rotate, record).await;
            }
            remote.ask(rotate).await?;
            let unopened = loop {
                let key = remote.ask(status()).await?;
                if key["remaining"] == key["unopened"] {
                    break key["unopened"].clone();
                }
                sleep(LOOK_PAUSE).await;
            };
            remote.show(status(), record).await?;
            if unopened == 0 {
                return Ok(());
            }
            Err(Failure::Failed(format!(
                "{unopened} secrets do not open with any key of the server, and stay as they are; its log names them"
            )))
        }
        Command::New => Screen::new().print(&new_key()?),
    }
}

fn status() -> Call<'static> {
    Call::new(Method::GET, &["master-key"])
}

/// `pmk_` and the base64url of 32 random bytes.
fn new_key() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Failed(format!("no randomness: {error}")))?;
    Ok(format!("pmk_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn record(key: &Value, paint: Paint) -> String {
    let older: Vec<String> = key["older_key_ids"]
        .as_array()
        .into_iter()
        .flatten()
        .map(cell)
        .collect();
    Record::new()
        .field("Key", cell(&key["key_id"]))
        .field("Older keys", older.join(", "))
        .field("Source", cell(&key["source"]))
        .field("Secrets", cell(&key["sealed"]))
        .field("To seal again", cell(&key["remaining"]))
        .field("Cannot be opened", cell(&key["unopened"]))
        .render(paint)
}
