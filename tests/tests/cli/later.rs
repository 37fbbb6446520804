//! `postrider events send --deliver-at`, `events cancel` and `automations send-missed`.

use postrider_tests::{Receiver, Server, wait};
use serde_json::json as value;

use super::client::{json, postrider};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_for_their_time_and_are_canceled_and_missed_ones_sent() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    json(&server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let send = ["events", "send", "acme", "a", "--data", "1"];
    let later = [&send[..], &["--deliver-at", "2h", "--header", "X-Tenant: 42"]].concat();
    let id = json(&server, &later)["id"].as_str().expect("an id").to_owned();
    let event = json(&server, &["events", "show", "acme", &id]);
    assert_eq!(event["headers"], value!({"X-Tenant": "42"}));
    assert!(event["deliver_at"].is_string());
    let canceled = postrider(&server, &["events", "cancel", "acme", &id]);
    assert_eq!(canceled.success(), format!("Canceled event {id}.\n"));
    let shown = postrider(&server, &["events", "show", "acme", &id]);
    for line in ["Deliver at", "Canceled", "X-Tenant: 42"] {
        assert!(shown.success().contains(line), "{line}: {shown:?}");
    }
    let refused = postrider(&server, &[&send[..], &["--deliver-at", "soon"]].concat());
    assert!(
        refused.code == 2 && refused.err.contains("in how long"),
        "{refused:?}"
    );

    let twice = ["--header", "X-Tenant: 1", "--header", "x-tenant: 2"];
    let refused = postrider(&server, &[&send[..], &twice].concat());
    assert!(refused.code == 2 && refused.err.contains("twice"), "{refused:?}");

    json(&server, &send);
    let url = receiver.url("/hook");
    let create = "automations create acme --name N --on * --uid crm --to";
    let create: Vec<_> = create.split(' ').chain([url.as_str()]).collect();
    json(&server, &create);
    let missed = |flags: &[&str]| {
        let command = ["automations", "send-missed", "acme", "crm", "--after", "1h"];
        postrider(&server, &[&command[..], flags].concat())
    };
    let unconfirmed = missed(&[]);
    assert!(
        unconfirmed.code == 2 && unconfirmed.err.contains("--yes"),
        "{unconfirmed:?}"
    );
    let counted = missed(&["--dry-run"]);
    let counted = counted.success();
    assert!(
        counted.starts_with("1 event: account acme, automation crm, after "),
        "{counted}"
    );
    assert_eq!(missed(&["--yes"]).success(), "Sending 1 event.\n");
    receiver.wait_for("/hook", 1, wait::SOON).await;
    assert_eq!(missed(&["--dry-run", "--json"]).json()["count"], 0);
}
