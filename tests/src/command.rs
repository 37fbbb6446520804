//! The commands of the binary other than `serve`: run to completion, or until they are stopped.

use std::io::Write as _;
use std::process::{Child, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use serde_json::Value;

use crate::binary;
use crate::log::Log;
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

/// Runs a command without a server, with these variables, and this text on standard input.
pub fn run_with(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> CommandOutput {
    let mut command = binary::command();
    command.args(arguments).envs(variables.iter().copied());
    output_of(command, input)
}

/// A command that runs until it is stopped. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Standard output and standard error.
    pub log: Log,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts a client command against the server at this URL.
    pub fn start(url: &str, arguments: &[&str]) -> Self {
        let mut command = binary::command();
        command
            .args(arguments)
            .env("POSTRIDER_URL", url)
            .env("POSTRIDER_API_KEY", ADMIN_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let log = Log::default();
        let readers = vec![
            log.follow(child.stdout.take().expect("it was piped")),
            log.follow(child.stderr.take().expect("it was piped")),
        ];
        Self { child, log, readers }
    }

    /// Waits for a line with this text.
    #[track_caller]
    pub fn wait_for(&self, text: &str, within: Duration) -> String {
        let found = self
            .log
            .find(0, within, |line| line.contains(text).then(|| line.to_owned()));
        found.unwrap_or_else(|| {
            self.log.print("output of the command");
            panic!("no line with {text:?} within {within:?}")
        })
    }

    /// Sends a signal and waits for the end. The log then holds all output.
    pub fn stop(mut self, signal: Signal) -> (ExitStatus, Log) {
        kill_process(Pid::from_child(&self.child), signal).expect("a child can be signalled");
        let status = self.child.wait().expect("a child can be waited for");
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader of a log does not panic");
        }
        (status, self.log.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
