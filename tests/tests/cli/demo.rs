//! `postrider dev`: the demo runs by itself and shows a line per attempt.

use std::process::{Command, Stdio};

use postrider_tests::log::Log;
use postrider_tests::{binary, command, wait};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn the_demo_shows_each_attempt_and_exits_after_the_requested_events() {
    let output = command::run(&["dev", "--once", "3", "--every", "100ms", "--retry-delays", "1"]);
    let out = output.success();
    for part in ["prk_", "whsec_", "http://127.0.0.1:", "proposal.accepted"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let with = |part: &str| out.lines().filter(|line| line.contains(part)).count();
    assert!(with("500") >= 1, "the third event fails at first: {out}");
    assert!(
        with("200") + with("204") >= 3,
        "and every event is delivered: {out}"
    );
}

#[test]
fn the_demo_starts_without_arguments_and_shuts_down_cleanly() {
    let mut command = binary::command();
    command
        .arg("dev")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let log = Log::of(&mut child);
    let key = log.find(0, wait::SOON, |line| line.contains("prk_").then_some(()));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    if key.is_none() || !status.success() {
        log.print("output of the demo");
        panic!("{status}");
    }
}

/// Starts the demo with its data in this folder, and waits until it runs.
fn demo(mut command: Command, folder: &std::path::Path) -> (std::process::Child, Log) {
    command
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let log = Log::of(&mut child);
    let runs = log.find(0, wait::SOON, |line| line.contains("listening on").then_some(()));
    assert!(runs.is_some(), "{:#?}", log.lines());
    (child, log)
}

#[test]
fn a_demo_whose_terminal_is_closed_deletes_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = binary::command();
    command.arg("dev");
    let (mut child, log) = demo(command, folder.path());
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}: {:#?}", log.lines());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_demo_under_nohup_outlives_its_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP; exec \"$0\" dev --every 100ms"])
        .arg(binary::path());
    binary::forget_ours(&mut command);
    let (mut child, log) = demo(command, folder.path());
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    let lines = log.len();
    let goes_on = log.find(lines, wait::SOON, |line| line.contains("attempt 1").then_some(()));
    assert!(goes_on.is_some(), "{:#?}", log.lines());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}
