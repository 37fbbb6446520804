//! Commands that work on the store of a server: they find it where the server would.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::config::{self, Environment, Settings, declaration};
use postrider_cli::Failure;

/// `--data-dir` and `--config`: the former as the settings declare it, and no other setting.
#[derive(Debug, Clone, Copy)]
pub struct DataDirArgs;

impl DataDirArgs {
    /// The folder that flags, variables, the file and the default make.
    pub fn resolve(matches: &ArgMatches, environment: &Environment) -> Result<PathBuf, Failure> {
        let settings = config::load(matches, environment)?.settings;
        match settings.database_url {
            None => Ok(settings.data_dir),
            Some(url) => Err(Failure::Usage(format!(
                "this works on a data folder, and the settings name a database: {url}"
            ))),
        }
    }
}

/// The settings that say how a database is reached that something else names, and `--config`.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseArgs;

/// The settings that name the store, whichever it is, and `--config`.
#[derive(Debug, Clone, Copy)]
pub struct StoreArgs;

impl StoreArgs {
    /// What flags, variables, the file and the defaults make.
    pub fn resolve(matches: &ArgMatches, environment: &Environment) -> Result<Settings, Failure> {
        let loaded = config::load(matches, environment)?;
        loaded.check_database(environment)?;
        Ok(loaded.settings)
    }
}

#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// The settings file [variable: POSTRIDER_CONFIG] [default: ./postrider.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn augment(command: Command, keys: &[&str]) -> Command {
    let declared = declaration::settings().filter(|setting| keys.contains(&declaration::key(setting)));
    ConfigArgs::augment_args(command).args(declared.cloned())
}

/// Arguments that are only declared: the settings are read from the matches.
macro_rules! declares {
    ($name:ident: $keys:expr) => {
        impl Args for $name {
            fn augment_args(command: Command) -> Command {
                augment(command, &$keys)
            }

            fn augment_args_for_update(command: Command) -> Command {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $name {
            fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
                Ok(Self)
            }

            fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
                Ok(())
            }
        }
    };
}

declares!(DataDirArgs: ["data_dir"]);
declares!(DatabaseArgs: ["database_password_file", "database_ca_file"]);
declares!(StoreArgs: ["data_dir", "database_url", "database_password_file", "database_ca_file"]);
