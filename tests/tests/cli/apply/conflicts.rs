//! What others do at the same time.

use serde_json::{Value, json};

use super::between::between;
use super::{Bench, VARIABLES, marked};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_changes_after_the_plan_is_not_overwritten() {
    let bench = Bench::of_guide();
    tokio::task::block_in_place(|| bench.apply("--yes").success().len());
    bench.edit("name: Acme Ltd", "name: Acme Inc.");
    bench.edit("name: Tell the CRM", "name: Tell sales");
    let api = bench.server.api();
    let runtime = tokio::runtime::Handle::current();
    // The account is changed first: by then, the plan is made.
    let url = between(bench.server.address(), move |line| {
        if line.starts_with("PATCH /v1/accounts/acme ") {
            let path = "/v1/accounts/acme/automations/tell-the-crm";
            let changed = runtime.block_on(async { api.patch(path, json!({"description": "Mine"})).await });
            assert_eq!(changed.status, 200);
        }
        None
    });
    let line = format!("apply -f {} --yes", bench.path("postrider.yaml"));
    let stopped = tokio::task::block_in_place(|| bench.run_at(&url, &line, &VARIABLES));
    assert_eq!(stopped.code, 1, "{stopped:?}");
    assert!(
        stopped
            .err
            .contains("automation acme/tell-the-crm: somebody has changed or deleted it since"),
        "{stopped:?}"
    );
    assert!(
        stopped.err.contains("changes were made before that"),
        "{stopped:?}"
    );
    let path = "/v1/accounts/acme/automations/tell-the-crm";
    let automation = bench.server.api().get(path).await.json();
    assert_eq!(
        (&automation["name"], &automation["description"]),
        (&json!("Tell the CRM"), &json!("Mine"))
    );
    let again = tokio::task::block_in_place(|| bench.apply("--yes"));
    assert_eq!(marked(&again), ["~ automation acme/tell-the-crm"], "{again:?}");
    assert!(
        again.out.contains("    description: \"Mine\" → \"\"\n"),
        "{again:?}"
    );
}

/// Applies the guide's example while somebody puts `other` at `path`, after the plan and just before the
/// request that begins with `before`. Returns what the command printed to standard error.
async fn stopped_by(bench: &Bench, before: &'static str, path: &'static str, other: Value) -> String {
    let api = bench.server.api();
    let runtime = tokio::runtime::Handle::current();
    let url = between(bench.server.address(), move |line| {
        if line.starts_with(before) {
            let created = runtime.block_on(async { api.put(path, other.clone()).await });
            assert_eq!(created.status, 201);
        }
        None
    });
    let line = format!("apply -f {} --yes", bench.path("postrider.yaml"));
    let stopped = tokio::task::block_in_place(|| bench.run_at(&url, &line, &VARIABLES));
    assert_eq!(stopped.code, 1, "{stopped:?}");
    stopped.err
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_creates_after_the_plan_is_not_overwritten() {
    let bench = Bench::of_guide();
    let path = "/v1/event-types/proposal.accepted";
    let mine = json!({"description": "Mine", "visible": false});
    let error = stopped_by(&bench, "PUT /v1/event-types/", path, mine).await;
    let expected = "event type proposal.accepted: somebody has created it since the plan was made, so it was left \
                    alone; apply again for a new plan";
    assert!(error.contains(expected), "{error}");
    let kept = bench.server.api().get(path).await.json();
    assert_eq!(
        (&kept["description"], &kept["visible"]),
        (&json!("Mine"), &json!(false))
    );
    let planned = tokio::task::block_in_place(|| bench.apply("--dry-run"));
    assert_eq!(
        marked(&planned)[0],
        "~ event type proposal.accepted",
        "{planned:?}"
    );

    tokio::task::block_in_place(|| bench.apply("--yes").success().len());
    let path = "/v1/accounts/acme/automations/tell-the-crm";
    assert_eq!(bench.server.api().delete(path).await.status, 204);
    let action = json!({"type": "send_webhook", "url": "https://mine.example.com/"});
    let mine = json!({"name": "Mine", "trigger": {"event_types": ["a"]}, "actions": [action]});
    let error = stopped_by(&bench, "POST /v1/accounts/acme/automations ", path, mine).await;
    let expected = "automation acme/tell-the-crm: somebody has created it since the plan was made";
    assert!(error.contains(expected), "{error}");
    assert_eq!(bench.server.api().get(path).await.json()["name"], "Mine");
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it() {
    let bench = Bench::of_guide();
    let mut refusals = 0;
    let url = between(bench.server.address(), move |line| {
        let is_first = refusals < 2 && (line.starts_with("GET") || line.starts_with("POST /v1/accounts "));
        refusals += usize::from(is_first);
        is_first.then(|| {
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n".to_owned()
        })
    });
    let line = format!("apply -f {} --yes", bench.path("postrider.yaml"));
    let applied = bench.run_at(&url, &line, &VARIABLES);
    assert!(applied.success().contains("Done: 5 created."), "{applied:?}");
    assert_eq!(applied.err.matches("waiting 1 s").count(), 2, "{applied:?}");
}
