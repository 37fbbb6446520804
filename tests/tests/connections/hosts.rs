//! The hosts of a connection. One receiver stands for two hosts: `127.0.0.1` and `localhost`.

use postrider_tests::account::attempts_of;
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::json;

use super::create;

/// The receiver's URL under its other name.
fn elsewhere(url: &str) -> String {
    url.replace("127.0.0.1", "localhost")
}

#[tokio::test]
async fn credentials_reach_the_hosts_of_their_connection_and_follow_no_redirect() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    let id = create(
        &account,
        &json!({"name": "CRM", "type": "bearer", "token": "the-token", "hosts": ["127.0.0.1"]}),
    )
    .await;
    let thief = elsewhere(&receiver.url("/thief"));
    receiver.respond("/moved", [Reply::status(307).with_header("location", &thief)]);
    let automation = |event_type: &str, url: &str, id: &str| {
        json!({
            "name": event_type, "trigger": {"event_types": [event_type]}, "retry_delays_s": [],
            "actions": [{"type": "send_webhook", "url": url, "connection_id": id}],
        })
    };
    let save = async |body| account.api.post(account.at("/automations"), body).await;
    for (event_type, path) in [("a.sent", "/hook"), ("a.moved", "/moved")] {
        let body = automation(event_type, &receiver.url(path), &id);
        save(body).await.expect(201);
    }
    let event = account.send("a.sent", "1").await;
    account.wait_for_delivery(&event, "succeeded").await;
    let received = receiver.received("/hook");
    assert_eq!(received[0].header("authorization"), "Bearer the-token");
    // A redirect does not lead to another host, and so the host of the URL is all that counts.
    let event = account.send("a.moved", "1").await;
    let moved = account.wait_for_delivery(&event, "failed").await;
    assert_eq!(attempts_of(&moved)[0]["status_code"], json!(307));
    // The other host is one that webhooks do reach.
    let free = json!({"name": "Other", "type": "bearer", "token": "another-token"});
    let free = create(&account, &free).await;
    let body = automation("a.free", &elsewhere(&receiver.url("/free")), &free);
    save(body).await.expect(201);
    let event = account.send("a.free", "1").await;
    account.wait_for_delivery(&event, "succeeded").await;
    let refused = save(automation("*", &thief, &id)).await.expect(422);
    assert_eq!(refused["errors"][0]["code"], json!("connection_not_for_host"));
    assert_eq!(receiver.count("/thief"), 0);
}
