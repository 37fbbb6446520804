//! The command line: commands in groups, help that needs no page.

mod reference;

use std::fmt::Write as _;

use clap::{CommandFactory as _, Parser};

pub use reference::reference;

use crate::commands;
use crate::config::declaration;

/// Sends webhooks: signed, retried on a schedule, on the record
///
/// Your software reports what happened in an account; Postrider delivers a signed HTTP request to every URL that the
/// account's automations name, tries again when that fails, and keeps a record of each attempt.
#[derive(Debug, Parser)]
#[command(
    name = "postrider",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(disable_help_subcommand = true, max_term_width = HELP_WIDTH, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Widest help, in characters, however wide the terminal is.
pub const HELP_WIDTH: usize = 110;

const AFTER_HELP: &str = "\
Start here:
  postrider dev                              a throw-away demo with everything on
  postrider serve                            the server; prints its admin key on the first start
  export POSTRIDER_API_KEY=…                 then, as a client:
  postrider accounts create 'Acme Ltd' --uid acme
  postrider automations create acme --name CRM --on 'proposal.*' --to https://crm.example/hooks
  postrider events send acme proposal.accepted --data '{\"proposal_id\":\"p_1\"}'
  postrider deliveries list acme

Exit codes:
  0  done
  1  the server refused, or the work failed; for `verify`, no signature matches
  2  the command line, a variable or the settings file is wrong; nothing was done
  3  no server answered";

/// All commands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Box<commands::serve::Args>),
    /// Run a throw-away demo with everything on, a receiver included
    Dev(commands::dev::Args),
    /// Bring a data folder to the schema of this version
    Migrate(commands::migrate::Args),
    /// Copy the database, of a running server too
    Backup(commands::backup::Args),
    /// Move a stopped server's data folder to a PostgreSQL database
    Copy(commands::copy::Args),
    /// Commands of the crate `cli`.
    #[command(flatten)]
    Client(postrider_cli::Command),
}

/// The commands of the server's side, under their heading in the help.
const SERVER_GROUP: (&str, &[&str]) = ("Server", &["serve", "dev", "migrate", "backup", "copy"]);

/// All commands under their headings, in the order of the help.
fn all_groups() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    std::iter::once(SERVER_GROUP).chain(postrider_cli::commands::GROUPS)
}

/// The command line with help complete: commands in groups, settings with their variables.
pub fn command() -> clap::Command {
    let command = Cli::command().mut_subcommands(|command| {
        let command = command.disable_help_subcommand(true);
        match command.get_name() {
            "serve" | "migrate" | "backup" | "copy" => declaration::with_variables_in_help(command),
            _ => command,
        }
    });
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}\nOptions:\n{{options}}{{after-help}}",
        groups(&command)
    );
    command.help_template(template)
}

fn groups(command: &clap::Command) -> String {
    let mut text = String::new();
    for (heading, names) in all_groups() {
        let _ = write!(text, "\n{heading}:\n");
        for subcommand in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = subcommand
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            let _ = writeln!(text, "  {:<12} {about}", subcommand.get_name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_the_declarations_are_consistent() {
        command().debug_assert();
        for subcommand in Cli::command().get_subcommands() {
            let listed = all_groups()
                .filter(|(_, names)| names.contains(&subcommand.get_name()))
                .count();
            assert_eq!(listed, 1, "{}", subcommand.get_name());
        }
    }
}
