//! `postrider backup`.

use std::path::PathBuf;

use clap::ArgMatches;

use super::data_dir::DataDirArgs;
use crate::config::{Environment, Settings, size};
use crate::wiring::master_key;
use postrider_cli::Failure;
use postrider_cli::display::Screen;
use postrider_storage::sealing::{KeyId, listed};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Run it on the server's machine, as the server's user; the server keeps running. When the command ends, the copy is \
consistent, checked and on disk. It does not contain the master key. To restore it, put the copy into an empty data \
folder as postrider.db, put master.key beside it, and run `serve`.

Examples:
  postrider backup /backups/postrider-$(date +%F).db
  postrider backup copy.db --data-dir /var/lib/postrider")]
pub struct Args {
    /// The copy to create; an existing file is never overwritten
    pub file: PathBuf,

    /// Which folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Copies the database of a data folder, whether a server runs on it or not.
pub fn run(args: &Args, matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let settings = DataDirArgs::resolve(matches, environment)?;
    let report = postrider_storage_sqlite::backup(&settings.data_dir, &args.file);
    let report = report.map_err(|error| Failure::Failed(error.to_string()))?;
    let bytes = usize::try_from(report.bytes).unwrap_or(usize::MAX);
    let shown = args.file.display();
    Screen::new().print(&format!(
        "Backed up to {shown}: {}, schema {}.{}",
        size::in_words(bytes),
        report.schema,
        needed_keys(&report.master_keys, &settings, environment)
    ))
}

/// Which master key opens the secrets in the copy, and where it is: the copy never holds it.
fn needed_keys(keys: &[KeyId], settings: &Settings, environment: &Environment) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let source = master_key::source(settings, environment.get(master_key::VARIABLE));
    let place = source
        .map(|source| format!(" (now in {source})"))
        .unwrap_or_default();
    format!(
        "\nThe copy does not contain the master key. To open its secrets you need {}{place}: keep a copy of it, apart \
         from the backups.",
        listed(keys)
    )
}
