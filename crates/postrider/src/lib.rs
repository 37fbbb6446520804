//! The `postrider` program: settings, commands, and the wiring of the parts into a server.
//!
//! * [`cli`]: the command line. [`config`]: settings. [`commands`]: what can be done, a file each.
//! * [`wiring`]: the parts put together into a running node.
//! * [`client`]: the API's client. [`display`]: what people read. [`failure`]: exit codes.
//!
//! It must never hold a rule about deliveries, nor know SQL or a route of the API but as a client of it.
//!
//! To add a setting: see [`config`]. To add a command: see [`commands`].

pub mod certificates;
pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod display;
pub mod failure;
pub mod wiring;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use cli::{Cli, Command};
use config::Environment;
use display::Paint;
use failure::Failure;

/// Runs a command line, with these variables, to its exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let matches = cli::command().get_matches_from(arguments);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = Environment::from_variables(variables)
        .map_err(Failure::from)
        .and_then(|environment| dispatch(cli.command, &matches, &environment));
    match result {
        Ok(code) => code,
        Err(failure) if failure.is_reader_gone() => ExitCode::SUCCESS,
        Err(failure) => {
            let paint = Paint::for_stream(&std::io::stderr());
            eprintln!("{} {failure}", paint.red("error:"));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(
    command: Command,
    matches: &clap::ArgMatches,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    match command {
        Command::Serve(_) => server(commands::serve::run(matches, environment)),
        Command::Dev(args) => server(commands::dev::run(&args)),
        Command::Migrate(_) => client(commands::migrate::run(matches, environment)),
        Command::Backup(args) => {
            commands::backup::run(&args, matches, environment).map(|()| ExitCode::SUCCESS)
        }
        Command::Copy(args) => client(commands::copy::run(&args, matches, environment)),
        Command::Accounts(args) => client(commands::accounts::run(args, environment)),
        Command::Automations(args) => client(commands::automations::run(args, environment)),
        Command::Events(args) => client(commands::events::run(args, environment)),
        Command::Deliveries(args) => client(commands::deliveries::run(args, environment)),
        Command::Keys(args) => client(commands::keys::run(args, environment)),
        Command::EventTypes(args) => client(commands::event_types::run(args, environment)),
        Command::Sign(args) => commands::sign::run(&args, environment).map(|()| ExitCode::SUCCESS),
        Command::Verify(args) => commands::verify::run(&args, environment),
    }
}

/// Runs a command that is a server: on all processors.
fn server(command: impl Future<Output = Result<(), Failure>>) -> Result<ExitCode, Failure> {
    block_on(&mut tokio::runtime::Builder::new_multi_thread(), command)
}

/// Runs a command that asks somebody: one thread is enough for one question at a time.
fn client(command: impl Future<Output = Result<(), Failure>>) -> Result<ExitCode, Failure> {
    block_on(&mut tokio::runtime::Builder::new_current_thread(), command)
}

fn block_on(
    runtime: &mut tokio::runtime::Builder,
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<ExitCode, Failure> {
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("the runtime cannot start: {error}")))?;
    runtime.block_on(command).map(|()| ExitCode::SUCCESS)
}
