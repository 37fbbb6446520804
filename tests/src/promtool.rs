//! promtool, which checks metrics, alert rules and configuration as Prometheus itself does.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::unpacked;

/// Runs promtool with this input. Panics with its output unless it succeeds without a complaint.
#[track_caller]
pub fn check(arguments: &[&str], input: &str) {
    let mut command = Command::new(unpacked::program("prometheus", "usr/bin/promtool"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = unpacked::spawn(&mut command);
    // It reads everything before it writes anything.
    let mut stdin = child.stdin.take().expect("it was piped");
    stdin
        .write_all(input.as_bytes())
        .expect("promtool reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("promtool ends");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.trim().is_empty(),
        "promtool {arguments:?}: {complaints}{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
