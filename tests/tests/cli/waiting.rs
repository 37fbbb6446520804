//! Commands that show what becomes of an event: `trigger`, `automations test --wait`, `tail`.

use postrider_tests::command::{CommandOutput, Running, run_against};
use postrider_tests::{Receiver, Reply, Server, wait};
use rustix::process::Signal;

fn line(server: &Server, line: &str) -> CommandOutput {
    tokio::task::block_in_place(|| run_against(server, &line.split(' ').collect::<Vec<_>>()))
}

async fn server_with(path: &str, script: &[u16]) -> (Server, Receiver) {
    let (server, receiver) = (Server::start(), Receiver::start().await);
    receiver.respond(path, script.iter().map(|status| Reply::status(*status)));
    line(&server, "accounts create Acme --uid acme").success();
    let create = "automations create acme --name CRM --uid crm --on a.* --retry-delays 1 --to";
    line(&server, &format!("{create} {}", receiver.url(path))).success();
    (server, receiver)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_sends_the_catalogues_example_and_waits_for_its_deliveries() {
    let (server, receiver) = server_with("/in", &[500, 200, 410]).await;
    line(
        &server,
        "event-types set a.b --example {\"n\":[1,8202522731445525542.10]}",
    )
    .success();
    let triggered = line(&server, "trigger acme a.b --wait");
    let out = triggered.success();
    for part in [
        "1 delivery",
        "attempt 1",
        "HTTP 500",
        "attempt 2",
        "HTTP 200",
        "1 succeeded",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let received = receiver.received("/in");
    assert!(String::from_utf8_lossy(&received[0].body).contains(r#""n":[1,8202522731445525542.10]"#));
    let failed = line(&server, "automations test acme crm --type a.b --wait --json");
    assert_eq!(failed.code, 1, "{failed:?}");
    let failed: serde_json::Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!(failed["data"][0]["status"], "failed");
    let unknown = line(&server, "trigger acme a.c");
    assert!(unknown.code == 2 && unknown.err.contains("--data"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_shows_each_attempt_once() {
    let (server, _receiver) = server_with("/in", &[200, 500, 200]).await;
    line(&server, "events send acme a.first --data 1").success();
    let tail = Running::start(&server.api().url(), &["tail", "acme"]);
    tail.wait_for("a.first", wait::SOON);
    line(&server, "events send acme a.second --data 1").success();
    let retried = tail.wait_for("attempt 2", wait::SOON);
    assert!(
        retried.contains("a.second") && retried.contains("HTTP 200"),
        "{retried}"
    );
    let (_, log) = tail.stop(Signal::INT);
    let attempts: Vec<_> = log
        .lines()
        .into_iter()
        .filter(|line| line.contains("attempt "))
        .collect();
    assert_eq!(attempts.len(), 3, "{attempts:#?}");
    assert!(attempts[1].contains("HTTP 500"), "{attempts:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_alone_opens_its_page() {
    let (server, _receiver) = server_with("/in", &[200]).await;
    let account = line(&server, "accounts show acme --json").json();
    let event = line(&server, "events send acme a.b --data 1 --json").json();
    let (account, event) = (account["id"].as_str().unwrap(), event["id"].as_str().unwrap());
    let url = server.api().url();
    let opened = line(&server, &format!("open {event} --print"));
    assert_eq!(
        opened.success().trim(),
        format!("{url}/accounts/{account}/events/{event}")
    );
    let nothing = line(&server, "open evt_01h455vb4pex5vsknk084sn02q --print");
    assert!(
        nothing.code == 1 && nothing.err.contains("nothing has the id"),
        "{nothing:?}"
    );
}
