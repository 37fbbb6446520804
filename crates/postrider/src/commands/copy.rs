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

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For moving from one node to a cluster. Stop the server first; nothing in its folder is changed.
The database must be empty. Ids, secrets, times and bodies stay the same. What the server had under
way is due at once on the first node that starts on the database. Statistics are not copied: they
begin anew. Nor are sessions of the console and links to it: people sign in again.

Killed or interrupted, the copy goes on where it was when the same command is run again. Until it is
finished, no server starts on the database.

Examples:
  postrider copy --from sqlite:/var/lib/postrider --to 'postgres://app@db/app?sslmode=require'
  postrider copy --from sqlite:./postrider-data --to postgres://app@db/app")]
pub struct Args {
    /// What to copy: `sqlite:` and the data folder of a server that is stopped
    // Text, as a refused value would be repeated, and could be a URL with a password.
    #[arg(long, value_name = "sqlite:FOLDER")]
    pub from: String,

    /// Where to: a PostgreSQL database, as --database-url of `serve`
    #[arg(long, value_name = "URL")]
    pub to: DatabaseUrl,

    /// How to reach it.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Copies everything in a data folder into a database, but grants (links to the console and sessions in it).
pub async fn run(args: &Args, matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let folder = source::folder(&args.from)?;
    let settings = config::load(matches, environment)?.settings;
    let password = environment.get("POSTRIDER_DATABASE_PASSWORD");
    let options = store::database_options(&args.to, &settings, password)?;
    let report = run::copy(&folder, &options).await?;
    Screen::new().print(&format!("{report}\n\n{}", next_steps(&folder, &args.to)))
}

fn next_steps(folder: &std::path::Path, to: &DatabaseUrl) -> String {
    format!(
        "Next:
  1. Start servers on the database, with the settings that the one before had:
     postrider serve --database-url '{to}'
  2. Let no server start on {folder} again: it would deliver what the others deliver. Keep the folder until
     you are content.",
        folder = folder.display()
    )
}
