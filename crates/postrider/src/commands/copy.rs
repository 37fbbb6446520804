//! `postrider copy`.

mod run;
mod source;

use clap::ArgMatches;

use super::data_dir::DatabaseArgs;
use crate::config::database::DatabaseUrl;
use crate::config::{self, Environment};
use crate::wiring::store;
use postrider_cli::Failure;
use postrider_cli::display::Screen;
use postrider_storage::sealing::{KeyId, listed};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
To move from one node to a cluster. Stop the server first; its data folder is not changed. The database must be empty. \
Ids, secrets, times and bodies stay the same. Pending deliveries are due as soon as a server starts on the database. \
Statistics, console sessions and portal links are not copied: statistics start at zero, and people sign in again.

If the copy is interrupted, run the same command again to continue. Until it is complete, no server starts on the \
database.

Examples:
  postrider copy --from sqlite:/var/lib/postrider --to 'postgres://app@db/app?sslmode=require'
  postrider copy --from sqlite:./postrider-data --to postgres://app@db/app")]
pub struct Args {
    /// The source: `sqlite:` and the data folder of a stopped server
    // A string and not a type of its own, because clap would repeat a rejected value in its error, and the
    // value could be a URL with a password.
    #[arg(long, value_name = "sqlite:FOLDER")]
    pub from: String,

    /// The target: a PostgreSQL database, written like --database-url of `serve`
    #[arg(long, value_name = "URL")]
    pub to: DatabaseUrl,

    /// How to reach it.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Copies a data folder into a database, without statistics and grants (links to the console, and its
/// sessions).
pub async fn run(args: &Args, matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let folder = source::folder(&args.from)?;
    let settings = config::load(matches, environment)?.settings;
    let password = environment.get("POSTRIDER_DATABASE_PASSWORD");
    let options = store::database_options(&args.to, &settings, password)?;
    let (report, keys) = run::copy(&folder, &options).await?;
    Screen::new().print(&format!("{report}\n\n{}", next_steps(&folder, &args.to, &keys)))
}

fn next_steps(folder: &std::path::Path, to: &DatabaseUrl, keys: &[KeyId]) -> String {
    format!(
        "Next:
  1. Start the server on the database, with its other settings unchanged:
     postrider serve --database-url '{to}' --master-key-file '{folder}/master.key'
     The secrets are still sealed under master key {keys}. If the server has it from elsewhere, name that place
     instead; otherwise move the file out of the data folder, to every node.
  2. Never start a server on {folder} again: it would send the same deliveries a second time.
     Keep the folder until the new server has proved itself.",
        folder = folder.display(),
        keys = listed(keys)
    )
}
