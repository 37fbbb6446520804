//! The reference of all commands, `docs/reference/cli.md`, written from their help.

use std::fmt::Write as _;

use clap::Command;

/// The text of the reference.
pub fn reference() -> String {
    let mut text = "# Commands\n\nWhat `--help` says. Generated from the code: do not edit.\n".to_owned();
    let mut command = super::command();
    // What a group's options mean below it is known only once the whole is built.
    command.build();
    write_command(&command, &mut text);
    text
}

/// A command, then those below it.
fn write_command(command: &Command, text: &mut String) {
    let mut alone = command.clone().term_width(super::HELP_WIDTH);
    let help = alone.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let name = command.get_bin_name().unwrap_or(command.get_name());
    // Writing to a string cannot fail.
    let _ = write!(text, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n"));
    for subcommand in command.get_subcommands() {
        write_command(subcommand, text);
    }
}
