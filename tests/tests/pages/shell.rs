//! A shell that has what the pages install, and the `postrider` under test.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use postrider_tests::{binary, foreign};

/// Puts `postrider` on the path of the folder's shells.
pub fn link_postrider(folder: &Path) {
    std::fs::create_dir(folder.join(".bin")).unwrap();
    symlink(binary::path(), folder.join(".bin/postrider")).unwrap();
}

/// A shell in the reader's folder, with the packages that the page installs and the `postrider` under test.
pub fn shell(commands: &str, folder: &Path) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let python = foreign::python();
    let packages = python.parent().unwrap_or(Path::new("")).display();
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("PATH", format!("{}/.bin:{packages}:{path}", folder.display()))
        // Lines must not wait in a buffer because nobody reads them in a terminal.
        .env("PYTHONUNBUFFERED", "1")
        // Nothing may be fetched, and nobody be told.
        .envs([
            ("GOPROXY", "off"),
            ("GOTOOLCHAIN", "local"),
            ("NEXT_TELEMETRY_DISABLED", "1"),
            ("DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
        ]);
    // `postrider` refuses variables that it does not know, such as those of the tests.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("POSTRIDER_") {
            command.env_remove(name);
        }
    }
    command
}
