//! promtool, which checks metrics, alert rules and configuration as Prometheus itself does.
//!
//! `./test` unpacks it into `tests/.cache/prometheus` where the system has none.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs promtool with this input. Panics with its output unless it succeeds without a complaint.
#[track_caller]
pub fn check(arguments: &[&str], input: &str) {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool: {error}; ./test unpacks it where it is missing"));
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

fn program() -> PathBuf {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/prometheus/usr/bin/promtool");
    if unpacked.exists() {
        unpacked
    } else {
        "promtool".into()
    }
}
