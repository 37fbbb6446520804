//! What a restart must not change: responses to repeats, unfinished work, settled deliveries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, ApiResponse, Receiver, Reply, Server, wait};
use serde_json::{Value, json};

/// Ends the server by `end`. Expects that repeated idempotent posts get the same responses as before, and
/// that nothing is sent twice.
async fn repeats_get_the_first_response_after(end: impl FnOnce(&mut Server)) {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let with_id = json!({"type": "a", "data": {"n": 1}, "id": "evt_01h455vb4pex5vsknk084sn02q"});
    let post = async |account: &Account| -> [ApiResponse; 2] {
        let by_id = account.api.post(account.at("/events"), &with_id).await;
        [by_id, account.post_event_once("p_1", "b", r#"{"n":2}"#).await]
    };
    let first = post(&account).await.map(|response| response.expect(202));
    for event in &first {
        account.wait_for_delivery(&id_of(event), "succeeded").await;
    }
    end(&mut server);
    server.start_again();
    let account = account.through(server.api());
    assert_eq!(post(&account).await.map(|response| response.expect(200)), first);
    account
        .post_event_once("p_1", "b", r#"{"n":3}"#)
        .await
        .problem(409, "event_conflict");
    let later = account.send("c", "1").await;
    account.wait_for_delivery(&later, "succeeded").await;
    assert_eq!(receiver.count("/hook"), 3);
    assert_eq!(account.count("events").await, 3);
}

#[tokio::test]
async fn repeated_events_get_the_first_response_after_a_restart() {
    repeats_get_the_first_response_after(|server| assert!(server.stop().success())).await;
}

#[tokio::test]
async fn repeated_events_get_the_first_response_after_a_kill() {
    repeats_get_the_first_response_after(Server::kill).await;
}

#[tokio::test]
async fn unfinished_work_is_taken_over_at_once_after_a_kill() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond(
        "/hook",
        [
            Reply::status(204).after(Duration::from_secs(60)),
            Reply::status(204),
        ],
    );
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let event = account.send("a", r#"{"b":1}"#).await;
    receiver.wait_for("/hook", 1, wait::SOON).await;
    server.kill();
    server.start_again();
    let account = account.through(server.api());
    let received = receiver.wait_for("/hook", 2, Duration::from_secs(3)).await;
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    account.wait_for_delivery(&event, "succeeded").await;
}

#[tokio::test]
async fn deliveries_that_failed_before_a_kill_are_retried_when_due() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    account.automation_with_delays(&receiver.url("/hook"), &[3]).await;
    let event = account.send("a", "1").await;
    let first = receiver.wait_for("/hook", 1, wait::SOON).await[0].at;
    let delivery = account.delivery_id_of(&event).await;
    wait::until("the failure is on record", wait::SOON, async || {
        (attempts_of(&account.delivery(&delivery).await).len() == 1).then_some(())
    })
    .await;
    server.kill();
    server.start_again();
    let second = receiver.wait_for("/hook", 2, wait::SOON).await[1].at;
    assert!(
        (2_900..4_500).contains(&(second - first).as_millis()),
        "{:?}",
        second - first
    );
}

#[tokio::test]
async fn the_whole_configuration_survives_a_kill() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    account
        .automation(json!({"url": NEVER_CALLED, "headers": {"x-a": "1"}}))
        .await;
    account
        .api
        .post(account.at("/signing-keys/rotate"), "{}")
        .await
        .expect(201);
    account
        .api
        .put(
            "/v1/event-types/order.paid",
            json!({"schema": {"type": "object"}}),
        )
        .await;
    let show = async |account: &Account| {
        let mut shown = Vec::new();
        for list in ["", "/automations", "/signing-keys", "/events"] {
            shown.push(account.api.get(account.at(list)).await.expect(200));
        }
        shown.push(account.api.get("/v1/event-types/order.paid").await.expect(200));
        shown
    };
    let before = show(&account).await;
    server.kill();
    server.start_again();
    let account = account.through(server.api());
    assert_eq!(show(&account).await, before);
    account
        .post_event("order.paid", "1")
        .await
        .problem(422, "schema_violation");
}

/// Renames an account without a pause, and kills the server in the middle of it, several times. Each change
/// on record has its entry and each entry its change: the entries' names are those that the account had, in
/// order, and the newest one is its name.
#[tokio::test]
async fn a_killed_server_has_both_a_change_and_its_entry_or_neither() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let path = account.at("");
    let mut acknowledged = 0;
    for round in 0..4 {
        let api = server.api();
        let renamed = Arc::new(AtomicUsize::new(0));
        let renaming = tokio::spawn({
            let (path, renamed) = (path.clone(), Arc::clone(&renamed));
            async move {
                for n in 0.. {
                    let name = json!({"name": format!("round {round}, {n}")});
                    let call = api.call_with(Method::PATCH, path.as_str(), name).try_send().await;
                    let Ok(response) = call else { return };
                    response.expect(200);
                    renamed.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let wanted = 5 + 4 * round;
        wait::until("some changes are acknowledged", wait::SOON, async || {
            (renamed.load(Ordering::SeqCst) >= wanted).then_some(())
        })
        .await;
        server.kill();
        renaming.await.expect("no panic");
        acknowledged += renamed.load(Ordering::SeqCst);
        server.start_again();
    }
    let account = account.through(server.api());
    let name = account.api.get(path.as_str()).await.expect(200)["name"].clone();
    let mut entries = account.all("audit").await;
    entries.retain(|entry| entry["action"] == "account.updated");
    let after = |entry: &Value| entry["details"]["after"]["name"].clone();
    let before = |entry: &Value| entry["details"]["before"]["name"].clone();
    assert_eq!(after(&entries[0]), name);
    for pair in entries.windows(2) {
        assert_eq!(before(&pair[0]), after(&pair[1]), "an entry is missing");
    }
    assert!(
        (acknowledged..=acknowledged + 4).contains(&entries.len()),
        "{acknowledged}"
    );
}
