//! What the command refuses to copy, and why.

use postrider_tests::{Account, Postgres, Server, command, database};

use super::copy;

#[tokio::test]
async fn a_running_servers_folder_and_database_cannot_be_copied() {
    let postgres = Postgres::start();
    let mut server = Server::start();
    let in_use = copy(server.data_dir(), &postgres.url("postgres"));
    assert_eq!(in_use.code, 1, "{in_use:?}");
    assert!(in_use.err.contains("Stop the server first"), "{}", in_use.err);
    assert!(server.stop().success());

    let mut node = Server::stopped_on_database(postgres.url("postgres"));
    node.start_again();
    let in_use = copy(server.data_dir(), &postgres.url("postgres"));
    assert_eq!(in_use.code, 1, "{in_use:?}");
    assert!(
        in_use.err.contains("a server runs on the database"),
        "{}",
        in_use.err
    );
    assert!(node.stop().success());

    let copied = copy(server.data_dir(), &postgres.url("postgres"));
    copied.success();
    node.start_again();
}

#[tokio::test]
async fn a_non_empty_database_is_refused_and_unchanged() {
    let postgres = Postgres::start();
    let mut node = Server::stopped_on_database(postgres.url("postgres"));
    node.start_again();
    let account = Account::create(node.api()).await;
    assert!(node.stop().success());
    let mut server = Server::start();
    Account::create(server.api()).await;
    assert!(server.stop().success());
    let refused = copy(server.data_dir(), &postgres.url("postgres"));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("not empty"), "{}", refused.err);
    assert!(refused.err.contains("accounts"), "{}", refused.err);
    node.start_again();
    let accounts = node.api().get("/v1/accounts").await.expect(200);
    assert_eq!(accounts["data"][0]["id"], account.id.as_str());
    assert_eq!(accounts["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_folder_of_another_schema_is_neither_copied_nor_changed() {
    let mut server = Server::start();
    Account::create(server.api()).await;
    assert!(server.stop().success());
    let file = database::file_in(server.data_dir());
    let version: u32 = database::query(&file, "PRAGMA user_version").parse().unwrap();
    // Nothing listens there: the command must not even connect.
    let nowhere = "postgres://postrider@127.0.0.1:9/postgres";
    for (other, said) in [(version - 1, "postrider migrate"), (version + 1, "newer")] {
        database::query(&file, &format!("PRAGMA user_version = {other}"));
        let refused = copy(server.data_dir(), nowhere);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains(said), "{}", refused.err);
        assert_eq!(database::query(&file, "PRAGMA user_version"), other.to_string());
    }
}

#[tokio::test]
async fn a_usage_error_changes_nothing_and_echoes_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let nowhere = "postgres://postrider@127.0.0.1:9/postgres";
    let refused = copy(&missing, nowhere);
    assert!(
        refused.code == 1 && refused.err.contains("there is no database"),
        "{refused:?}"
    );
    assert!(!missing.exists());
    let swapped = command::run(&[
        "copy",
        "--from",
        "postgres://postrider:hidden@db/postrider",
        "--to",
        "sqlite:./data",
    ]);
    assert_eq!(swapped.code, 2, "{swapped:?}");
    assert!(!swapped.err.contains("hidden"), "{}", swapped.err);
}
