//! `events send --batch`.

use std::fmt::Write as _;

use postrider_tests::Server;
use postrider_tests::command::{CommandOutput, run_against, run_against_with_input};
use serde_json::Value;

fn line(server: &Server, line: &str, input: &str) -> CommandOutput {
    run_against_with_input(server, &line.split(' ').collect::<Vec<_>>(), input)
}

fn count(server: &Server, event_type: &str) -> usize {
    let list = ["events", "list", "acme", "--type", event_type, "--all", "--json"];
    run_against(server, &list).json()["data"]
        .as_array()
        .unwrap()
        .len()
}

fn events(range: std::ops::Range<usize>) -> String {
    range.fold(String::new(), |mut text, n| {
        writeln!(text, r#"{{"type":"item.sold","data":{{"n":{n}}}}}"#).unwrap();
        text
    })
}

#[test]
fn a_file_that_is_sent_again_after_an_interruption_is_accepted_once() {
    let server = Server::start();
    line(&server, "accounts create Acme --uid acme", "").success();
    let send = "events send acme --batch -";
    let first = line(&server, send, &events(0..1_200));
    assert_eq!(first.success(), "1,200 accepted, 0 sent before, 0 refused.\n");
    let whole = line(&server, send, &events(0..2_100));
    assert_eq!(whole.success(), "900 accepted, 1,200 sent before, 0 refused.\n");
    assert_eq!(count(&server, "item.sold"), 2_100);
    // Equal lines are different events, and a file can be sent again on purpose.
    let twice = events(0..1).repeat(2);
    let named = "events send acme --batch - --idempotency-key second";
    assert!(line(&server, named, &twice).success().starts_with("2 accepted"));
    assert!(
        line(&server, named, &twice)
            .success()
            .starts_with("0 accepted, 2 sent before")
    );
}

#[test]
fn a_line_that_is_refused_is_named_and_the_others_are_sent() {
    let server = Server::start();
    line(&server, "accounts create Acme --uid acme", "").success();
    let input = "\n{\"type\":\"a\",\"data\":1}\n{\"type\":\"b c\",\"data\":1}\nnonsense\n{\"type\":\"a\",\"data\":2}\n";
    let sent = line(&server, "events send acme --batch -", input);
    assert_eq!(
        (sent.code, &*sent.out),
        (1, "2 accepted, 0 sent before, 2 refused.\n"),
        "{sent:?}"
    );
    assert!(sent.err.contains("line 3: /type: expected"), "{}", sent.err);
    assert!(
        sent.err.contains("line 4: expected a JSON object"),
        "{}",
        sent.err
    );
    let json = line(&server, "events send acme --batch - --json", input);
    let results: Vec<Value> = json
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut by_line: Vec<_> = results
        .iter()
        .map(|it| (it["line"].as_u64(), it["status"].as_u64()))
        .collect();
    by_line.sort_unstable();
    assert_eq!(
        by_line,
        [
            (Some(2), Some(200)),
            (Some(3), Some(422)),
            (Some(4), None),
            (Some(5), Some(200))
        ]
    );
}

#[test]
fn an_array_and_large_events_are_sent_in_as_many_batches_as_it_takes() {
    // The server takes batches of 32 times the limit on one event.
    let server = Server::start_with(&["--body-limit", "64KiB"]);
    line(&server, "accounts create Acme --uid acme", "").success();
    let large = "x".repeat(60_000);
    let events: Vec<_> = (0..50)
        .map(|n| format!(r#"{{"type":"large","data":{{"n":{n},"text":"{large}"}}}}"#))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.json");
    std::fs::write(&file, format!("[\n{}\n]", events.join(",\n"))).unwrap();
    let send = format!("events send acme --batch {}", file.display());
    let sent = line(&server, &send, "");
    assert_eq!(
        sent.success(),
        "50 accepted, 0 sent before, 0 refused.\n",
        "{sent:?}"
    );
    assert!(
        line(&server, &send, "")
            .success()
            .starts_with("0 accepted, 50 sent before")
    );
}
