//! HTTP/2 without TLS, from producers and to receivers.

use std::collections::HashSet;

use postrider_tests::account::id_of;
use postrider_tests::{Account, Receiver, Server, wait};
use serde_json::json;

/// More than the server accepts at the same time on a connection.
const AT_ONCE: usize = 400;

#[tokio::test]
async fn many_requests_at_once_share_a_connection_in_each_direction() {
    let receiver = Receiver::start_over_http2().await;
    let url = receiver.url("/hook");
    let origin = receiver.url("");
    let loopback = ["--allow-destination", "127.0.0.0/8"];
    let server = Server::start_with(&[&loopback[..], &["--http2-prior-knowledge", &origin]].concat());
    let account = Account::create(server.api().over_http2()).await;
    account.automation(json!({"url": url})).await;
    let posts = (0..AT_ONCE).map(|number| {
        let account = account.clone();
        tokio::spawn(async move { account.post_event("a", &number.to_string()).await.expect(202) })
    });
    let mut ids = HashSet::new();
    for post in posts.collect::<Vec<_>>() {
        ids.insert(id_of(&post.await.unwrap()));
    }
    assert_eq!(ids.len(), AT_ONCE);
    let received = receiver.wait_for("/hook", AT_ONCE, wait::SOON).await;
    let delivered: HashSet<_> = received
        .iter()
        .map(|it| it.header("webhook-id").to_owned())
        .collect();
    assert_eq!(delivered, ids);
    assert_eq!(received.len(), AT_ONCE);
}
