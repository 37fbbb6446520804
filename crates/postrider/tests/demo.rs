//! `postrider dev`, from start to stop.

mod support;

use std::io::Read as _;
use std::process::Stdio;

use support::postrider;

#[test]
fn the_demo_delivers_retries_and_exits() {
    let mut child = postrider()
        .args(["dev", "--once", "3", "--every", "20ms", "--retry-delays", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut story = String::new();
    child.stdout.take().unwrap().read_to_string(&mut story).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{story}");
    assert_eq!(story.matches("both signatures verified").count(), 4, "{story}");
    assert_eq!(story.matches("HTTP 200").count(), 3, "{story}");
    assert!(
        story.contains("HTTP 500") && story.contains("retry in 1 s"),
        "{story}"
    );
    assert!(
        story.contains("4 attempts: 3 deliveries succeeded, 0 failed."),
        "{story}"
    );
    assert!(!story.contains('\u{1b}'), "no colours where nobody sees them");
}
