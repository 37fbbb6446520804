//! Retention: settled events are deleted when their time is over, pending ones never.

use std::time::{Duration, Instant};

use postrider_tests::account::attempts_of;
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::json;

/// The retention of the test, and a margin.
const RETENTION: Duration = Duration::from_millis(1_100);

#[tokio::test]
async fn events_without_pending_deliveries_expire_and_others_never_do() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond("/pending", [Reply::status(500), Reply::status(204)]);
    account
        .automation_on("done", json!({"url": receiver.url("/done")}))
        .await;
    let pending = account
        .automation_on("pending", json!({"url": receiver.url("/pending")}))
        .await;
    let path = account.at(&format!("/automations/{}", pending["id"].as_str().unwrap()));
    account
        .api
        .patch(path, json!({"retry_delays_s": [3600]}))
        .await
        .expect(200);
    let kept = account.send("pending", r#"{"keep":1}"#).await;
    let old = account.send("done", "1").await;
    account.wait_for_delivery(&old, "succeeded").await;
    let sent = Instant::now();
    receiver.wait_for("/pending", 1, wait::SOON).await;
    wait::until("both are past the retention", wait::SOON, async || {
        (sent.elapsed() > RETENTION).then_some(())
    })
    .await;
    // Pruning runs at the start, and then once a minute.
    assert!(server.stop().success());
    server.start_again_with(&["--allow-destination", "127.0.0.0/8", "--retention", "1s"]);
    let account = account.through(server.api());
    wait::until(
        "the settled event is pruned",
        Duration::from_secs(90),
        async || {
            (account
                .api
                .get(account.at(&format!("/events/{old}")))
                .await
                .status
                == 404)
                .then_some(())
        },
    )
    .await;
    assert!(account.deliveries_of(&old).await.is_empty());
    assert_eq!(account.event(&kept).await["data"], json!({"keep": 1}));
    let delivery = account.delivery(&account.delivery_id_of(&kept).await).await;
    assert_eq!(delivery["status"], "pending");
    assert_eq!(attempts_of(&delivery).len(), 1);
    // The delivery can still be resent.
    let resend = account.at(&format!(
        "/deliveries/{}/resend",
        delivery["id"].as_str().unwrap()
    ));
    account.api.post(resend, "").await.expect(202);
    receiver.wait_for("/pending", 2, wait::SOON).await;
}
