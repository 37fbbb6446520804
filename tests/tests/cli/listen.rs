//! `postrider listen`.

use std::collections::BTreeMap;

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::command::Running;
use postrider_tests::receiver::Received;
use postrider_tests::{Account, Receiver, Reply, Server, signature, wait};
use rustix::process::Signal;
use serde_json::json;

/// A command that listens to the account, and is ready.
fn listen(server: &Server, account: &Account, rest: &[&str]) -> Running {
    let line = [&["listen", &account.id, "--forward-to"], rest].concat();
    let running = Running::start(&server.api().url(), &line);
    tokio::task::block_in_place(|| running.wait_for("Ready.", wait::SOON));
    running
}

/// The headers, without those that differ between any two deliveries.
fn comparable(request: &Received) -> BTreeMap<String, String> {
    const DIFFER: [&str; 5] = [
        "host",
        "webhook-timestamp",
        "webhook-signature",
        "postrider-delivery-id",
        "postrider-signature",
    ];
    let headers = request.headers.iter();
    let headers = headers.filter(|(name, _)| !DIFFER.contains(&name.as_str()));
    headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_gets_what_any_receiver_gets_signed_by_the_same_key_and_its_response_is_on_record() {
    let (server, receiver) = (Server::start(), Receiver::start().await);
    let account = Account::create(server.api()).await;
    account.automation(json!({"url": receiver.url("/direct")})).await;
    receiver.respond(
        "/local?x=1",
        [Reply::status(500).with_body("boom"), Reply::status(201)],
    );
    let url = receiver.url("/local?x=1");
    let listener = listen(&server, &account, &[&url]);
    let event = account.send("proposal.accepted", r#"{"b":1, "a":"é"}"#).await;
    let local = receiver.wait_for("/local?x=1", 1, wait::SOON).await.remove(0);
    let direct = receiver.wait_for("/direct", 1, wait::SOON).await.remove(0);
    assert_eq!(local.body, direct.body);
    assert_eq!(comparable(&local), comparable(&direct));
    let secret = account.secret().await;
    assert_eq!(
        local.header("postrider-signature"),
        signature::postrider(&secret, &local.body)
    );

    let shown = tokio::task::block_in_place(|| listener.wait_for("HTTP 500", wait::SOON));
    assert!(shown.contains(&event) && shown.contains("attempt 1"), "{shown}");
    tokio::task::block_in_place(|| listener.wait_for("boom", wait::SOON));
    let automation = account.all("automations").await.remove(0);
    let list = account.at(&format!("/deliveries?automation_id={}", id_of(&automation)));
    let delivery = id_of(&account.api.get(list).await.expect(200)["data"][0]);
    let record = account.delivery(&delivery).await;
    let attempt = &attempts_of(&record)[0];
    assert_eq!(
        (&attempt["status_code"], &attempt["response_body"]),
        (&500.into(), &"boom".into())
    );
    assert_eq!(attempt["outcome"], "bad_status");
    let resend = account.at(&format!("/deliveries/{delivery}/resend"));
    account.api.post(resend, json!({})).await.expect(202);
    account.delivery_once(&delivery, "succeeded").await;

    let (status, log) = tokio::task::block_in_place(|| listener.stop(Signal::TERM));
    assert!(status.success(), "{status}");
    assert!(
        log.lines().join("\n").contains("2 requests, 1 succeeded."),
        "{:#?}",
        log.lines()
    );
    assert_eq!(account.count("automations").await, 1, "its automation is deleted");
    assert_eq!(
        attempts_of(&account.delivery(&delivery).await).len(),
        2,
        "and the record stays"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_does_not_run_is_a_failed_attempt_on_record() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let listener = listen(&server, &account, &["http://127.0.0.1:1/", "--on", "wanted"]);
    account.send("other", "1").await;
    let event = account.send("wanted", "1").await;
    tokio::task::block_in_place(|| listener.wait_for("connect_error", wait::SOON));
    let delivery = account.delivery_id_of(&event).await;
    let attempt = wait::until("the attempt is on record", wait::SOON, async || {
        attempts_of(&account.delivery(&delivery).await).first().cloned()
    })
    .await;
    assert_eq!(attempt["outcome"], "connect_error");
    assert!(
        attempt["error"].as_str().unwrap().contains("refused"),
        "{attempt}"
    );
    drop(listener);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_listener_left_is_taken_over_by_the_next_run() {
    let (server, receiver) = (Server::start(), Receiver::start().await);
    let account = Account::create(server.api()).await;
    let url = receiver.url("/local");
    let killed = listen(&server, &account, &[&url]);
    tokio::task::block_in_place(|| killed.stop(Signal::KILL));
    assert_eq!(account.count("automations").await, 1);
    let listener = listen(&server, &account, &[&url]);
    assert_eq!(account.count("automations").await, 1);
    account.send("a", "1").await;
    receiver.wait_for("/local", 1, wait::SOON).await;
    drop(listener);
}
