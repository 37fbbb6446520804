//! `postrider restore`.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use postrider_cli::Failure;
use postrider_cli::display::Screen;
use postrider_engine::SystemClock;
use postrider_model::{Clock as _, Entropy};
use postrider_storage::Sealer;
use postrider_storage::sealing::listed;
use postrider_storage_sqlite::{OpenError, RestoreError, RestoreReport};

use super::data_dir::RestoreArgs;
use crate::config::{self, Environment, size};
use crate::wiring::master_key;
use crate::wiring::node::random;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stop the server first. The backup is copied and checked in full before anything changes, including that the master key \
opens its secrets. If the command is interrupted, the data folder holds the former database or the restored one, never \
a mixture; run the command again. With --replace, the former database moves with its log into a folder replaced-… in \
the data folder.

Do not copy a backup over postrider.db by hand: the log of a killed server would damage it. Such a folder is refused \
at the start, and this command puts it right.

For PostgreSQL use pg_restore.

Examples:
  postrider restore /backups/postrider-2026-01-31.db --data-dir /var/lib/postrider --replace
  postrider restore copy.db --data-dir /srv/drill --master-key-file /root/master.key")]
pub struct Args {
    /// The backup: a file that `postrider backup` created
    pub file: PathBuf,

    /// Replace the database of the data folder, and keep it in a folder of its own
    #[arg(long)]
    pub replace: bool,

    /// Which folder, and which master key.
    #[command(flatten)]
    pub data_dir: RestoreArgs,
}

/// Restores a backup into a data folder that no server uses.
pub async fn run(args: &Args, matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let settings = RestoreArgs::resolve(matches, environment)?;
    let variable = environment.get(master_key::VARIABLE);
    let (source, keys) = master_key::existing(&settings, variable).await?;
    let entropy = Entropy::new(random);
    let sealer = Sealer::new(keys, entropy);
    let now = SystemClock::new().now();
    let restored =
        postrider_storage_sqlite::restore(&args.file, &settings.data_dir, &sealer, args.replace, now);
    let report = restored.map_err(|error| Failure::Failed(explained(&error, &source.to_string())))?;
    let serve = serve_command(&settings.data_dir, matches);
    Screen::new().print(&described(&args.file, &settings.data_dir, &report, &serve))
}

/// The error, and what to do about it.
fn explained(error: &RestoreError, source: &str) -> String {
    match error {
        RestoreError::Exists { .. } => format!(
            "{error}. With --replace, it moves into a folder of its own, and the backup takes its place"
        ),
        RestoreError::Open(OpenError::Locked { .. }) => format!("{error}. Stop the server first"),
        RestoreError::Open(OpenError::TooNew { found, known }) => format!(
            "the backup has schema {found}, and this Postrider knows schemas up to {known}: restore it with the \
             Postrider that wrote it, or with a newer one"
        ),
        RestoreError::MissingKeys(missing) => format!(
            "the backup needs master key {}, and {source} holds {}: put the key of the backup there, or name it with \
             --master-key-file",
            listed(&missing.needed),
            listed(&missing.given)
        ),
        _ => error.to_string(),
    }
}

/// The command that starts the server on the restored database: with the flags that this command was given,
/// because its server needs the same keys.
fn serve_command(data_dir: &Path, matches: &ArgMatches) -> String {
    let mut command = "postrider serve".to_owned();
    for flag in ["config", "master_key_file", "master_key_command"] {
        if let Some(value) = config::flag(matches, flag) {
            command.push_str(&format!(" --{} {}", flag.replace('_', "-"), quoted(&value)));
        }
    }
    command.push_str(&format!(" --data-dir {}", quoted(&data_dir.to_string_lossy())));
    command
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What was restored, and what is next.
fn described(file: &Path, data_dir: &Path, report: &RestoreReport, serve: &str) -> String {
    let newest = match report.newest_event {
        Some(at) => format!("newest event of {at}"),
        None => "no events".to_owned(),
    };
    let former = match &report.former {
        Some(folder) => format!("\nThe former database is in {}.", folder.display()),
        None => String::new(),
    };
    let pending = match report.pending {
        0 => "No delivery was pending when the backup was made.".to_owned(),
        1 => "1 delivery was pending when the backup was made. The server sends it, and repeats it if it was sent since, \
              with the same webhook-id and body."
            .to_owned(),
        pending => format!(
            "{pending} deliveries were pending when the backup was made. The server sends them, and repeats those that \
             were sent since, with the same webhook-id and body."
        ),
    };
    format!(
        "Restored {} to {}: {}, schema {}, {newest}.{former}

Next:
  1. Start the server: {serve}
     {pending}
  2. Post again what producers posted after the backup. Events with an id or idempotency key that the backup has \
     are not stored twice.",
        file.display(),
        data_dir.display(),
        size::about(report.bytes),
        report.schema,
    )
}
