//! The command line: commands in groups, and their help.

mod layout;
mod reference;

use std::fmt::Write as _;

use clap::{CommandFactory as _, Parser};
use postrider_cli::display::wrapped;

pub use reference::reference;

use crate::commands;
use crate::config::declaration;

/// The program's name.
pub const NAME: &str = "postrider";

/// Sends webhooks: signed, retried on a schedule, and recorded
///
/// Your software reports events, such as `proposal.accepted`. Postrider sends a signed HTTP request to each
/// URL that the account's automations name, retries failed requests, and records every attempt.
#[derive(Debug, Parser)]
#[command(
    name = NAME,
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Start here:
  postrider dev      # a throw-away demo with everything on
  postrider serve    # the server; its first start creates an API key
  postrider login    # asks for that key, and stores it; then, as a client:
  postrider accounts create 'Acme Ltd' --uid acme
  postrider automations create acme --name CRM --on 'proposal.*' --to https://crm.example/hooks
  postrider events send acme proposal.accepted --data '{\"proposal_id\":\"p_1\"}'
  postrider deliveries list acme

Exit codes:
  0  success
  1  the server refused the request, or the work failed; for `verify`, no signature matches; for --wait, not every \
delivery succeeded
  2  the command line, a variable or the settings file is wrong, and nothing was done
  3  the server cannot be reached
  4  `apply --dry-run --exit-code`: there is something to change

With --json, the error is a problem document (RFC 9457) on standard error: the server's own, or one with the code \
`usage`, `unreachable`, `failed` or `output`.";

/// All commands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Box<commands::serve::Args>),
    /// Run a throw-away demo, including a receiver
    Dev(commands::dev::Args),
    /// Update the schema of a data folder or database to this version
    Migrate(commands::migrate::Args),
    /// Copy the database to a file, even while the server runs
    Backup(commands::backup::Args),
    /// Make a backup the database of a stopped server
    Restore(commands::restore::Args),
    /// Check everything that a start needs, without starting
    Check(Box<commands::check::Args>),
    /// Ask the server on this machine whether it is ready
    Health(commands::health::Args),
    /// Copy a stopped server's data folder to a PostgreSQL database
    Copy(commands::copy::Args),
    /// Print a script that completes commands and options in a shell
    Completions(commands::completions::Args),
    /// Print the manual page, or write those of all commands to a folder
    Man(commands::man::Args),
    /// Commands of the crate `cli`.
    #[command(flatten)]
    Client(Box<postrider_cli::Command>),
}

/// The commands of the server's side, under their heading in the help.
const SERVER_GROUP: (&str, &[&str]) = (
    "Server",
    &[
        "serve", "dev", "check", "health", "migrate", "backup", "restore", "copy",
    ],
);

/// The commands that describe the command line, under their heading.
const HELP_GROUP: (&str, &[&str]) = ("Help in your shell", &["completions", "man"]);

/// All commands under their headings, in the order of the help.
fn all_groups() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let server = std::iter::once(SERVER_GROUP);
    server.chain(postrider_cli::commands::GROUPS).chain([HELP_GROUP])
}

/// The command line with complete help, laid out for the terminal.
pub fn command() -> clap::Command {
    layout::laid_out(declared(), layout::width())
}

/// The command line with complete help, before the layout: for each setting the variable and the default.
pub fn declared() -> clap::Command {
    Cli::command().mut_subcommands(declaration::with_origins_in_help)
}

/// The help of the program itself: commands under headings.
fn template(command: &clap::Command, width: usize) -> String {
    let groups = groups(command, width);
    format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{groups}\nOptions:\n{{options}}")
}

/// The column in which the descriptions of commands start.
const NAMES_WIDTH: usize = 16;

fn groups(command: &clap::Command, width: usize) -> String {
    let mut text = String::new();
    for (heading, names) in all_groups() {
        let _ = write!(text, "\n{heading}:\n");
        for subcommand in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = subcommand
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            let indent = " ".repeat(NAMES_WIDTH);
            let lines = wrapped(&about, &indent, width);
            let name = format!("  {:<1$}", subcommand.get_name(), NAMES_WIDTH - 2);
            text.push_str(&lines.replacen(&indent, &name, 1));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_the_declarations_are_consistent() {
        declared().debug_assert();
        for subcommand in Cli::command().get_subcommands() {
            let listed = all_groups()
                .filter(|(_, names)| names.contains(&subcommand.get_name()))
                .count();
            assert_eq!(listed, 1, "{}", subcommand.get_name());
        }
    }
}
