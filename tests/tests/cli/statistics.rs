//! `postrider statistics`, against a server that delivered something.

use postrider_tests::{Receiver, Reply, Server, wait};
use serde_json::json;

use super::client::{json, postrider};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_are_shown_by_step_and_by_action() {
    let (server, receiver) = (Server::start(), Receiver::start().await);
    receiver.respond("/hook", [Reply::status(200)]);
    postrider(&server, &["accounts", "create", "Acme", "--uid", "acme"]).success();
    let to = receiver.url("/hook");
    let create = [
        "automations",
        "create",
        "acme",
        "--name",
        "CRM",
        "--on",
        "*",
        "--to",
        &to,
    ];
    let automation = json(&server, &create);
    let action = automation["actions"][0]["id"].as_str().unwrap();
    let send = ["events", "send", "acme", "a.b", "--data", "{}"];
    postrider(&server, &send).success();
    let daily = ["statistics", "acme", "--step", "1d"];
    let totals = wait::until("the delivery is counted", wait::SOON, async || {
        let totals = json(&server, &daily)["totals"].clone();
        (totals["succeeded"] == 1).then_some(totals)
    })
    .await;
    assert_eq!((&totals["events"], &totals["failed"]), (&json!(1), &json!(0)));
    let measure = ["--measure", "events,failed"];
    let shown = postrider(
        &server,
        &[&["statistics", "acme", "--after", "1h"], &measure[..]].concat(),
    );
    let lines: Vec<Vec<String>> = shown
        .success()
        .lines()
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect();
    assert_eq!(lines[0], ["FROM", "EVENTS", "FAILED"]);
    assert_eq!(lines.last().unwrap(), &["total", "1", "0"]);
    let by_action = postrider(&server, &["statistics", "acme", "--group-by", "action"]);
    assert!(by_action.success().contains(action), "{by_action:?}");
    let minutes = json(&server, &["statistics", "--step", "1m", "--after", "5m"]);
    assert!(minutes["totals"]["latency_p50_ms"].is_number(), "{minutes}");
    let refused = postrider(&server, &["statistics", "acme", "--step", "1m"]);
    assert!(refused.code != 0 && refused.err.contains("1h, 1d"), "{refused:?}");
}
