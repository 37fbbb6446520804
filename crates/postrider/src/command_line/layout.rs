//! Lays out the help: wraps prose to the terminal, and leaves each example on one line, so that it can be
//! copied.
//!
//! clap wraps every line of `after_help`, including the examples. This module therefore wraps the text itself
//! and puts it into the command's help template, which clap does not wrap.

use clap::Command;
use postrider_cli::display::wrapped;

/// Widest help, in columns, however wide the terminal is.
pub const HELP_WIDTH: usize = 110;

/// The width of help if standard output is not a terminal and `COLUMNS` is not set.
const DEFAULT_WIDTH: usize = 100;

/// The columns that help can use: those of the terminal, otherwise `COLUMNS`.
pub fn width() -> usize {
    let of_terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let of_variable = || std::env::var("COLUMNS").ok()?.parse().ok();
    of_terminal
        .or_else(of_variable)
        .unwrap_or(DEFAULT_WIDTH)
        .clamp(1, HELP_WIDTH)
}

/// The command and its subcommands, with help of this width.
pub fn laid_out(command: Command, width: usize) -> Command {
    let guide = guide(&command, width);
    let template = match command.get_name() {
        super::NAME => super::template(&command, width),
        _ => "{about-with-newline}\n{usage-heading} {usage}\n\n{all-args}".to_owned(),
    };
    command
        .help_template(template + &guide)
        .term_width(width)
        .mut_subcommands(|subcommand| laid_out(subcommand, width))
}

/// The headings of examples.
pub(super) const HEADINGS_OF_EXAMPLES: [&str; 2] = ["Examples:", "Start here:"];

/// The text of `after_help`, with a blank line before it.
fn guide(command: &Command, width: usize) -> String {
    let Some(text) = command.get_after_help() else {
        return String::new();
    };
    let mut guide = String::from("\n\n");
    let mut are_examples = false;
    for line in text.to_string().lines() {
        are_examples = HEADINGS_OF_EXAMPLES.contains(&line) || are_examples && line.starts_with("  ");
        if are_examples || line.is_empty() {
            guide.push_str(line);
            guide.push('\n');
        } else {
            guide.push_str(&wrapped_below(line, width));
        }
    }
    guide.truncate(guide.trim_end().len());
    guide
}

/// The line, wrapped. A row of a table, such as `  0  success`, continues below the start of its second
/// column.
fn wrapped_below(line: &str, width: usize) -> String {
    let Some((key, text)) = line.strip_prefix("  ").and_then(|row| row.split_once("  ")) else {
        return wrapped(line, "", width);
    };
    let indent = " ".repeat(key.len() + 4);
    wrapped(text, &indent, width).replacen(&indent, &format!("  {key}  "), 1)
}

#[cfg(test)]
mod tests {
    use super::super::declared;
    use super::*;

    /// The command and all its subcommands.
    fn all(command: &Command) -> Vec<&Command> {
        let below = command.get_subcommands().flat_map(all);
        std::iter::once(command).chain(below).collect()
    }

    #[test]
    fn examples_are_whole_lines_and_everything_else_fits_at_every_width() {
        let mut too_wide = Vec::new();
        for width in [60, 80, 110] {
            let mut command = laid_out(declared(), width);
            command.build();
            for command in all(&command) {
                let guide = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let starts = guide
                    .lines()
                    .position(|line| HEADINGS_OF_EXAMPLES.contains(&line))
                    .map_or(usize::MAX, |heading| heading + 1);
                let examples: Vec<&str> = guide
                    .lines()
                    .skip(starts)
                    .take_while(|line| line.starts_with("  "))
                    .collect();
                let help = command.clone().render_long_help().to_string();
                let lines: Vec<&str> = help.lines().collect();
                for example in &examples {
                    assert!(lines.contains(example), "{example}\nin:\n{help}");
                }
                for line in &lines {
                    let is_example = examples.contains(line);
                    let is_one_word = line.split_whitespace().count() == 1 || line.starts_with("Usage: ");
                    if !is_example && !is_one_word && line.chars().count() > width {
                        too_wide.push(format!("{width} columns: {line}"));
                    }
                }
            }
        }
        assert!(too_wide.is_empty(), "{}", too_wide.join("\n"));
    }
}
