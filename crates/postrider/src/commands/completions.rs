//! `postrider completions`: a script that completes commands and options in a shell.

use clap_complete::Shell;
use postrider_cli::Failure;
use postrider_cli::display::Screen;

use crate::command_line;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider completions bash > ~/.local/share/bash-completion/completions/postrider
  postrider completions zsh > ~/.zfunc/_postrider    # a folder of $fpath
  postrider completions fish > ~/.config/fish/completions/postrider.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = command_line::declared();
    clap_complete::generate(args.shell, &mut command, command_line::NAME, &mut script);
    Screen::new().print(&String::from_utf8_lossy(&script))
}
