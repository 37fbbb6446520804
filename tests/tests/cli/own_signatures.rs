//! Signature profiles and keys of actions, and profiles of the settings, as receivers see them: judged by the
//! libraries of those who invented the profiles.

use std::path::Path;

use postrider_tests::command::{CommandOutput, run};
use postrider_tests::receiver::Received;
use postrider_tests::{Account, Api, Receiver, Reply, Server, wait};
use serde_json::{Map, Value, json};

use super::client::json as command;
use super::profiles::{libraries_accept, request};

const ACME: &str = r#"
[signature_profiles.acme]
[[signature_profiles.acme.headers]]
name = "X-Acme-Signature"
value = "t={timestamp},v1={hex}"
signed = "{timestamp}.{body}"
overlap = "all"
separator = ","
"#;

/// A receiver, and an account whose webhooks go there.
struct Pair {
    receiver: Receiver,
    account: Account,
}

/// The first action of an automation, with the path of its keys.
fn own_keys(account: &Account, automation: &Value) -> String {
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let (automation_id, action) = (id(automation), id(&automation["actions"][0]));
    account.at(&format!(
        "/automations/{automation_id}/actions/{action}/signing-keys"
    ))
}

async fn pair(server: &Server) -> Pair {
    let receiver = Receiver::start().await;
    receiver.respond_with("/hook", |_| Reply::status(204));
    Pair {
        account: Account::create(server.api()).await,
        receiver,
    }
}

fn headers_of(received: &Received) -> Map<String, Value> {
    let headers = received.headers.iter();
    headers
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().into()))
        .collect()
}

/// What a library judges: the `number`-th request at the receiver, under this profile and key.
async fn judged(pair: &Pair, number: usize, profile: &str, key: &Value) -> Value {
    let received = pair
        .receiver
        .wait_for("/hook", number, wait::SOON)
        .await
        .remove(number - 1);
    let body = String::from_utf8(received.body.to_vec()).unwrap();
    request(profile, key.as_str().unwrap(), &body, &headers_of(&received))
}

async fn current(api: &Api, keys: &str) -> Value {
    api.get(keys.to_owned()).await.expect(200)["data"][0].clone()
}

#[tokio::test]
async fn official_libraries_accept_each_action_by_its_own_profile_and_key() {
    let server = Server::start();
    let mut requests = vec![];
    for (profile, key) in [
        ("standard", "own_hmac"),
        ("svix", "own_hmac"),
        ("github", "own_hmac"),
        ("stripe", "own_hmac"),
        ("shopify", "own_hmac"),
        ("standard", "own_ed25519"),
    ] {
        let pair = pair(&server).await;
        let action =
            json!({"url": pair.receiver.url("/hook"), "signature_profile": profile, "signing_key": key});
        let automation = pair.account.automation(action).await;
        let own = current(&pair.account.api, &own_keys(&pair.account, &automation)).await;
        pair.account.send("a.b", r#"{"name":"Zoë"}"#).await;
        let verifies = if key == "own_ed25519" {
            &own["public_key"]
        } else {
            &own["secret"]
        };
        requests.push(judged(&pair, 1, profile, verifies).await);
        let of_account = Value::from(pair.account.secret().await);
        if key == "own_hmac" {
            requests.push(judged(&pair, 1, profile, &of_account).await);
        }
    }
    let own_and_account = [true, false];
    let expected = [&own_and_account.repeat(5)[..], &[true]].concat();
    assert_eq!(libraries_accept(&requests), expected);
}

#[tokio::test]
async fn a_rotation_of_an_actions_key_overlaps_through_a_kill_and_leaves_the_account_alone() {
    let mut server = Server::start();
    let mut pair = pair(&server).await;
    let hook = pair.receiver.url("/hook");
    let automation = pair
        .account
        .automation(json!({"url": hook, "signature_profile": "standard", "signing_key": "own_hmac"}))
        .await;
    let keys = own_keys(&pair.account, &automation);
    let before = current(&pair.account.api, &keys).await;
    let rotated = pair
        .account
        .api
        .post(format!("{keys}/rotate"), json!({"algorithm": "ed25519"}))
        .await
        .expect(201);
    server.kill();
    server.start_again();
    pair.account = pair.account.through(server.api());
    pair.account.send("a.b", "1").await;
    let requests = [
        judged(&pair, 1, "standard", &rotated["public_key"]).await,
        judged(&pair, 1, "standard", &before["secret"]).await,
    ];
    assert_eq!(libraries_accept(&requests), [true, true]);
    let of_account = pair
        .account
        .api
        .get(pair.account.at("/signing-keys"))
        .await
        .expect(200);
    assert_eq!(of_account["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_profile_that_the_settings_lose_makes_deliveries_wait_and_costs_no_attempt() {
    let mut server = Server::stopped();
    let file = server.data_dir().join("acme.toml");
    std::fs::write(&file, ACME).unwrap();
    let with_file = [
        "--allow-destination",
        "127.0.0.0/8",
        "--config",
        file.to_str().unwrap(),
    ]
    .map(str::to_owned);
    let with_file: Vec<&str> = with_file.iter().map(String::as_str).collect();
    server.start_again_with(&with_file);
    let mut pair = pair(&server).await;
    let automation = pair
        .account
        .automation(json!({"url": pair.receiver.url("/hook"), "signature_profile": "acme"}))
        .await;
    let key = pair.account.secret().await;

    server.stop();
    server.start_again();
    pair.account = pair.account.through(server.api());
    let event = pair.account.send("a.b", r#"{"n":1}"#).await;
    server
        .log()
        .find(0, wait::SOON, |line| {
            line.contains("webhooks cannot be signed").then_some(())
        })
        .expect("the log says so");
    let delivery = pair.account.wait_for_delivery(&event, "pending").await;
    assert_eq!(delivery["attempts"], json!([]));
    // An edit of something else is possible meanwhile.
    let path = pair
        .account
        .at(&format!("/automations/{}", automation["id"].as_str().unwrap()));
    pair.account
        .api
        .patch(path, json!({"name": "Renamed"}))
        .await
        .expect(200);

    server.stop();
    server.start_again_with(&with_file);
    pair.account = pair.account.through(server.api());
    let delivery = pair.account.wait_for_delivery(&event, "succeeded").await;
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 1, "{delivery}");
    let received = pair.receiver.wait_for("/hook", 1, wait::SOON).await.remove(0);
    let verified = |body: &[u8]| verified(&file, &key, &received, body);
    assert_eq!(verified(&received.body).success(), "X-Acme-Signature  matches\n");
    assert_eq!(verified(b"{}").code, 1, "another body");
}

/// What `postrider verify` says of a request with this body, under the profile of this file.
fn verified(file: &Path, key: &str, received: &Received, body: &[u8]) -> CommandOutput {
    let path = file.with_extension("body");
    std::fs::write(&path, body).unwrap();
    let header = format!("X-Acme-Signature: {}", received.header("x-acme-signature"));
    let [file, path] = [file, &path].map(|path| path.to_str().unwrap());
    let profile = ["verify", "--profile", "acme", "--config", file, "--secret", key];
    run(&[&profile[..], &["--header", &header, "--body", path]].concat())
}

#[test]
fn a_server_whose_profile_is_wrong_does_not_start_and_says_where() {
    let mut server = Server::stopped();
    let file = server.data_dir().join("acme.toml");
    std::fs::write(&file, ACME.replace("{hex}", "{hax}")).unwrap();
    let (status, output) = server.start_that_fails(&["--config", file.to_str().unwrap()]);
    assert!(!status.success());
    let place = "acme.toml, line 2: signature_profiles.acme: headers[0].value: `{hax}` is unknown";
    assert!(output.contains(place), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_an_action_are_shown_and_rotated_from_the_command_line() {
    let server = Server::start();
    let call = |arguments: &[&str]| command(&server, arguments);
    call(&["accounts", "create", "Acme", "--uid", "acme"]);
    let created = call(&[
        "automations",
        "create",
        "acme",
        "--name",
        "n",
        "--uid",
        "crm",
        "--on",
        "*",
        "--to",
        "https://receiver.example/",
        "--signature-profile",
        "standard",
        "--own-key",
        "ed25519",
    ]);
    let action = created["actions"][0]["id"].as_str().unwrap();
    assert_eq!(created["actions"][0]["signing_key"], "own_ed25519");
    let owner = ["--automation", "crm", "--action", action];
    let before = call(&[&["keys", "show", "acme"][..], &owner].concat());
    assert!(
        before["data"][0]["public_key"]
            .as_str()
            .unwrap()
            .starts_with("whpk_")
    );
    let new = call(&[&["keys", "rotate", "acme", "--algorithm", "hmac"][..], &owner].concat());
    let after = call(&[&["keys", "show", "acme"][..], &owner].concat());
    assert_eq!(after["data"][0]["secret"], new["secret"]);
    assert_eq!(after["data"][1]["secret"], before["data"][0]["secret"]);
}
