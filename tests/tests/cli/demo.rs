//! `postrider dev`: the demo runs by itself and shows a line per attempt.

use std::process::Stdio;

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
    let log = Log::default();
    log.follow(child.stdout.take().unwrap());
    log.follow(child.stderr.take().unwrap());
    let key = log.find(0, wait::SOON, |line| line.contains("prk_").then_some(()));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    if key.is_none() || !status.success() {
        log.print("output of the demo");
        panic!("{status}");
    }
}
