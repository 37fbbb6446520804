//! What a restart must not change: responses to repeats, unfinished work, settled deliveries.

use std::time::Duration;

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, ApiResponse, Receiver, Reply, Server, wait};
use serde_json::json;

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
