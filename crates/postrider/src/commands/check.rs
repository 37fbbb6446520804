//! `postrider check`: everything that a start needs, looked at without starting and without changing
//! anything.
//!
//! * [`report`]: findings, and how they are printed. [`settings`]: the settings and the files that they name.
//! * [`keys`]: admin key and master key. [`folder`], [`database`]: the store. [`network`]: ports and servers.
//! * [`machine`]: the disk, open files.
//!
//! To add a check: add a function that adds one [`Finding`](report::Finding) for each thing that it looks at,
//! with advice for each that is not in order, and call it in [`run`].

mod database;
mod folder;
mod keys;
mod machine;
mod network;
mod report;
mod settings;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;
use postrider_cli::display::Screen;
use postrider_cli::{Environment, Failure};
use postrider_engine::SystemClock;
use postrider_model::Clock as _;

use crate::config::{self, Loaded, Settings};
use report::Report;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Takes the flags, variables and settings file of `serve`, and looks at what a start needs: the settings, the files that \
they name, keys, the data folder or the database, the clock, the disk, the ports, the identity provider, the mail \
server and the OTLP collector. It changes nothing, sends no e-mail, and can run beside a server.

One line per check: ok, warning or error, with what to do. The exit code is 0 without errors, otherwise 1.

Examples:
  postrider check --config /etc/postrider.toml
  postrider check --database-url 'postgres://app@db/app' --json
  postrider check --reach https://hooks.example.com/    # can webhooks get out?")]
pub struct Args {
    /// Send an empty POST to this URL, as webhooks are sent (rules, proxy); any response will do
    #[arg(long, value_name = "URL")]
    pub reach: Option<String>,

    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,

    /// The settings file [variable: POSTRIDER_CONFIG] [default: ./postrider.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The settings as flags.
    #[command(flatten)]
    pub settings: Settings,
}

/// Looks at everything, prints what it found, and returns the exit code.
pub async fn run(args: &Args, matches: &ArgMatches, environment: &Environment) -> Result<ExitCode, Failure> {
    let mut report = Report::default();
    let loaded = config::load(matches, environment)
        .and_then(|loaded| loaded.check_database(environment).map(|()| loaded));
    match loaded {
        Ok(loaded) => look(args, &loaded, environment, &mut report).await,
        Err(error) => report.error(
            "settings",
            error.to_string(),
            "Correct it, and run the command again",
        ),
    }
    let screen = Screen::new();
    screen.print(&match args.json {
        true => report.json(),
        false => report.text(screen.paint()),
    })?;
    Ok(match report.has_errors() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

async fn look(args: &Args, loaded: &Loaded, environment: &Environment, report: &mut Report) {
    let settings = &loaded.settings;
    let now = SystemClock::new().now();
    settings::look(loaded, environment, report);
    keys::admin(settings, environment, report);
    let sealer = keys::master(settings, environment, report).await;
    match &settings.database_url {
        Some(_) => database::look(settings, environment, sealer.as_ref(), now, report).await,
        None => folder::look(settings, sealer.as_ref(), now, report),
    }
    machine::open_files(settings, report);
    network::ports(settings, report).await;
    network::identity_provider(settings, report).await;
    network::mail_server(settings, report).await;
    network::collector(settings, environment, report).await;
    if let Some(url) = &args.reach {
        network::egress(settings, url, report).await;
    }
}
