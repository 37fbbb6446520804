//! The reference of all commands, `docs/reference/cli.md`, generated from their help.

use std::fmt::Write as _;

use clap::Command;

use super::layout::{HEADINGS_OF_EXAMPLES, HELP_WIDTH, laid_out};

const HEAD: &str =
    "# Commands\n\nThe output of `--help` for every command. Generated from the code: do not edit.\n";

/// The text of the reference.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    let mut command = laid_out(super::declared(), HELP_WIDTH);
    // clap copies the global options of a group to its subcommands in `build`.
    command.build();
    write_command(&command, &mut text);
    text
}

/// Writes a command, then its subcommands.
fn write_command(command: &Command, text: &mut String) {
    let help = command.clone().render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let name = command.get_bin_name().unwrap_or(command.get_name());
    // Examples get a block without the indent, so that they can be copied.
    let guide_starts = lines.iter().position(|line| HEADINGS_OF_EXAMPLES.contains(line));
    let (options, examples) = lines.split_at(guide_starts.unwrap_or(lines.len()));
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\n## `{name}`\n\n```text\n{}\n```\n",
        options.join("\n").trim_end()
    );
    if let Some((heading, rest)) = examples.split_first() {
        let end = rest.iter().position(|line| line.is_empty()).unwrap_or(rest.len());
        let (examples, after) = rest.split_at(end);
        let examples: Vec<&str> = examples.iter().map(|line| line.trim_start()).collect();
        let _ = write!(text, "\n{heading}\n\n```sh\n{}\n```\n", examples.join("\n"));
        let after = after.join("\n");
        if !after.trim().is_empty() {
            let _ = write!(text, "\n```text\n{}\n```\n", after.trim());
        }
    }
    for subcommand in command.get_subcommands() {
        write_command(subcommand, text);
    }
}
