//! URLs that webhooks must not reach: refused when saved, and again when dialled.

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::{Account, Receiver, Server, server::LOOPBACK_ALLOWED};
use serde_json::json;

/// Expects that an automation with this URL is refused with this error, and that nothing is stored.
async fn is_refused(account: &Account, url: &str, code: &str) {
    let action = json!({"type": "send_webhook", "url": url});
    let body = json!({"name": "Notify", "trigger": {"event_types": ["*"]}, "actions": [action]});
    let response = account.api.post(account.at("/automations"), body).await;
    response.problem(422, "invalid_body").at("/actions/0/url", code);
    assert_eq!(account.count("automations").await, 0, "{url}");
}

#[tokio::test]
async fn an_invalid_url_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for url in [
        "",
        "example.com/hook",
        "https://",
        "https:///hook",
        "https:example.com",
        "http://a b/",
        "https://exa mple",
    ] {
        is_refused(&account, url, "url_invalid").await;
    }
    is_refused(&account, "https://example.com\\@127.0.0.1/", "url_invalid").await;
    is_refused(
        &account,
        &format!("https://example.com/{}", "x".repeat(2_048)),
        "url_too_long",
    )
    .await;
}

#[tokio::test]
async fn a_url_of_another_scheme_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for url in [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
    ] {
        is_refused(&account, url, "url_scheme").await;
    }
}

#[tokio::test]
async fn user_info_and_fragments_in_a_url_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for url in [
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "https://:secret@example.com/",
    ] {
        is_refused(&account, url, "url_user_info").await;
    }
    is_refused(&account, "https://example.com/#top", "url_fragment").await;
}

#[tokio::test]
async fn forbidden_ports_are_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for port in [0, 22, 25, 6667, 2375, 5432, 6379, 9200, 10250, 27017] {
        is_refused(&account, &format!("https://example.com:{port}/"), "url_port").await;
    }
    is_refused(&account, "https://example.com:65536/", "url_invalid").await;
}

#[tokio::test]
async fn private_and_loopback_destinations_are_refused_when_saved() {
    let server = Server::start_with(&[]);
    let account = Account::create(server.api()).await;
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "localhost",
        "sub.localhost",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ] {
        is_refused(&account, &format!("http://{host}/hook"), "destination_forbidden").await;
    }
}

#[tokio::test]
async fn only_configured_networks_are_allowed() {
    let server = Server::start_with(&[
        "--allow-destination",
        "127.0.0.0/8",
        "--allow-destination",
        "10.1.0.0/16",
    ]);
    let account = Account::create(server.api()).await;
    for host in ["10.2.0.1", "192.168.1.1", "[fd00::1]"] {
        is_refused(&account, &format!("http://{host}/hook"), "destination_forbidden").await;
    }
    account.automation(json!({"url": "http://10.1.2.3/hook"})).await;
    account
        .automation(json!({"url": "http://127.0.0.1:8000/hook"}))
        .await;
}

#[tokio::test]
async fn internal_names_are_refused_when_saved_unless_they_are_allowed() {
    let server = Server::start_with(&["--allow-destination-name", "receiver,*.svc.cluster.local"]);
    let account = Account::create(server.api()).await;
    for host in [
        "vault",
        "receiver.local",
        "metadata.google.internal",
        "svc.cluster.local",
    ] {
        is_refused(&account, &format!("http://{host}/hook"), "destination_forbidden").await;
    }
    account
        .automation(json!({"url": "http://receiver:8080/hook"}))
        .await;
    account
        .automation(json!({"url": "http://api.default.svc.cluster.local/hook"}))
        .await;
}

#[tokio::test]
async fn the_operators_rules_apply_when_a_url_is_saved_and_when_it_is_called() {
    let mut server = Server::start_with(&LOOPBACK_ALLOWED);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation_with_delays(&receiver.url("/hook"), &[]).await;
    for rules in [
        &["--https-only"][..],
        &["--only-port", "443"],
        &["--deny-destination", "127.0.0.1"],
    ] {
        assert!(server.stop().success());
        server.start_again_with(&[&LOOPBACK_ALLOWED, rules].concat());
        let account = account.through(server.api());
        let event = account.send("a", "1").await;
        let delivery = account.wait_for_delivery(&event, "failed").await;
        assert_eq!(attempts_of(&delivery)[0]["outcome"], "blocked", "{rules:?}");
        let action = json!({"type": "send_webhook", "url": receiver.url("/other")});
        let body = json!({"name": "Notify", "trigger": {"event_types": ["*"]}, "actions": [action]});
        let response = account.api.post(account.at("/automations"), body).await;
        assert_eq!(response.status, 422, "{rules:?}");
    }
    assert_eq!(receiver.count("/hook"), 0);
}

#[tokio::test]
async fn a_destination_that_is_no_longer_allowed_is_blocked_when_dialled() {
    let mut server = Server::start_with(&LOOPBACK_ALLOWED);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation_with_delays(&receiver.url("/hook"), &[]).await;
    assert!(server.stop().success());
    server.start_again_with(&[]);
    let account = account.through(server.api());
    let event = account.send("a", "1").await;
    let delivery = account.wait_for_delivery(&event, "failed").await;
    let attempt = &attempts_of(&delivery)[0];
    assert_eq!(attempt["outcome"], "blocked");
    assert_eq!(attempt["status_code"], json!(null));
    assert!(attempt["error"].as_str().is_some_and(|error| !error.is_empty()));
    assert_eq!(receiver.count("/hook"), 0);
}

#[tokio::test]
async fn a_patch_to_a_private_destination_is_refused() {
    let server = Server::start_with(&[]);
    let account = Account::create(server.api()).await;
    let before = account
        .automation(json!({"url": "https://receiver.invalid/"}))
        .await;
    let path = account.at(&format!("/automations/{}", id_of(&before)));
    let action = json!({"id": before["actions"][0]["id"], "type": "send_webhook", "url": "http://10.0.0.1/"});
    let response = account.api.patch(&path, json!({"actions": [action]})).await;
    response
        .problem(422, "invalid_body")
        .at("/actions/0/url", "destination_forbidden");
    assert_eq!(account.api.get(&path).await.expect(200), before);
}
