//! `postrider restore`, and a backup that was copied over a database by hand.

use std::fs;
use std::path::Path;

use postrider_tests::command::{self, CommandOutput};
use postrider_tests::{Account, Receiver, Reply, Server, database};
use serde_json::json;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn restore(file: &Path, folder: &Path, more: &[&str]) -> CommandOutput {
    let arguments = ["restore", text(file), "--data-dir", text(folder)];
    command::run(&[&arguments, more].concat())
}

/// A server that was killed after a backup: the delivery of the first event is pending in the backup, and the
/// last event is in the log of the server.
struct Killed {
    server: Server,
    account: Account,
    events: [String; 2],
    files: tempfile::TempDir,
    _receiver: Receiver,
}

impl Killed {
    async fn after_a_backup() -> Self {
        let mut server = Server::start();
        let account = Account::create(server.api()).await;
        let receiver = Receiver::start().await;
        receiver.respond_with("/hook", |_| Reply::status(500));
        account
            .automation_with_delays(&receiver.url("/hook"), &[3_600])
            .await;
        let first = account.send("first", "1").await;
        receiver.wait_for("/hook", 1, postrider_tests::wait::SOON).await;
        let files = tempfile::tempdir().unwrap();
        let backup = files.path().join("backup.db");
        command::run(&["backup", text(&backup), "--data-dir", text(server.data_dir())]).success();
        let second = account.send("second", "2").await;
        server.kill();
        Self {
            server,
            account,
            events: [first, second],
            files,
            _receiver: receiver,
        }
    }

    fn backup(&self) -> std::path::PathBuf {
        self.files.path().join("backup.db")
    }
}

#[tokio::test]
async fn a_backup_copied_beside_the_log_of_a_killed_server_is_refused_and_restore_puts_it_right() {
    let mut killed = Killed::after_a_backup().await;
    let folder = killed.server.data_dir().to_owned();
    fs::copy(killed.backup(), folder.join("postrider.db")).unwrap();
    for _ in 0..2 {
        let (status, said) = killed.server.start_that_fails(&[]);
        assert_eq!(status.code(), Some(1), "{said}");
        for part in [
            "postrider.db-wal",
            "postrider restore",
            text(&folder),
            "--replace",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let refused = restore(&killed.backup(), &folder, &[]);
    assert!(
        refused.code == 1 && refused.err.contains("--replace"),
        "{refused:?}"
    );
    let restored = restore(&killed.backup(), &folder, &["--replace"]);
    let said = restored.success();
    assert!(said.contains("1 delivery was pending"), "{said}");
    assert!(said.contains("replaced-"), "{said}");
    killed.server.start_again();
    let account = killed.account.through(killed.server.api());
    let delivery = account
        .delivery(&account.delivery_id_of(&killed.events[0]).await)
        .await;
    assert_eq!(delivery["status"], "pending");
    let lost = account
        .api
        .get(account.at(&format!("/events/{}", killed.events[1])))
        .await;
    lost.problem(404, "event_not_found");
    assert!(killed.server.stop().success());
    database::assert_sound(&folder.join("postrider.db"));
}

#[tokio::test]
async fn the_replaced_database_of_a_killed_server_keeps_every_event() {
    let mut killed = Killed::after_a_backup().await;
    let folder = killed.server.data_dir().to_owned();
    restore(&killed.backup(), &folder, &["--replace"]).success();
    let mut paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let former = paths.find(|path| path.is_dir()).unwrap();
    // Back to where it was.
    for name in ["postrider.db", "postrider.db-wal"] {
        fs::copy(former.join(name), folder.join(name)).unwrap();
    }
    for entry in fs::read_dir(&former).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    killed.server.start_again();
    let account = killed.account.through(killed.server.api());
    for event in &killed.events {
        account.event(event).await;
    }
}

#[tokio::test]
async fn a_killed_server_that_nobody_touched_starts_with_every_event() {
    let mut killed = Killed::after_a_backup().await;
    killed.server.start_again();
    let account = killed.account.through(killed.server.api());
    for event in &killed.events {
        account.event(event).await;
    }
}

#[tokio::test]
async fn a_backup_is_restored_into_a_new_folder_with_its_master_key_and_not_under_a_running_server() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let event = account.send("a", "1").await;
    let files = tempfile::tempdir().unwrap();
    let backup = files.path().join("backup.db");
    command::run(&["backup", text(&backup), "--data-dir", text(server.data_dir())]).success();
    let refused = restore(&backup, server.data_dir(), &["--replace"]);
    assert!(
        refused.code == 1 && refused.err.contains("Stop the server first"),
        "{refused:?}"
    );

    let mut drill = Server::stopped();
    let key = drill.data_dir().join("master.key");
    let other = files.path().join("other.key");
    fs::write(&other, command::run(&["keys", "master", "new"]).success()).unwrap();
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let refused = restore(&backup, drill.data_dir(), &["--master-key-file", text(&other)]);
    assert!(
        refused.code == 1 && refused.err.contains("needs master key"),
        "{refused:?}"
    );
    assert!(!drill.data_dir().join("postrider.db").exists());
    let elsewhere = files.path().join("it's the key");
    fs::rename(&key, &elsewhere).unwrap();
    let restored = restore(
        &backup,
        drill.data_dir(),
        &["--master-key-file", text(&elsewhere)],
    );
    let next = restored.success();
    let expected = format!(
        "postrider serve --master-key-file '{}' --data-dir '{}'\n",
        text(&elsewhere).replace('\'', r"'\''"),
        text(drill.data_dir())
    );
    assert!(next.contains(&expected), "{expected} in\n{next}");
    let flags = [
        "--master-key-file",
        text(&elsewhere),
        "--allow-destination",
        "127.0.0.0/8",
    ];
    drill.start_again_with(&flags);
    account.through(drill.api()).event(&event).await;
    account
        .through(server.api())
        .send("b", &json!({"n": 2}).to_string())
        .await;
}
