//! A restore that is killed before each of its steps.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;

use postrider_storage::sealing::known_sealer;
use postrider_storage_testkit::scene::Scene;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::backup;
use crate::options::SqliteOptions;
use crate::store::SqliteStore;

/// More steps than a restore has.
const STEPS_MAX: usize = 100;

/// A backup with one event, and the folder of a server that was killed when it had three: the last of them is
/// in its log alone.
async fn backup_and_killed_folder() -> (TempDir, PathBuf, PathBuf) {
    let all = TempDir::new().unwrap();
    let (live, killed) = (all.path().join("live"), all.path().join("killed"));
    let store = Arc::new(SqliteStore::open(&live, SqliteOptions::default()).unwrap());
    let scene = Scene::new(Arc::clone(&store) as _).await;
    scene.append_owned(1).await;
    let file = all.path().join("backup.db");
    backup(&live, &file).unwrap();
    scene.append_owned(2).await;
    scene.append_owned(3).await;
    copy_folder(&live, &killed);
    (all, file, killed)
}

fn copy_folder(from: &Path, to: &Path) {
    DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// How many events a start finds in the folder, whose database it leaves whole.
fn events_after_a_start(folder: &Path) -> i64 {
    drop(SqliteStore::open(folder, SqliteOptions::default()).unwrap());
    let conn = Connection::open(folder.join(DATABASE_FILE)).unwrap();
    let verdict: String = conn
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    conn.query_row("SELECT count(*) FROM events", (), |row| row.get(0))
        .unwrap()
}

/// The folder of the former database.
fn former_in(folder: &Path) -> Option<PathBuf> {
    let mut folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    folders.find(|path| path.is_dir())
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_the_former_database_or_the_restored_one() {
    let (all, file, killed) = backup_and_killed_folder().await;
    let mut seen = Vec::new();
    for kill_at in 0..STEPS_MAX {
        let folder = all.path().join(format!("killed-{kill_at}"));
        copy_folder(&killed, &folder);
        let mut step = 0;
        let mut before_step = |_: &str| {
            step += 1;
            if step > kill_at {
                Err(RestoreError::Killed)
            } else {
                Ok(())
            }
        };
        let now = Timestamp::from_unix_ms(1_768_435_200_123);
        let restored = restore_in_steps(&file, &folder, &known_sealer(), true, now, &mut before_step);
        let events = events_after_a_start(&folder);
        let former = former_in(&folder);
        match events {
            3 => assert_eq!(former, None, "step {kill_at}: nothing is left of it"),
            1 => assert_eq!(events_after_a_start(&former.unwrap()), 3, "step {kill_at}"),
            other => panic!("step {kill_at}: {other} events"),
        }
        assert!(!folder.join("postrider.restore").exists() && !folder.join(UNFINISHED).exists());
        seen.push(events);
        match restored {
            Ok(report) => {
                assert_eq!((events, report.pending), (1, 1), "{report:?}");
                break;
            }
            Err(RestoreError::Killed) => {}
            Err(error) => panic!("step {kill_at}: {error}"),
        }
    }
    assert!(seen.is_sorted_by(|one, next| one >= next), "{seen:?}");
    assert!(
        seen.len() > 8 && seen.len() < STEPS_MAX && seen.contains(&3),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_restore_into_an_empty_folder_that_is_killed_leaves_it_empty_or_restored() {
    let (all, file, _) = backup_and_killed_folder().await;
    let mut is_done = false;
    for kill_at in 0..STEPS_MAX {
        let folder = all.path().join(format!("new-{kill_at}"));
        let mut step = 0;
        let mut before_step = |_: &str| {
            step += 1;
            if step > kill_at {
                Err(RestoreError::Killed)
            } else {
                Ok(())
            }
        };
        let now = Timestamp::from_unix_ms(0);
        let restored = restore_in_steps(&file, &folder, &known_sealer(), false, now, &mut before_step);
        assert!([0, 1].contains(&events_after_a_start(&folder)));
        assert_eq!(former_in(&folder), None);
        if let Ok(report) = restored {
            assert_eq!(report.former, None);
            is_done = true;
            break;
        }
    }
    assert!(is_done);
}

#[tokio::test]
async fn an_interrupted_restore_whose_database_was_replaced_by_hand_keeps_the_only_copy_of_the_former_one() {
    let (_all, file, killed) = backup_and_killed_folder().await;
    let mut before_step = |step: &str| match step {
        "complete" => Err(RestoreError::Killed),
        _ => Ok(()),
    };
    let now = Timestamp::from_unix_ms(1_768_435_200_123);
    let restored = restore_in_steps(&file, &killed, &known_sealer(), true, now, &mut before_step);
    assert!(matches!(restored, Err(RestoreError::Killed)));
    // Neither the restored database nor the former one.
    for name in [DATABASE_FILE, LOG_FILE] {
        fs::remove_file(killed.join(name)).unwrap();
    }
    fs::copy(&file, killed.join(DATABASE_FILE)).unwrap();
    assert_eq!(events_after_a_start(&killed), 1);
    assert_eq!(events_after_a_start(&former_in(&killed).unwrap()), 3);
}
