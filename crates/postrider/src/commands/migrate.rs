//! `postrider migrate`.

use clap::ArgMatches;
use postrider_storage_postgres::{PostgresOptions, PostgresStore};

use super::data_dir::StoreArgs;
use crate::config::{Environment, Settings};
use crate::wiring::store;
use postrider_cli::Failure;
use postrider_cli::display::Screen;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`serve` migrates at its start. To migrate beforehand, stop the server and run this on its data folder; back it up \
first. A database can be migrated at any time, because servers of the previous version keep working.

Examples:
  postrider backup before.db && postrider migrate
  postrider migrate --database-url 'postgres://postrider@db.internal/postrider'")]
pub struct Args {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Migrates a data folder or a database to the schema of this version.
pub async fn run(matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let settings = StoreArgs::resolve(matches, environment)?;
    let password = environment.get("POSTRIDER_DATABASE_PASSWORD");
    let (from, to, shown) = match store::postgres_options(&settings, password)? {
        Some(options) => migrate_database(&settings, options).await?,
        None => migrate_folder(&settings)?,
    };
    Screen::new().print(&if from == to {
        format!("{shown} already has schema {to}.")
    } else {
        format!("Migrated {shown} from schema {from} to {to}.")
    })
}

fn migrate_folder(settings: &Settings) -> Result<(u32, u32, String), Failure> {
    let folder = &settings.data_dir;
    // A missing folder is an error of the operator; do not create one.
    postrider_storage_sqlite::schema_version(folder).map_err(|error| Failure::Failed(error.to_string()))?;
    let report =
        postrider_storage_sqlite::migrate(folder).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok((report.from, report.to, folder.display().to_string()))
}

async fn migrate_database(
    settings: &Settings,
    options: PostgresOptions,
) -> Result<(u32, u32, String), Failure> {
    let report = PostgresStore::migrate_only(options).await;
    let report = report.map_err(|error| Failure::Failed(store::said(&error)))?;
    let shown = settings.database_url.as_ref().map(ToString::to_string);
    Ok((report.from, report.to, shown.unwrap_or_default()))
}
