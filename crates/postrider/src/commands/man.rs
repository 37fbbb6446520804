//! `postrider man`: manual pages, generated from the help.

use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;
use postrider_cli::Failure;
use postrider_cli::display::Screen;

use crate::command_line;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider man | man -l -    # read the page of the program
  postrider man ~/.local/share/man/man1    # then: man postrider-events-send")]
pub struct Args {
    /// A folder for the pages of all commands, which is created if it does not exist [default: print the page
    /// of the program]
    folder: Option<PathBuf>,
}

/// Prints the page of the program, or writes those of all commands.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut command = command_line::declared();
    // clap copies the global options of a group to its subcommands in `build`.
    command.build();
    let Some(folder) = &args.folder else {
        return Screen::new().print(&String::from_utf8_lossy(&page(&command)?));
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let count = write(&command, command_line::NAME, folder)?;
    Screen::new().print(&format!("Wrote {count} pages to {}.", folder.display()))
}

/// Writes the page of a command and those of its subcommands: `postrider-events-send.1`. Returns how many.
fn write(command: &Command, name: &str, folder: &Path) -> Result<usize, Failure> {
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, page(command)?).map_err(|error| failed(&file, &error))?;
    let mut count = 1;
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        count += write(subcommand, &format!("{name}-{}", subcommand.get_name()), folder)?;
    }
    Ok(count)
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Failure::Failed(format!("cannot write a manual page: {error}")))?;
    Ok(page)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("cannot write {}: {error}", path.display()))
}
