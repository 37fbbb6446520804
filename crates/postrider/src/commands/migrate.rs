//! `postrider migrate`.

use clap::ArgMatches;

use super::data_dir::DataDirArgs;
use crate::config::Environment;
use crate::display::Screen;
use crate::failure::Failure;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`serve` migrates by itself. This is for doing it beforehand, with no server running, such as after a backup:

  postrider backup before.db && postrider migrate")]
pub struct Args {
    /// Which folder.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
}

/// Brings a data folder to the schema of this version.
pub fn run(matches: &ArgMatches, environment: &Environment) -> Result<(), Failure> {
    let folder = DataDirArgs::resolve(matches, environment)?;
    // A folder that is not there is a slip here, not a wish for a new one.
    postrider_storage_sqlite::schema_version(&folder).map_err(|error| Failure::Failed(error.to_string()))?;
    let report =
        postrider_storage_sqlite::migrate(&folder).map_err(|error| Failure::Failed(error.to_string()))?;
    let shown = folder.display();
    Screen::new().print(&if report.from == report.to {
        format!("{shown} has schema {} already; nothing to do.", report.to)
    } else {
        format!(
            "{shown} was migrated from schema {} to {}.",
            report.from, report.to
        )
    })
}
