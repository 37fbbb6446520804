//! Commands that work on the data folder of a server: they find it where the server would.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::config::{self, Environment, Settings, declaration};
use crate::failure::Failure;

/// `--data-dir` and `--config`: the former as the settings declare it, and no other setting.
#[derive(Debug, Clone, Copy)]
pub struct DataDirArgs;

impl DataDirArgs {
    /// The folder that flags, variables, the file and the default make.
    pub fn resolve(matches: &ArgMatches, environment: &Environment) -> Result<PathBuf, Failure> {
        let Settings { data_dir, .. } = config::load(matches, environment)?.settings;
        Ok(data_dir)
    }
}

#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// The settings file, for its data_dir [variable: POSTRIDER_CONFIG] [default: ./postrider.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Args for DataDirArgs {
    fn augment_args(command: Command) -> Command {
        let data_dir = declaration::settings()
            .find(|setting| setting.get_id() == "data_dir")
            .cloned();
        ConfigArgs::augment_args(command).args(data_dir)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for DataDirArgs {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self)
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}
