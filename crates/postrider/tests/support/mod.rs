//! The built program, as a test runs it.

use std::process::{Command, Stdio};

/// The program with none of the variables that the test's own environment may have.
pub fn postrider() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("POSTRIDER_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}
