//! `postrider backup FILE` of a running server under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postrider_tests::server::MASTER_KEY_FILE;
use postrider_tests::{Account, Receiver, Server, command, database};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_server_under_load_opens_and_is_consistent() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let known = account.send("before", r#"{"known":true}"#).await;
    account.wait_for_delivery(&known, "succeeded").await;
    let over = Arc::new(AtomicBool::new(false));
    let producers: Vec<_> = (0..4)
        .map(|_| {
            let (account, over) = (account.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut sent = 0;
                while !over.load(Ordering::Relaxed) && sent < 20_000 {
                    account.send("load", r#"{"n":1}"#).await;
                    sent += 1;
                }
                sent
            })
        })
        .collect();
    receiver.wait_for("/hook", 100, postrider_tests::wait::SOON).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    let arguments = [
        "backup".to_owned(),
        file.to_str().unwrap().to_owned(),
        "--data-dir".to_owned(),
        server.data_dir().to_str().unwrap().to_owned(),
    ];
    let backup = tokio::task::spawn_blocking(move || {
        command::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    });
    backup.await.unwrap().success();
    over.store(true, Ordering::Relaxed);
    let mut sent = 0;
    for producer in producers {
        sent += producer.await.unwrap();
    }
    assert!(sent >= 100);
    database::assert_sound(&file);
    let events: i64 = database::query(&file, "SELECT count(*) FROM events")
        .parse()
        .unwrap();
    assert!((100..=sent + 1).contains(&events), "{events} of {sent}");
    is_a_data_folder_to_start_from(&file, &account, &known).await;
}

/// A new data folder with a copy of the backup as its database serves the same objects.
async fn is_a_data_folder_to_start_from(file: &std::path::Path, account: &Account, known: &str) {
    let mut restored = Server::start();
    assert!(restored.stop().success());
    let database = database::file_in(restored.data_dir());
    for entry in std::fs::read_dir(restored.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with(MASTER_KEY_FILE) {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::copy(file, &database).unwrap();
    restored.start_again();
    let account = account.through(restored.api());
    assert_eq!(account.event(known).await["data"], json!({"known": true}));
}

#[tokio::test]
async fn a_backup_never_overwrites_a_file() {
    let server = Server::start();
    Account::create(server.api()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("precious");
    std::fs::write(&file, "precious").unwrap();
    let data_dir = server.data_dir().to_str().unwrap();
    let refused = command::run(&["backup", file.to_str().unwrap(), "--data-dir", data_dir]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[tokio::test]
async fn a_backup_of_a_folder_without_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, empty) = (folder.path().join("backup.db"), folder.path().join("empty"));
    let refused = command::run(&[
        "backup",
        file.to_str().unwrap(),
        "--data-dir",
        empty.to_str().unwrap(),
    ]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(
        !refused.err.is_empty() && !file.exists() && !empty.exists(),
        "{refused:?}"
    );
}
