//! `postrider deliveries cancel`.

use serde_json::json as value;

use postrider_tests::{Receiver, Reply, Server, wait};

use super::client::{json, postrider};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canceling_needs_a_filter_and_a_confirmation_and_has_a_dry_run() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    receiver.respond("/hook", std::iter::repeat_n(Reply::status(500), 10));
    json(&server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let url = receiver.url("/hook");
    let create = "automations create acme --name N --on * --retry-delays 3600 --to";
    let create: Vec<_> = create.split(' ').chain([url.as_str()]).collect();
    json(&server, &create);
    for event_type in ["a", "b"] {
        json(&server, &["events", "send", "acme", event_type, "--data", "1"]);
    }
    wait::until("both wait for a retry", wait::SOON, async || {
        let list = json(&server, &["deliveries", "list", "acme", "--status", "pending"]);
        let deliveries = list["data"].as_array()?;
        let wait = deliveries
            .iter()
            .filter(|delivery| delivery["attempt_count"] == 1);
        (wait.count() == 2).then_some(())
    })
    .await;
    let cancel = |flags: &[&str]| postrider(&server, &[&["deliveries", "cancel", "acme"], flags].concat());
    for (flags, words) in [
        (&[][..], "at least one filter"),
        (&["--yes"], "at least one filter"),
        (&["--dry-run"], "at least one filter"),
        (&["--status", "pending"], "--yes"),
    ] {
        let refused = cancel(flags);
        assert!(
            refused.code == 2 && refused.err.contains(words),
            "{flags:?}: {refused:?}"
        );
    }
    let counted = cancel(&["--type", "a", "--dry-run"]);
    assert_eq!(counted.success(), "1 delivery: account acme, event type a.\n");
    let counted = cancel(&["--after", "1h", "--dry-run", "--json"]);
    assert_eq!(counted.json()["count"], 2);
    let canceled = cancel(&["--type", "a", "--yes"]);
    assert_eq!(canceled.success(), "Canceled 1 delivery.\n");
    let list = json(&server, &["deliveries", "list", "acme"]);
    let mut statuses: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|delivery| [&delivery["event_type"], &delivery["status"]])
        .collect();
    statuses.sort_by_key(|pair| pair[0].to_string());
    assert_eq!(value!(statuses), value!([["a", "canceled"], ["b", "pending"]]));
    assert_eq!(receiver.count("/hook"), 2);
}
