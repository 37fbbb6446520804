//! A log that does not belong to the database beside it.

#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use postrider_storage_sqlite::{
    BackupError, DATABASE_FILE, Export, ExportError, OpenError, SqliteOptions, SqliteStore, backup, migrate,
    schema_version,
};
use rusqlite::Connection;
use tempfile::TempDir;

/// What the name of the companion begins with.
const COMPANION: &str = "postrider.db-generation-";

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn companions(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_companion = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(COMPANION);
    paths.filter(is_companion).collect()
}

fn is_foreign(error: &OpenError) -> bool {
    matches!(error, OpenError::ForeignLog { .. })
}

/// Checks that nothing opens the folder, and that it stays as it is.
#[track_caller]
fn assert_refused(folder: &Path, what: &str) {
    let database = fs::read(folder.join(DATABASE_FILE)).unwrap();
    let opened = SqliteStore::open(folder, SqliteOptions::default());
    let error = opened.err().unwrap_or_else(|| panic!("{what}: opened"));
    assert!(is_foreign(&error), "{what}: {error}");
    let said = error.to_string();
    assert!(
        said.contains("postrider restore") && said.contains("-wal"),
        "{said}"
    );
    assert!(migrate(folder).is_err_and(|error| is_foreign(&error)), "{what}");
    assert!(
        schema_version(folder).is_err_and(|error| is_foreign(&error)),
        "{what}"
    );
    let exported = Export::open(folder).err();
    assert!(
        matches!(exported, Some(ExportError::Open(error)) if is_foreign(&error)),
        "{what}"
    );
    let copied = backup(folder, &folder.join("copy.db"));
    assert!(
        matches!(copied, Err(BackupError::Open(error)) if is_foreign(&error)),
        "{what}"
    );
    assert_eq!(
        fs::read(folder.join(DATABASE_FILE)).unwrap(),
        database,
        "{what}: unchanged"
    );
}

fn events(folder: &Path) -> i64 {
    drop(SqliteStore::open(folder, SqliteOptions::default()).unwrap());
    support::assert_is_whole(folder);
    let conn = Connection::open(folder.join(DATABASE_FILE)).unwrap();
    conn.query_row("SELECT count(*) FROM events", (), |row| row.get(0))
        .unwrap()
}

/// Adds an event to the log of an open database.
fn add_event(folder: &Path) {
    let conn = Connection::open(folder.join(DATABASE_FILE)).unwrap();
    let added = conn.execute(
        "INSERT INTO events (account_id, id, type, created_at, flags, delivery_count, data)
         SELECT account_id, randomblob(16), type, created_at, flags, 0, data FROM events LIMIT 1",
        (),
    );
    assert_eq!(added, Ok(1));
}

#[tokio::test]
async fn no_copy_that_replaced_the_database_of_a_killed_server_is_opened_with_its_log() {
    let all = TempDir::new().unwrap();
    let (scene, store, live) = support::scene(SqliteStore::open).await;
    scene.append_owned(1).await;
    drop((scene, store));
    let stopped = all.path().join("stopped.db");
    fs::copy(live.path().join(DATABASE_FILE), &stopped).unwrap();

    let _store = SqliteStore::open(live.path(), SqliteOptions::default()).unwrap();
    add_event(live.path());
    let [ours, vacuumed, copied] = ["ours.db", "vacuumed.db", "copied.db"].map(|name| all.path().join(name));
    backup(live.path(), &ours).unwrap();
    let reader = Connection::open(live.path().join(DATABASE_FILE)).unwrap();
    reader
        .execute("VACUUM INTO ?1", (vacuumed.to_str().unwrap(),))
        .unwrap();
    reader.backup("main", &copied, None).unwrap();
    drop(reader);
    add_event(live.path());
    let killed = all.path().join("killed");
    copy_folder(live.path(), &killed);

    for copy in [ours, vacuumed, copied, stopped] {
        let folder = all.path().join("replaced");
        copy_folder(&killed, &folder);
        fs::copy(&copy, folder.join(DATABASE_FILE)).unwrap();
        assert_refused(&folder, &copy.display().to_string());
        fs::remove_file(folder.join("postrider.db-wal")).unwrap();
        assert!(
            [1, 2].contains(&events(&folder)),
            "without the log it is a database as any other"
        );
        fs::remove_dir_all(&folder).unwrap();
    }
    assert_eq!(events(&killed), 3, "what belongs together is opened");
}

#[tokio::test]
async fn a_snapshot_of_database_and_log_is_opened_with_and_without_the_rest_of_the_folder() {
    let all = TempDir::new().unwrap();
    let (scene, _store, live) = support::scene(SqliteStore::open).await;
    scene.append_owned(1).await;
    for with_companion in [true, false] {
        let snapshot = all.path().join(format!("snapshot-{with_companion}"));
        copy_folder(live.path(), &snapshot);
        assert_eq!(companions(&snapshot).len(), 1);
        if !with_companion {
            fs::remove_file(&companions(&snapshot)[0]).unwrap();
        }
        assert!(fs::metadata(snapshot.join("postrider.db-wal")).unwrap().len() > 32);
        assert_eq!(events(&snapshot), 1);
    }
}

#[tokio::test]
async fn the_folder_of_a_stopped_server_copied_over_that_of_a_killed_one_is_refused() {
    let all = TempDir::new().unwrap();
    let (scene, store, live) = support::scene(SqliteStore::open).await;
    scene.append_owned(1).await;
    drop((scene, store));
    let stopped = all.path().join("stopped");
    copy_folder(live.path(), &stopped);
    let _store = SqliteStore::open(live.path(), SqliteOptions::default()).unwrap();
    add_event(live.path());
    let killed = all.path().join("killed");
    copy_folder(live.path(), &killed);
    copy_folder(&stopped, &killed);
    assert_refused(&killed, "two companions");
}

#[tokio::test]
async fn a_log_without_its_database_is_refused_instead_of_deleted() {
    let (scene, _store, live) = support::scene(SqliteStore::open).await;
    scene.append_owned(1).await;
    let all = TempDir::new().unwrap();
    let folder = all.path().join("killed");
    copy_folder(live.path(), &folder);
    let log = fs::read(folder.join("postrider.db-wal")).unwrap();
    fs::remove_file(folder.join(DATABASE_FILE)).unwrap();
    let opened = SqliteStore::open(&folder, SqliteOptions::default());
    assert!(matches!(opened, Err(OpenError::LogAlone { .. })));
    assert_eq!(fs::read(folder.join("postrider.db-wal")).unwrap(), log);
}

#[test]
fn starts_beside_a_reader_keep_the_generation_and_their_log() {
    let folder = TempDir::new().unwrap();
    drop(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    let before = companions(folder.path());
    let reader = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM events")
        .unwrap();
    for _ in 0..2 {
        drop(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
        assert_eq!(companions(folder.path()).len(), 1);
    }
    drop(reader);
    drop(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    assert_ne!(companions(folder.path()), before);
}
