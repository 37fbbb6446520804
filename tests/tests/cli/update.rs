//! `accounts update` and `automations update`.

use postrider_tests::command::{CommandOutput, run_against};
use postrider_tests::{Receiver, Server, wait};
use serde_json::json;

fn line(server: &Server, line: &str) -> CommandOutput {
    run_against(server, &line.split(' ').collect::<Vec<_>>())
}

#[test]
fn an_account_keeps_what_the_update_does_not_name() {
    let server = Server::start();
    let create = [
        "accounts",
        "create",
        "Acme",
        "--uid",
        "acme",
        "--metadata",
        r#"{"plan":"pro","seats":3}"#,
    ];
    run_against(&server, &create).success();
    let metadata = r#"{"seats":null,"n":8202522731445525542}"#;
    let update = [
        "accounts",
        "update",
        "acme",
        "--name",
        "Acme Inc.",
        "--metadata",
        metadata,
        "--json",
    ];
    let updated = run_against(&server, &update);
    assert!(updated.success().contains("8202522731445525542"), "{updated:?}");
    let updated = updated.json();
    assert_eq!(
        (&updated["name"], &updated["uid"]),
        (&json!("Acme Inc."), &json!("acme"))
    );
    assert_eq!(updated["metadata"]["plan"], "pro");
    assert!(updated["metadata"].get("seats").is_none());
    let nothing = line(&server, "accounts update acme");
    assert!(
        nothing.code == 2 && nothing.err.contains("nothing to change"),
        "{nothing:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_updated_action_keeps_its_id_and_its_secret_headers() {
    let (server, receiver) = (Server::start(), Receiver::start().await);
    let line = |text: &str| tokio::task::block_in_place(|| line(&server, text));
    let run = |words: &[&str]| tokio::task::block_in_place(|| run_against(&server, words));
    line("accounts create Acme --uid acme").success();
    let url = receiver.url("/old");
    let create = format!("automations create acme --name CRM --uid crm --on a --to {url} --json --header");
    let create: Vec<_> = create.split(' ').chain(["X-Token: secret"]).collect();
    let created = run(&create).json();
    let update = format!(
        "automations update acme crm --to {} --on b --timeout 7s --json",
        receiver.url("/new")
    );
    let refused = line(&update);
    assert!(refused.code == 0 || refused.err.contains("header"), "{refused:?}");
    let updated = refused.json();
    assert_eq!(updated["actions"][0]["id"], created["actions"][0]["id"]);
    assert_eq!(updated["actions"][0]["timeout_s"], 7);
    assert_eq!(updated["name"], "CRM");
    run(&["automations", "update", "acme", "crm", "--only-if", "total >= 10"]).success();
    run(&[
        "automations",
        "update",
        "acme",
        "crm",
        "--conditions",
        r#"{"any":[{"path":"/x","op":"exists"}]}"#,
    ])
    .success();
    line("events send acme b --data {\"x\":1}").success();
    let received = receiver.wait_for("/new", 1, wait::SOON).await.remove(0);
    assert_eq!(received.header("x-token"), "secret");
    let cleared = line("automations update acme crm --unset conditions --unset timeout --json").json();
    assert_eq!(cleared["trigger"]["conditions"], json!(null));
    assert_eq!(cleared["actions"][0]["timeout_s"], json!(null));
}
