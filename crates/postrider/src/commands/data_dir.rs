//! How commands find a server's store: through the server's settings.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::config::{self, Environment, Settings, declaration};
use postrider_cli::Failure;

/// `--data-dir` and `--config`.
#[derive(Debug, Clone, Copy)]
pub struct DataDirArgs;

impl DataDirArgs {
    /// The settings, which name a folder.
    pub fn resolve(matches: &ArgMatches, environment: &Environment) -> Result<Settings, Failure> {
        let settings = config::load(matches, environment)?.settings;
        match settings.database_url {
            None => Ok(settings),
            Some(url) => Err(Failure::Usage(format!(
                "backup copies a data folder, but the settings name a database: {url}. Use pg_dump instead"
            ))),
        }
    }
}

/// `--data-dir`, the sources of the master key, and `--config`.
#[derive(Debug, Clone, Copy)]
pub struct RestoreArgs;

impl RestoreArgs {
    /// The settings, which name a folder and the master key.
    pub fn resolve(matches: &ArgMatches, environment: &Environment) -> Result<Settings, Failure> {
        let settings = config::load(matches, environment)?.settings;
        match settings.database_url {
            None => Ok(settings),
            Some(url) => Err(Failure::Usage(format!(
                "restore writes a data folder, but the settings name a database: {url}. Use pg_restore instead"
            ))),
        }
    }
}

/// `--listen` and `--config`.
#[derive(Debug, Clone, Copy)]
pub struct HealthArgs;

/// The settings for a connection to a database that another flag names, and `--config`.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseArgs;

/// The settings that name the store, and `--config`.
#[derive(Debug, Clone, Copy)]
pub struct StoreArgs;

impl StoreArgs {
    /// The settings.
    pub fn resolve(matches: &ArgMatches, environment: &Environment) -> Result<Settings, Failure> {
        let loaded = config::load(matches, environment)?;
        loaded.check_database(environment)?;
        Ok(loaded.settings)
    }
}

#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// The settings file [variable: POSTRIDER_CONFIG] [default: ./postrider.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn augment(command: Command, keys: &[&str]) -> Command {
    let declared = declaration::settings().filter(|setting| keys.contains(&declaration::key(setting)));
    ConfigArgs::augment_args(command).args(declared.cloned())
}

/// Arguments that clap only declares: [`config::load`] reads their values from the matches.
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
declares!(HealthArgs: ["listen"]);
declares!(RestoreArgs: ["data_dir", "master_key_file", "master_key_command"]);
declares!(DatabaseArgs: ["database_password_file", "database_ca_file"]);
declares!(StoreArgs: ["data_dir", "database_url", "database_password_file", "database_ca_file"]);
