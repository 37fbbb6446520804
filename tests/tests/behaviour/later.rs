//! Events with a time of delivery, and sending what was missed, over kills of the server.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use postrider_tests::account::id_of;
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Value, json};

use crate::cli::client::json as command;

/// Posts an event that waits for this long, on the command line. Returns its id.
fn post_later(server: &Server, account: &Account, seconds: u64) -> String {
    let (later, id) = (format!("{seconds}s"), account.id.as_str());
    let send = [
        "events",
        "send",
        id,
        "a",
        "--data",
        "1",
        "--header",
        "X-Tenant: 42",
        "--deliver-at",
        &later,
    ];
    id_of(&command(server, &send))
}

async fn switch(account: &Account, automation: &str, on: bool) {
    let path = account.at(&format!("/automations/{automation}"));
    account
        .api
        .patch(path, json!({ "enabled": on }))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_event_is_delivered_at_its_time_to_a_second_over_a_kill() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    const LATER_S: u64 = 6;
    let begin = Instant::now();
    let later = post_later(&server, &account, LATER_S);
    let end = Instant::now();
    let at_once = account.send("a", "2").await;
    receiver.wait_for("/hook", 1, wait::SOON).await;
    server.kill();
    server.start_again();
    let account = account.through(server.api());
    let received = receiver.wait_for("/hook", 2, wait::SOON).await;
    let later_by = Duration::from_secs(LATER_S);
    let (since_begin, since_end) = (received[1].at - begin, received[1].at - end);
    // The time has milliseconds, and was fixed between the two.
    assert!(
        since_begin + Duration::from_millis(1) >= later_by,
        "{since_begin:?}"
    );
    assert!(since_end <= later_by + Duration::from_secs(1), "{since_end:?}");
    assert_eq!(received[0].header("webhook-id"), at_once);
    assert_eq!(received[1].header("webhook-id"), later);
    assert_eq!(received[1].header("x-tenant"), "42");
    account.wait_for_delivery(&later, "succeeded").await;
}

#[tokio::test]
async fn a_canceled_event_is_not_delivered_after_a_kill() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let (canceled, kept) = (post_later(&server, &account, 2), post_later(&server, &account, 3));
    let path = account.at(&format!("/events/{canceled}"));
    assert_eq!(account.api.delete(path).await.status, 204);
    server.kill();
    server.start_again();
    let received = receiver.wait_for("/hook", 1, wait::SOON).await;
    assert_eq!(
        received[0].header("webhook-id"),
        kept,
        "the canceled one would have been first"
    );
    let account = account.through(server.api());
    assert_eq!(account.event(&canceled).await["canceled"], true);
    account.wait_for_delivery(&canceled, "canceled").await;
}

#[tokio::test]
async fn sending_what_was_missed_over_a_kill_loses_none_and_doubles_none() {
    const EVENTS: usize = 2_000;
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond_with("/hook", |_| Reply::status(204));
    let automation = id_of(&account.automation(json!({"url": receiver.url("/hook")})).await);
    switch(&account, &automation, false).await;
    for _ in 0..EVENTS / 500 {
        let events: Vec<Value> = (0..500).map(|n| json!({"type": "a", "data": n})).collect();
        account
            .api
            .post(account.at("/events/batch"), json!({ "events": events }))
            .await
            .expect(202);
    }
    switch(&account, &automation, true).await;
    let path = account.at(&format!("/automations/{automation}/send-missed"));
    let all = json!({"after": "2000-01-01T00:00:00Z"});
    let send = account
        .api
        .call_with(http::Method::POST, path.clone(), all.clone())
        .try_send();
    let killed = async {
        receiver.wait_for("/hook", 1, wait::SOON).await;
        server.kill();
    };
    // The response is lost where the kill came first.
    let _ = tokio::join!(send, killed);
    server.start_again();
    let account = account.through(server.api());
    account.api.post(path.clone(), all.clone()).await.expect(202);
    let statuses = async || {
        let deliveries = account.all("deliveries").await;
        let of = |delivery: &Value| delivery["status"].as_str().map(str::to_owned);
        deliveries.iter().map(of).collect::<Option<Vec<_>>>()
    };
    wait::until("everything has succeeded", Duration::from_secs(60), async || {
        let statuses = statuses().await?;
        statuses.iter().all(|status| status == "succeeded").then_some(())
    })
    .await;
    let deliveries = account.all("deliveries").await;
    let events: HashSet<_> = deliveries
        .iter()
        .map(|delivery| delivery["event_id"].to_string())
        .collect();
    assert_eq!(
        (deliveries.len(), events.len()),
        (EVENTS, EVENTS),
        "one delivery of each event"
    );
    let received = receiver.received("/hook");
    let ids: HashSet<_> = received
        .iter()
        .map(|request| request.header("webhook-id").to_owned())
        .collect();
    assert_eq!(ids.len(), EVENTS, "each event arrived");
    assert_eq!(account.api.post(path, all).await.expect(202), json!({"count": 0}));
}
