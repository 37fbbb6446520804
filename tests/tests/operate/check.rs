//! `postrider check`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use postrider_tests::command::{self, CommandOutput};
use postrider_tests::{Account, Postgres, Server};
use serde_json::Value;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn check(flags: &[&str]) -> CommandOutput {
    command::run(&[&["check", "--json"], flags].concat())
}

/// The status and the message with the advice of a check.
#[track_caller]
pub(super) fn finding(output: &CommandOutput, check: &str) -> (String, String) {
    let document: Value =
        serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let findings = document["checks"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check}: {output:?}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("status"), format!("{} {}", text("message"), text("advice")))
}

/// The files of a folder with what they hold.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}

#[tokio::test]
async fn a_check_beside_a_server_and_after_a_kill_finds_all_in_order_and_changes_nothing() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    account.send("a", "1").await;
    let folder = server.data_dir().to_owned();
    let address = server.address().to_string();
    let flags = ["--data-dir", text(&folder), "--listen", &address];
    let running = check(&flags);
    assert_eq!(running.code, 0, "{running:?}");
    assert!(finding(&running, "database").1.contains("in use by a server"));
    assert!(finding(&running, "listen").1.contains("a Postrider responds"));
    for check in ["data folder", "secrets", "clock", "master key", "settings"] {
        assert_eq!(finding(&running, check).0, "ok", "{check}: {running:?}");
    }
    server.kill();
    let before = contents(&folder);
    let killed = check(&flags);
    assert!(finding(&killed, "database").1.contains("recovers"), "{killed:?}");
    assert_eq!(contents(&folder), before);
    server.start_again();
    assert!(server.stop().success());
    let before = contents(&folder);
    assert_eq!(finding(&check(&flags), "secrets").0, "ok");
    assert_eq!(contents(&folder), before);
}

#[test]
fn a_check_before_the_first_start_says_what_it_will_create_and_creates_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let output = check(&["--data-dir", text(&folder), "--listen", "127.0.0.1:0"]);
    assert_eq!(output.code, 0, "{output:?}");
    for check in ["data folder", "master key", "database"] {
        assert!(
            finding(&output, check).1.contains("the first start creates"),
            "{check}: {output:?}"
        );
    }
    assert!(!folder.exists());
    let shown = command::run(&["check", "--data-dir", text(&folder), "--listen", "127.0.0.1:0"]);
    assert!(shown.success().contains("ok       data folder"), "{shown:?}");
}

#[test]
fn each_thing_that_is_not_in_order_is_an_error_with_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let toml = folder.path().join("postrider.toml");
    fs::write(&toml, "listen = \"localhost:0\"\nretention = \"30\"\n").unwrap();
    let (file, toml) = (text(&file), text(&toml));
    let oidc = "--oidc-client-id p --oidc-admin a --oidc-issuer http://127.0.0.1:1";
    let smtp = "--smtp-from a@example.com --smtp-url smtp://127.0.0.1:1?tls=none";
    for (flags, check_name, parts) in [
        (format!("--config {toml}"), "settings", ["line 2", "`30d`"]),
        (
            format!("--listen {taken}"),
            "listen",
            ["Another program", "listen"],
        ),
        (
            format!("--data-dir {file}"),
            "data folder",
            ["not a folder", "data_dir"],
        ),
        (
            format!("--master-key-file {file}"),
            "master key",
            [file, "chmod 600"],
        ),
        (
            oidc.to_owned(),
            "identity provider",
            ["127.0.0.1:1", "oidc_issuer"],
        ),
        (smtp.to_owned(), "mail server", ["127.0.0.1:1", "smtp_url"]),
        (
            "--reach http://127.0.0.1:1/".to_owned(),
            "reach",
            ["127.0.0.1:1", "allow_destination"],
        ),
    ] {
        let data = folder.path().join("data");
        let defaults = [["--data-dir", text(&data)], ["--listen", "127.0.0.1:0"]];
        let mut all: Vec<&str> = flags.split(' ').collect();
        for default in defaults.iter().filter(|default| !flags.contains(default[0])) {
            all.extend(default);
        }
        let output = check(&all);
        assert_eq!(output.code, 1, "{flags}: {output:?}");
        let (status, said) = finding(&output, check_name);
        assert_eq!(status, "error", "{flags}: {output:?}");
        for part in parts {
            assert!(said.contains(part), "{flags}: {part}: {said}");
        }
    }
}

#[test]
fn a_database_in_order_is_checked_with_its_version_role_and_risks() {
    let postgres = Postgres::start();
    let files = tempfile::tempdir().unwrap();
    let key = files.path().join("master.key");
    fs::write(&key, command::run(&["keys", "master", "new"]).success()).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let url = postgres.url("postgres");
    let flags = [
        "--database-url",
        &url,
        "--master-key-file",
        text(&key),
        "--listen",
        "127.0.0.1:0",
    ];
    let output = check(&flags);
    assert_eq!(output.code, 0, "{output:?}");
    let (_, said) = finding(&output, "database");
    assert!(
        said.contains(&postgres.address().to_string()) && said.contains("as postrider"),
        "{said}"
    );
    for check in ["connections", "durability", "clock"] {
        assert_eq!(finding(&output, check).0, "ok", "{output:?}");
    }
    assert_eq!(
        postgres.sql("SELECT to_regclass('accounts') IS NULL"),
        "t",
        "nothing was created"
    );
    postgres.sql("CREATE ROLE few LOGIN CONNECTION LIMIT 4; GRANT ALL ON SCHEMA public TO few");
    let few = url.replace("postrider@", "few@");
    let few = check(&[
        "--database-url",
        &few,
        "--master-key-file",
        text(&key),
        "--listen",
        "127.0.0.1:0",
    ]);
    let (status, said) = finding(&few, "connections");
    assert!(
        status == "warning" && said.contains("can open 4 more") && said.contains("opens 9"),
        "{said}"
    );
    postgres.sql("ALTER ROLE postrider SET synchronous_commit = off");
    let (status, said) = finding(&check(&flags), "durability");
    assert!(
        status == "warning" && said.contains("synchronous_commit"),
        "{said}"
    );
    let mut server = Server::stopped_on_database(url.clone());
    server.start_again();
    let log = server.log().lines().join("\n");
    assert!(log.contains("synchronous_commit is off"), "{log}");
}
