//! Client commands, end to end.

use postrider_tests::command::{run, run_against};
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Receiver, Reply, Server, wait};
use serde_json::Value;

/// Runs a client command outside the runtime, which keeps serving the receiver meanwhile.
pub fn postrider(server: &Server, arguments: &[&str]) -> postrider_tests::command::CommandOutput {
    tokio::task::block_in_place(|| run_against(server, arguments))
}

pub fn json(server: &Server, arguments: &[&str]) -> Value {
    postrider(server, &[arguments, &["--json"]].concat()).json()
}

#[test]
fn conditions_of_the_command_line_decide_and_are_explained() {
    let server = Server::start();
    let account = ["accounts", "create", "Acme", "--uid", "acme"];
    assert_eq!(run_against(&server, &account).code, 0);
    let create = "automations create acme --name Large --on * --to https://receiver.example/";
    let create: Vec<_> = create.split(' ').collect();
    let only_if = [
        "--only-if",
        "total >= 8202522731445525542.50",
        "--only-if",
        "country in DE, AT",
    ];
    let created = run_against(&server, &[&create[..], &only_if].concat());
    let shown = "total ≥ 8202522731445525542.50 and country is DE or AT";
    assert!(created.out.contains(shown), "{}", created.out);
    let data = r#"{"total":8202522731445525542.49,"country":"DE"}"#;
    let send = ["events", "send", "acme", "a.b", "--data", data, "--json"];
    let event = run_against(&server, &send).json();
    assert_eq!(event["deliveries"], 0);
    let why = run_against(
        &server,
        &["events", "automations", "acme", event["id"].as_str().unwrap()],
    );
    assert!(why.out.contains("held_back"), "{}", why.out);
    let reason = "total is 8,202,522,731,445,525,542.49, needs at least 8,202,522,731,445,525,542.50";
    assert!(why.out.contains(reason), "{}", why.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_sent_from_the_command_line_is_delivered_and_shown() {
    let (server, receiver) = (Server::start(), Receiver::start().await);
    receiver.respond("/hook", [Reply::status(200).with_body("thanks")]);
    let create = [
        "accounts",
        "create",
        "Acme Ltd",
        "--uid",
        "acme",
        "--metadata",
        r#"{"plan":"pro"}"#,
    ];
    let account = json(&server, &create);
    assert_eq!(
        (&account["uid"], &account["metadata"]["plan"]),
        (&"acme".into(), &"pro".into())
    );
    let url = receiver.url("/hook");
    let create = [
        "automations",
        "create",
        "acme",
        "--name",
        "CRM",
        "--on",
        "proposal.*",
        "--to",
        &url,
        "--header",
        "X-Team: sales",
    ];
    let automation = json(&server, &create);
    assert_eq!(automation["actions"][0]["headers"]["X-Team"], "••••");
    let data = r#"{"b":1, "a":"é"}"#;
    let event = json(
        &server,
        &["events", "send", "acme", "proposal.accepted", "--data", data],
    );
    let event = event["id"].as_str().unwrap();
    let received = receiver.wait_for("/hook", 1, wait::SOON).await.remove(0);
    assert_eq!(received.header("x-team"), "sales");
    let delivery = wait::until("the delivery succeeded", wait::SOON, async || {
        let list = json(&server, &["deliveries", "list", "acme", "--status", "succeeded"]);
        list["data"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let shown = json(&server, &["deliveries", "show", "acme", &delivery]);
    assert_eq!(
        (&shown["event_id"], &shown["attempts"][0]["response_body"]),
        (&event.into(), &"thanks".into())
    );
    let text = postrider(&server, &["deliveries", "show", "acme", &delivery]);
    for part in [
        &delivery,
        event,
        "succeeded",
        "200",
        "thanks",
        "proposal.accepted",
        &url,
    ] {
        assert!(text.success().contains(part), "{part}: {}", text.out);
    }
    let shown = postrider(&server, &["events", "show", "acme", event, "--json"]);
    assert!(
        shown.success().contains(data),
        "the data as it was sent: {}",
        shown.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_from_the_command_line_is_one_more_attempt() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    json(&server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let url = receiver.url("/hook");
    json(
        &server,
        &[
            "automations",
            "create",
            "acme",
            "--name",
            "N",
            "--on",
            "*",
            "--to",
            &url,
            "--retry-delays",
            "none",
        ],
    );
    json(&server, &["events", "send", "acme", "a", "--data", "1"]);
    let delivery = wait::until("the delivery failed", wait::SOON, async || {
        let list = json(&server, &["deliveries", "list", "acme", "--status", "failed"]);
        list["data"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    postrider(&server, &["deliveries", "resend", "acme", &delivery]).success();
    receiver.wait_for("/hook", 2, wait::SOON).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_shown_and_rotated_from_the_command_line() {
    let server = Server::start();
    json(&server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let before = json(&server, &["keys", "show", "acme"]);
    let new = json(&server, &["keys", "rotate", "acme", "--overlap", "7d"]);
    let after = json(&server, &["keys", "show", "acme"]);
    assert_eq!(after["data"][0]["secret"], new["secret"]);
    assert_eq!(after["data"][1]["secret"], before["data"][0]["secret"]);
    let text = postrider(&server, &["keys", "show", "acme"]);
    assert!(
        text.success().contains(new["secret"].as_str().unwrap()) && text.out.contains("overlapping"),
        "{}",
        text.out
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_and_data_from_standard_input_work() {
    let server = Server::start();
    json(&server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let send = [
        "events",
        "send",
        "acme",
        "a",
        "--data",
        "1",
        "--idempotency-key",
        "once",
    ];
    assert_eq!(json(&server, &send), json(&server, &send));
    let url = server.api().url();
    let arguments = [
        "events",
        "send",
        "acme",
        "a",
        "--data",
        "-",
        "--json",
        "--url",
        &url,
        "--api-key",
        ADMIN_KEY,
    ];
    let output =
        tokio::task::block_in_place(|| postrider_tests::command::run_with_input(&arguments, "{\"n\":2}\n"));
    assert!(output.json()["id"].as_str().unwrap().starts_with("evt_"));
    let list = json(&server, &["events", "list", "acme"]);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_have_exit_codes_and_messages() {
    let server = Server::start();
    let missing = postrider(&server, &["accounts", "show", "nobody"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.err.contains("account_not_found") && missing.out.is_empty(),
        "{missing:?}"
    );
    let refused = postrider(&server, &["accounts", "create", "A", "--uid", "a b"]);
    assert!(refused.code == 1 && refused.err.contains("/uid"), "{refused:?}");
    let url = server.api().url();
    let wrong_key = run(&[
        "accounts",
        "list",
        "--url",
        &url,
        "--api-key",
        "prk_nobodys-key-at-all",
    ]);
    assert!(
        wrong_key.code == 1 && wrong_key.err.contains("unauthorized"),
        "{wrong_key:?}"
    );
    let no_key = run(&["accounts", "list", "--url", &url]);
    assert!(
        no_key.code == 2 && no_key.err.contains("POSTRIDER_API_KEY"),
        "{no_key:?}"
    );
    let nobody_there = run(&[
        "accounts",
        "list",
        "--url",
        "http://127.0.0.1:1",
        "--api-key",
        "prk_any-key-of-ours",
    ]);
    assert_eq!(nobody_there.code, 3, "{nobody_there:?}");
    for bad in [
        &["accounts", "create"][..],
        &["acounts"],
        &["events", "send", "acme", "a", "--data", "{"],
    ] {
        assert_eq!(postrider(&server, bad).code, 2, "{bad:?}");
    }
    let list = json(&server, &["accounts", "list"]);
    assert_eq!(list["data"].as_array().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_deleted_only_with_yes() {
    let server = Server::start();
    json(&server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let unasked = postrider(&server, &["accounts", "delete", "acme"]);
    assert!(unasked.code == 2 && unasked.err.contains("--yes"), "{unasked:?}");
    postrider(&server, &["accounts", "show", "acme"]).success();
    postrider(&server, &["accounts", "delete", "acme", "--yes"]).success();
    assert_eq!(postrider(&server, &["accounts", "show", "acme"]).code, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_link_is_created_and_shown() {
    let server = Server::start();
    json(&server, &["accounts", "create", "Acme Ltd", "--uid", "acme"]);
    let make = ["portal-links", "create", "acme", "--expires-in", "2h"];
    let link = json(
        &server,
        &[&make[..], &["--read-only", "--theme", "dark"]].concat(),
    );
    assert_eq!(
        (&link["read_only"], &link["theme"]),
        (&true.into(), &"dark".into())
    );
    let shown = postrider(&server, &make);
    let here = format!("http://{}/sign-in/prl_", server.address());
    for part in [&*here, "read and change", "Expires"] {
        assert!(shown.success().contains(part), "{part}: {shown:?}");
    }
    let refused = postrider(&server, &["portal-links", "create", "acme", "--expires-in", "8d"]);
    assert_eq!(refused.code, 2, "{refused:?}");
}

/// An account with one delivery that failed and one that succeeded.
async fn failed_and_succeeded(server: &Server, receiver: &Receiver) {
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    json(server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let url = receiver.url("/hook");
    let create = [
        "automations",
        "create",
        "acme",
        "--name",
        "N",
        "--on",
        "*",
        "--to",
        &url,
        "--retry-delays",
        "none",
    ];
    json(server, &create);
    for (data, status) in [("1", "failed"), ("2", "succeeded")] {
        json(server, &["events", "send", "acme", "a", "--data", data]);
        wait::until(status, wait::SOON, async || {
            let list = json(server, &["deliveries", "list", "acme", "--status", status]);
            list["data"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_needs_a_filter_and_a_confirmation_and_has_a_dry_run() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    failed_and_succeeded(&server, &receiver).await;
    let replay = |flags: &[&str]| postrider(&server, &[&["deliveries", "replay", "acme"], flags].concat());
    for (flags, words) in [
        (&[][..], "at least one filter"),
        (&["--yes"], "at least one filter"),
        (&["--dry-run"], "at least one filter"),
        (&["--status", "failed"], "--yes"),
    ] {
        let refused = replay(flags);
        assert!(
            refused.code == 2 && refused.err.contains(words),
            "{flags:?}: {refused:?}"
        );
    }
    let counted = replay(&["--status", "failed", "--dry-run"]);
    assert_eq!(counted.success(), "1 delivery: account acme, status failed.\n");
    let counted = replay(&["--after", "1h", "--dry-run", "--json"]);
    assert_eq!(counted.json()["count"], 2);
    receiver.wait_for("/hook", 2, wait::SOON).await;

    let replayed = replay(&["--status", "failed", "--yes"]);
    assert_eq!(replayed.success(), "Resending 1 delivery.\n");
    let requests = receiver.wait_for("/hook", 3, wait::SOON).await;
    assert_eq!(
        requests[2].header("webhook-id"),
        requests[0].header("webhook-id"),
        "the failed delivery alone was resent"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_trail_of_an_account_is_listed_by_id_also_once_it_is_deleted() {
    let server = Server::start();
    let account = json(&server, &["accounts", "create", "Acme", "--uid", "acme"]);
    let id = account["id"].as_str().unwrap();
    let create = "api-keys create CI --permission manage --account acme";
    let key = json(&server, &create.split(' ').collect::<Vec<_>>());
    let key = key["key"].as_str().unwrap();
    let actions = |arguments: &[&str]| {
        let list = json(&server, &[&["audit", "list", "--account"], arguments].concat());
        let entries = list["data"].as_array().unwrap().clone();
        let action = |entry: &Value| entry["action"].as_str().unwrap().to_owned();
        entries.iter().map(action).collect::<Vec<_>>()
    };
    let both = ["api_key.created", "account.created"];
    assert_eq!(actions(&["acme"]), both);
    assert_eq!(actions(&[id]), both);
    assert_eq!(actions(&[id, "--api-key", key]), both, "its own key may ask too");
    postrider(&server, &["accounts", "delete", id, "--yes"]).success();
    assert_eq!(
        actions(&[id, "--action", "account.*"]),
        ["account.deleted", "account.created"]
    );
    for unknown in ["acme", "acct_01kezf7c00e00r000000000000"] {
        let listed = postrider(&server, &["audit", "list", "--account", unknown]);
        assert_eq!(listed.code, 1);
        assert!(listed.err.contains("account_not_found"), "{listed:?}");
    }
}
