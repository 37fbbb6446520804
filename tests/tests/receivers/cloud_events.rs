//! The CloudEvents SDKs of npm and PyPI send events in every mode, and read what Postrider sends in both.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use postrider_tests::foreign::python;
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

/// What the script printed. It ends by itself.
async fn told(account: &Account, interpreter: impl AsRef<OsStr>, script: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("receivers")
        .join(script);
    let mut command = Command::new(interpreter);
    command
        .arg(script)
        .env(
            "POSTRIDER_TEST_ACCOUNT",
            format!("{}{}", account.api.url(), account.at("")),
        )
        .env("POSTRIDER_TEST_KEY", ADMIN_KEY);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{error}; ./test installs what is missing"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn sends_in_every_mode_and_reads_both(interpreter: impl AsRef<OsStr>, script: &str, subject: &str) {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let told = told(&account, interpreter, script).await;
    let responses = told["responses"].as_array().unwrap();
    let statuses: Vec<_> = responses
        .iter()
        .map(|it| it["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [202, 200, 200, 202, 207], "{told}");
    let id = |response: usize| &responses[response]["body"]["id"];
    assert_eq!((id(1), id(2)), (id(0), id(0)));
    let batch = &responses[4]["body"]["data"];
    assert_eq!((&batch[0]["status"], &batch[0]["id"]), (&json!(200), id(3)));
    assert_eq!(batch[1]["status"], 202);

    let received = told["received"].as_array().unwrap();
    assert_eq!(received.len(), 6, "a repeated event is not delivered again");
    for (event, origin) in [
        (id(0), "structured"),
        (id(3), "binary"),
        (&batch[1]["id"], "batch"),
    ] {
        for path in ["/structured", "/binary"] {
            let found = received
                .iter()
                .find(|it| it["path"] == path && it["webhook_id"] == *event);
            let found = found.unwrap_or_else(|| panic!("{origin} at {path}: {told}"));
            let expected = json!({
                "specversion": "1.0",
                "id": event,
                "source": "https://shop.example.com/orders",
                "type": "com.example.proposal.accepted",
                "time": "2026-01-31T09:30:00.123Z",
                "subject": subject,
                "dataschema": "https://example.com/schemas/proposal.json",
                "datacontenttype": "application/json",
                "originid": origin,
                "tenant": "42",
                "data": {"total": 1250, "name": "Zoë"},
            });
            assert_eq!(found["event"], expected, "{path}");
        }
    }
}

#[tokio::test]
async fn the_sdk_of_node_sends_in_every_mode_and_reads_both() {
    // It neither encodes nor decodes the values of headers, so it gets by with ASCII.
    sends_in_every_mode_and_reads_both("node", "node/cloudevents.mjs", "proposals/7").await;
}

#[tokio::test]
async fn the_sdk_of_python_sends_in_every_mode_and_reads_both() {
    sends_in_every_mode_and_reads_both(python(), "python/cloud_events.py", "Käse 7/100%").await;
}
