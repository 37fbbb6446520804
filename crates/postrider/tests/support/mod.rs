//! Runs the built program in tests.

use std::process::{Command, Stdio};

/// The program without the `POSTRIDER_` variables of the test's own environment.
pub fn postrider() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("POSTRIDER_") {
            command.env_remove(name);
        }
    }
    // Without the profiles of whoever runs the tests.
    command.env("XDG_CONFIG_HOME", "/nonexistent/postrider-tests");
    command.stdin(Stdio::null());
    command
}
