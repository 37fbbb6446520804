//! The built program as a server, driven by its own client commands.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

mod admin_key;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use support::postrider;

const ADMIN_KEY: &str = "an-admin-key-for-our-tests";

/// A server on a free port. It is killed if a test ends before stopping it.
struct Server {
    child: Child,
    url: String,
    /// What it printed before it listened.
    before: String,
}

impl Server {
    fn start(data_dir: &Path, admin_key: Option<&str>) -> Self {
        let key = admin_key.map(|key| ("POSTRIDER_ADMIN_KEY", key));
        Self::start_with(data_dir, key.as_slice())
    }

    fn start_with(data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = postrider();
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--allow-destination",
            "127.0.0.1",
        ]);
        command.arg("--data-dir").arg(data_dir).stdout(Stdio::piped());
        command.envs(variables.iter().copied());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut before = String::new();
        let url = loop {
            let line = lines.next().expect("the server ended before it listened");
            match line.strip_prefix("listening on ") {
                Some(url) => break url.to_owned(),
                None => before.push_str(&(line + "\n")),
            }
        };
        Self { child, url, before }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        postrider()
            .args(arguments)
            .env("POSTRIDER_URL", &self.url)
            .env("POSTRIDER_API_KEY", ADMIN_KEY)
            .output()
            .unwrap()
    }

    /// The output of a command that has to succeed.
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn terminate(mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_client_commands_work_against_a_server_that_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let server = Server::start(&data_dir, Some(ADMIN_KEY));
    assert_eq!(server.before, "", "a key that was given is not printed");

    accounts_and_keys(&server);
    let automation = automation_is_created_and_shown(&server);
    events_and_deliveries(&server);
    automation_is_switched_tested_and_deleted(&server, &automation);
    refusals(&server);
    backup_of_a_running_server(&data_dir, folder.path());
    assert_eq!(server.terminate().code(), Some(0));

    let migrated = postrider()
        .args(["migrate", "--data-dir"])
        .arg(&data_dir)
        .output()
        .unwrap();
    assert!(migrated.status.success());
    assert!(
        String::from_utf8(migrated.stdout)
            .unwrap()
            .contains("already has schema")
    );
}

fn accounts_and_keys(server: &Server) {
    let created = server.text(&[
        "accounts",
        "create",
        "Zoë & Co",
        "--uid",
        "acme",
        "--metadata",
        "{\"plan\":\"pro\"}",
    ]);
    assert!(created.contains("Uid       acme\n"), "{created}");
    let list = server.text(&["accounts", "list"]);
    assert!(list.starts_with("ID") && list.contains("Zoë & Co"), "{list}");
    assert_eq!(
        server.json(&["accounts", "list", "--all"])["data"][0]["metadata"]["plan"],
        "pro"
    );

    server.text(&["keys", "rotate", "acme", "--overlap", "1h"]);
    let keys = server.text(&["keys", "show", "acme"]);
    assert!(
        keys.contains("current") && keys.contains("overlapping") && keys.contains("whsec_"),
        "{keys}"
    );

    server.text(&[
        "event-types",
        "set",
        "proposal.accepted",
        "--description",
        "Yes",
        "--example",
        "{\"n\":1}",
    ]);
    assert!(
        server
            .text(&["event-types", "list"])
            .contains("proposal.accepted")
    );
    server.text(&["accounts", "create", "Deleted"]);
    let deleted = server.json(&["accounts", "list"])["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        server.run(&["accounts", "delete", &deleted]).status.code(),
        Some(2),
        "--yes is needed"
    );
    assert!(
        server
            .text(&["accounts", "delete", &deleted, "--yes"])
            .contains("Deleted")
    );
}

fn automation_is_created_and_shown(server: &Server) -> String {
    // Nothing listens on this port any more, so the attempt fails at once.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/hook");
    let created = server.json(&[
        "automations",
        "create",
        "acme",
        "--name",
        "CRM",
        "--on",
        "proposal.*",
        "--to",
        &url,
        "--plain-header",
        "X-Team: sales",
        "--header",
        "Authorization: Bearer hidden",
        "--retry-delays",
        "none",
        "--body-style",
        "python",
        "--timeout",
        "5s",
    ]);
    let automation = created["id"].as_str().unwrap();
    let shown = server.text(&["automations", "show", "acme", automation]);
    assert!(
        shown.contains("envelope, python") && shown.contains("X-Team: sales"),
        "{shown}"
    );
    assert!(
        shown.contains("Authorization: ••••") && !shown.contains("hidden"),
        "{shown}"
    );
    assert!(server.text(&["automations", "list", "acme"]).contains(&url));
    automation.to_owned()
}

fn events_and_deliveries(server: &Server) {
    let event = server.json(&[
        "events",
        "send",
        "acme",
        "proposal.accepted",
        "--data",
        "{\"n\":12345678901234567890123}",
    ]);
    assert_eq!(event["deliveries"], 1);
    let event = event["id"].as_str().unwrap();
    let shown = server.text(&["events", "show", "acme", event]);
    assert!(
        shown.contains("{\"n\":12345678901234567890123}") && shown.contains("number_precision"),
        "{shown}"
    );

    let delivery = wait_for_delivery(server, event);
    let shown = server.text(&["deliveries", "show", "acme", &delivery]);
    assert!(
        shown.contains("Attempt 1") && shown.contains("> POST http://127.0.0.1:"),
        "{shown}"
    );
    assert!(shown.contains("webhook-id: ") && shown.contains(event), "{shown}");
    assert!(
        server
            .text(&[
                "deliveries",
                "list",
                "acme",
                "--status",
                "failed",
                "--after",
                "1h"
            ])
            .contains(&delivery)
    );
    assert!(
        server
            .text(&["deliveries", "resend", "acme", &delivery])
            .contains("Resending")
    );
    server.text(&["deliveries", "replay", "acme", "--status", "failed", "--yes"]);
}

fn automation_is_switched_tested_and_deleted(server: &Server, automation: &str) {
    server.text(&["automations", "disable", "acme", automation]);
    assert!(server.text(&["automations", "list", "acme"]).contains("no"));
    server.text(&["automations", "enable", "acme", automation]);
    assert!(
        server
            .text(&[
                "automations",
                "test",
                "acme",
                automation,
                "--type",
                "proposal.accepted"
            ])
            .contains("Sent test event evt_")
    );
    server.text(&["automations", "delete", "acme", automation]);
}

/// The id of an event's only delivery, once it has failed.
fn wait_for_delivery(server: &Server, event: &str) -> String {
    loop {
        let list = server.json(&["deliveries", "list", "acme", "--event", event]);
        if list["data"][0]["status"] == "failed" {
            return list["data"][0]["id"].as_str().unwrap().to_owned();
        }
    }
}

fn refusals(server: &Server) {
    let refused = server.run(&["accounts", "create", "Again", "--uid", "acme"]);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(
        message.starts_with("error: ") && message.contains("(409 "),
        "{message}"
    );

    let private = [
        "automations",
        "create",
        "acme",
        "--name",
        "x",
        "--on",
        "*",
        "--to",
        "http://10.0.0.1/",
    ];
    let message = String::from_utf8(server.run(&private).stderr).unwrap();
    assert!(message.contains("/actions/0/url"), "{message}");

    let output = postrider()
        .args(["accounts", "list", "--url", &server.url])
        .env("POSTRIDER_API_KEY", "another-key-altogether")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("(401 "));
}

fn backup_of_a_running_server(data_dir: &Path, folder: &Path) {
    let copy = folder.join("copy.db");
    let backup = || {
        postrider()
            .arg("backup")
            .arg(&copy)
            .arg("--data-dir")
            .arg(data_dir)
            .output()
            .unwrap()
    };
    assert!(backup().status.success());
    assert_eq!(
        backup().status.code(),
        Some(1),
        "a file that is there is not overwritten"
    );
    let second = postrider()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        String::from_utf8(second.stderr)
            .unwrap()
            .contains("another process is using")
    );
}
