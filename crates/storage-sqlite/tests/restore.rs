//! What a restore refuses, and that it then changes nothing. Kills of a restore are tested in
//! `src/restore/tests.rs`.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up has failed")]

mod support;

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use postrider_model::{Entropy, Timestamp};
use postrider_storage::Sealer;
use postrider_storage::sealing::{MasterKey, MasterKeys, known_sealer};
use postrider_storage_sqlite::{
    DATABASE_FILE, OpenError, RestoreError, RestoreReport, SqliteOptions, SqliteStore, backup, restore,
};
use rusqlite::Connection;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_unix_ms(1_768_435_200_123);

fn restored(file: &Path, folder: &Path, replace: bool) -> Result<RestoreReport, RestoreError> {
    restore(file, folder, &known_sealer(), replace, NOW)
}

/// A backup with 200 events, in a folder of its own.
async fn backed_up() -> (TempDir, PathBuf) {
    let (scene, _store, live) = support::scene(SqliteStore::open).await;
    for number in 0..200 {
        scene.append_owned(number).await;
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("backup.db");
    backup(live.path(), &file).unwrap();
    (folder, file)
}

#[tokio::test]
async fn a_backup_is_restored_into_a_folder_that_is_created_private() {
    let (all, file) = backed_up().await;
    let folder = all.path().join("a/b");
    let report = restored(&file, &folder, false).unwrap();
    assert_eq!((report.pending, report.former), (200, None));
    assert!(report.newest_event.is_some() && report.schema > 0 && report.bytes > 0);
    for (path, mode) in [(folder.clone(), 0o700), (folder.join(DATABASE_FILE), 0o600)] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode);
    }
    drop(SqliteStore::open(&folder, SqliteOptions::default()).unwrap());
    support::assert_is_whole(&folder);
    let again = restored(&file, &folder, false);
    assert!(matches!(again, Err(RestoreError::Exists { .. })), "{again:?}");
}

#[tokio::test]
async fn a_restore_over_the_log_of_a_killed_server_keeps_both_files() {
    let (all, file) = backed_up().await;
    let (scene, _store, live) = support::scene(SqliteStore::open).await;
    scene.append_owned(1).await;
    let folder = all.path().join("killed");
    fs::create_dir(&folder).unwrap();
    for name in [DATABASE_FILE, "postrider.db-wal"] {
        fs::copy(live.path().join(name), folder.join(name)).unwrap();
    }
    // As after `cp backup.db postrider.db`.
    fs::copy(&file, folder.join(DATABASE_FILE)).unwrap();
    let log = fs::read(folder.join("postrider.db-wal")).unwrap();
    let former = restored(&file, &folder, true).unwrap().former.unwrap();
    assert_eq!(
        fs::read(former.join(DATABASE_FILE)).unwrap(),
        fs::read(&file).unwrap()
    );
    assert_eq!(fs::read(former.join("postrider.db-wal")).unwrap(), log);
    assert!(!folder.join("postrider.db-wal").exists());
    drop(SqliteStore::open(&folder, SqliteOptions::default()).unwrap());
    support::assert_is_whole(&folder);
}

#[tokio::test]
async fn a_folder_in_use_is_not_restored_to() {
    let (_all, file) = backed_up().await;
    let (_scene, _store, live) = support::scene(SqliteStore::open).await;
    let refused = restored(&file, live.path(), true);
    assert!(
        matches!(refused, Err(RestoreError::Open(OpenError::Locked { .. }))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_no_whole_backup_of_a_known_schema_is_refused() {
    let (all, file) = backed_up().await;
    let folder = all.path().join("new");
    let other = |name: &str| {
        let path = all.path().join(name);
        fs::copy(&file, &path).unwrap();
        path
    };
    let damaged = other("damaged.db");
    let bytes = damaged.metadata().unwrap().len();
    let opened = fs::OpenOptions::new().write(true).open(&damaged).unwrap();
    opened.write_all_at(&[0xff; 20_000], bytes / 2).unwrap();
    let cut = other("cut.db");
    fs::OpenOptions::new()
        .write(true)
        .open(&cut)
        .unwrap()
        .set_len(bytes / 2)
        .unwrap();
    let newer = other("newer.db");
    Connection::open(&newer)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let foreign = all.path().join("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE notes (text); PRAGMA user_version = 1")
        .unwrap();
    let text = all.path().join("text.db");
    fs::write(&text, "not a database").unwrap();
    let with_log = other("with-log.db");
    fs::write(all.path().join("with-log.db-wal"), "pages").unwrap();
    for (file, said) in [
        (&damaged, "is damaged"),
        (&cut, "is damaged"),
        (&newer, "has schema 99"),
        (&foreign, "not a backup of Postrider"),
        (&text, "not a backup of Postrider"),
        (&with_log, "-wal lies beside"),
        (&all.path().join("missing.db"), "No such file"),
        (&all.path().to_owned(), "it is not a file"),
    ] {
        let error = restored(file, &folder, false).unwrap_err().to_string();
        assert!(error.contains(said), "{}: {error}", file.display());
        assert!(!folder.join(DATABASE_FILE).exists() && !folder.join("postrider.db.restoring").exists());
    }
}

#[tokio::test]
async fn a_backup_whose_secrets_do_not_open_is_refused() {
    let (all, file) = backed_up().await;
    let other = Sealer::new(
        MasterKeys::only(MasterKey::from_bytes([8; 32])),
        Entropy::new(|bytes| bytes.fill(1)),
    );
    let refused = restore(&file, &all.path().join("new"), &other, false, NOW);
    assert!(
        matches!(refused, Err(RestoreError::MissingKeys(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_database_of_the_folder_is_not_restored_onto_itself() {
    let folder = TempDir::new().unwrap();
    drop(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let refused = restored(&folder.path().join(DATABASE_FILE), folder.path(), true);
    assert!(
        matches!(refused, Err(RestoreError::SameFile { .. })),
        "{refused:?}"
    );
}
