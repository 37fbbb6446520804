//! The commands of the binary other than `serve`, run to completion.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::binary;
use crate::server::{ADMIN_KEY, Server};

/// The result of a command.
#[derive(Debug)]
pub struct CommandOutput {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a command without a server.
pub fn run(arguments: &[&str]) -> CommandOutput {
    run_with_input(arguments, "")
}

/// Runs a command without a server, with this text on standard input.
pub fn run_with_input(arguments: &[&str], input: &str) -> CommandOutput {
    let mut command = binary::command();
    command.args(arguments);
    output_of(command, input)
}

/// Runs a client command against a server.
pub fn run_against(server: &Server, arguments: &[&str]) -> CommandOutput {
    run_against_with_input(server, arguments, "")
}

/// Runs a client command against a server, with this text on standard input.
pub fn run_against_with_input(server: &Server, arguments: &[&str], input: &str) -> CommandOutput {
    let mut command = binary::command();
    command.args(arguments);
    command
        .env("POSTRIDER_URL", server.api().url())
        .env("POSTRIDER_API_KEY", ADMIN_KEY);
    output_of(command, input)
}

fn output_of(mut command: std::process::Command, input: &str) -> CommandOutput {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary can be started");
    let mut stdin = child.stdin.take().expect("it was piped");
    // A command that does not read its input closes it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("a child can be waited for");
    CommandOutput {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

impl CommandOutput {
    /// Standard output of a command that must succeed.
    #[track_caller]
    pub fn success(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.out
    }

    /// The same output, parsed as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.success()).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}
