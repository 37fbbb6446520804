//! The data folder: one process at a time, and no older binary than the one that wrote it last.

use postrider_tests::server::MASTER_KEY_FILE;
use postrider_tests::{Account, Server, command, database};

#[tokio::test]
async fn a_second_process_on_one_data_folder_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let folder = server.data_dir().to_str().unwrap();
    let second = command::run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", folder]);
    assert_eq!(second.code, 1, "{second:?}");
    let message = second.err.to_lowercase();
    assert!(
        message.contains("another") || message.contains("in use"),
        "{}",
        second.err
    );
    assert!(second.err.contains(folder), "{}", second.err);
    assert!(!second.err.contains("panicked"), "{}", second.err);
    account.send("a", "1").await;
}

#[tokio::test]
async fn a_folder_is_free_again_after_a_kill() {
    let mut server = Server::start();
    let account = Account::create(server.api()).await;
    for _ in 0..3 {
        server.kill();
        server.start_again();
        account.through(server.api()).send("a", "1").await;
    }
    assert_eq!(account.through(server.api()).count("events").await, 3);
}

#[tokio::test]
async fn an_older_binary_refuses_a_newer_schema_and_changes_nothing() {
    let mut server = Server::start();
    Account::create(server.api()).await;
    assert!(server.stop().success());
    let file = database::file_in(server.data_dir());
    let version: i64 = database::query(&file, "PRAGMA user_version").parse().unwrap();
    assert!(version > 0);
    database::query(&file, &format!("PRAGMA user_version = {}", version + 1));
    let (status, said) = server.start_that_fails(&[]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("newer"), "{said}");
    assert!(said.contains(&(version + 1).to_string()), "{said}");
    let migrate = command::run(&["migrate", "--data-dir", server.data_dir().to_str().unwrap()]);
    assert!(migrate.code == 1 && migrate.err.contains("newer"), "{migrate:?}");
    assert_eq!(
        database::query(&file, "PRAGMA user_version"),
        (version + 1).to_string()
    );
    database::assert_sound(&file);
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused_and_unchanged() {
    let mut server = Server::start();
    assert!(server.stop().success());
    let file = database::file_in(server.data_dir());
    for entry in std::fs::read_dir(server.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path != file && !path.ends_with(MASTER_KEY_FILE) {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::write(&file, "this was written by somebody else, ".repeat(500)).unwrap();
    let (status, said) = server.start_that_fails(&[]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .starts_with("this was written by somebody else")
    );
}

#[tokio::test]
async fn migrate_reports_its_changes_and_leaves_other_files_alone() {
    let mut server = Server::start();
    Account::create(server.api()).await;
    let folder = server.data_dir().to_str().unwrap().to_owned();
    let in_use = command::run(&["migrate", "--data-dir", &folder]);
    assert!(in_use.code == 1 && !in_use.err.contains("panicked"), "{in_use:?}");
    assert!(server.stop().success());
    let again = command::run(&["migrate", "--data-dir", &folder]);
    assert!(again.success().contains("already has schema"), "{again:?}");
    let missing = format!("{folder}/missing");
    assert_eq!(command::run(&["migrate", "--data-dir", &missing]).code, 1);
    assert!(!std::path::Path::new(&missing).exists());
}

#[tokio::test]
async fn the_first_admin_key_is_created_once_in_a_file_and_works() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = postrider_tests::binary::command();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path());
        Started::new(command)
    };
    let first = start();
    let file = folder.path().join("admin.key");
    first
        .api("")
        .get("/v1/accounts")
        .await
        .problem(401, "unauthorized");
    let key = std::fs::read_to_string(&file).expect("the key is in a file");
    first.api(key.trim()).get("/v1/accounts").await.expect(200);
    drop(first);
    std::fs::remove_file(&file).unwrap();
    let second = start();
    second.api(key.trim()).get("/v1/accounts").await.expect(200);
    assert!(!file.exists(), "it is created once");
}

/// A server that the test starts itself, without the harness's key.
struct Started {
    child: std::process::Child,
    log: postrider_tests::log::Log,
}

impl Started {
    fn new(mut command: std::process::Command) -> Self {
        use std::process::Stdio;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = postrider_tests::log::Log::of(&mut child);
        Self { child, log }
    }

    fn api(&self, key: &str) -> postrider_tests::Api {
        let address = self.log.find(0, postrider_tests::wait::SOON, |line| {
            line.split_once("listening on http://")?.1.trim().parse().ok()
        });
        postrider_tests::Api::new(address.expect("it listens"), Some(key))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("log of the server");
        }
    }
}
