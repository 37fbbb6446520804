//! The `postrider` program: settings, the commands of the server's side, and the wiring of the parts into a
//! server.
//!
//! * [`command_line`]: all commands, including those of the crate `cli`, and their help. [`config`]:
//!   settings.
//! * [`commands`]: serve, dev, migrate, backup, copy, completions, man. [`wiring`]: wires the parts into a
//!   running node.
//!
//! This crate must hold no rule about deliveries and no SQL, and must use the API only through the crate
//! `cli`.
//!
//! To add a setting: see [`config`]. To add a command: see [`commands`]; for a client command, see the crate
//! `cli`.

#![forbid(unsafe_code)]

pub mod command_line;
pub mod commands;
pub mod config;
pub mod wiring;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _};
use postrider_cli::{Context, Environment, Failure};
use postrider_engine::SystemClock;
use postrider_model::Clock;

use command_line::{Cli, Command};
use config::log::LogFormat;

/// How long to wait for threads of the runtime when the command has ended.
const SHUTDOWN_MAX: Duration = Duration::from_secs(1);

/// Runs a command line with these variables, and returns its exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = command_line::command().try_get_matches_from(&arguments);
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error, &arguments),
    };
    let variables: Vec<_> = variables.into_iter().collect();
    let logs_json = logs_json(&matches, &variables);
    let result = config::environment::read(variables)
        .map_err(Failure::from)
        .and_then(|environment| dispatch(cli.command, &matches, &environment));
    match result {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            if wants_json(&matches) {
                report_as_json(&failure);
            } else {
                wiring::logging::report_failure(&failure, logs_json);
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Prints a failure as a problem document. Ignores errors: nobody may read standard error any more.
fn report_as_json(failure: &Failure) {
    let _ = writeln!(std::io::stderr(), "{}", failure.document());
}

/// Whether the command was given `--json`.
fn wants_json(matches: &ArgMatches) -> bool {
    let own = matches.try_get_one::<bool>("json");
    own.is_ok_and(|own| own == Some(&true))
        || matches
            .subcommand()
            .is_some_and(|(_, matches)| wants_json(matches))
}

/// Prints help, the version, or what is wrong with the command line, which was not understood: whether JSON
/// was asked for shows in its words alone.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if !error.use_stderr() || !arguments.iter().any(|argument| argument == "--json") {
        error.exit();
    }
    let text = error.render().to_string();
    let text = text.trim().strip_prefix("error: ").unwrap_or(&text);
    let failure = Failure::Usage(text.to_owned());
    report_as_json(&failure);
    ExitCode::from(failure.exit_code())
}

/// Whether the server was asked for JSON, as far as that can be known before its settings are read.
fn logs_json(matches: &ArgMatches, variables: &[(OsString, OsString)]) -> bool {
    let Some(serve) = matches.subcommand_matches("serve") else {
        return false;
    };
    let is_json = |format: Option<&LogFormat>| format == Some(&LogFormat::Json);
    match serve.value_source("log_format") {
        Some(ValueSource::CommandLine) => is_json(serve.get_one("log_format")),
        _ => variables
            .iter()
            .any(|(name, value)| name == "POSTRIDER_LOG_FORMAT" && value == "json"),
    }
}

fn dispatch(command: Command, matches: &ArgMatches, environment: &Environment) -> Result<ExitCode, Failure> {
    let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
    let succeeded = |()| ExitCode::SUCCESS;
    match command {
        Command::Serve(_) => on_all_processors(commands::serve::run(matches, environment)).map(succeeded),
        Command::Dev(args) => on_all_processors(commands::dev::run(&args)).map(succeeded),
        Command::Migrate(_) => on_one_thread(commands::migrate::run(matches, environment)).map(succeeded),
        Command::Backup(args) => commands::backup::run(&args, matches, environment).map(succeeded),
        Command::Restore(args) => {
            on_one_thread(commands::restore::run(&args, matches, environment)).map(succeeded)
        }
        Command::Check(args) => on_one_thread(commands::check::run(&args, matches, environment)),
        Command::Health(args) => {
            on_one_thread(commands::health::run(&args, matches, environment)).map(succeeded)
        }
        Command::Copy(args) => on_one_thread(commands::copy::run(&args, matches, environment)).map(succeeded),
        Command::Completions(args) => commands::completions::run(&args).map(succeeded),
        Command::Man(args) => commands::man::run(&args).map(succeeded),
        Command::Client(command) => {
            let shared_clock: &Arc<dyn Clock> = &(Arc::new(SystemClock::new()) as _);
            let context = Context {
                environment,
                clock: &**shared_clock,
                shared_clock,
            };
            on_one_thread(postrider_cli::run(*command, context))
        }
    }
}

/// Runs a command that is a server, on a thread per processor.
fn on_all_processors<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    block_on(&mut tokio::runtime::Builder::new_multi_thread(), command)
}

/// Runs a command that does one thing at a time, on this thread.
fn on_one_thread<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    block_on(&mut tokio::runtime::Builder::new_current_thread(), command)
}

fn block_on<T>(
    runtime: &mut tokio::runtime::Builder,
    command: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("the runtime cannot start: {error}")))?;
    let result = runtime.block_on(command);
    // A name lookup in progress cannot be cancelled, and may take longer than anybody waits for an exit.
    runtime.shutdown_timeout(SHUTDOWN_MAX);
    result
}
