//! Starts that are killed between two steps.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::companion_files;
use crate::log::LOG_FILE;
use crate::open::{DATABASE_FILE, lock, open_writer};
use crate::options::{SqliteOptions, WRITER_CACHE_KIB};
use crate::{SqliteStore, schema};

/// What a killed process leaves: the files as they are now.
fn as_killed(folder: &Path) -> TempDir {
    let left = TempDir::new().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), left.path().join(entry.file_name())).unwrap();
    }
    left
}

#[test]
fn a_start_that_is_killed_before_it_renews_the_generation_leaves_a_log_that_opens() {
    let folder = TempDir::new().unwrap();
    drop(SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap());
    assert_eq!(companion_files(folder.path()).unwrap().len(), 1);
    // Somebody puts another database in place of the one that was closed in an orderly way.
    fs::remove_file(folder.path().join(DATABASE_FILE)).unwrap();

    let held = lock(folder.path()).unwrap();
    let mut conn = open_writer(folder.path(), WRITER_CACHE_KIB).unwrap();
    schema::migrate(&mut conn).unwrap();
    let left = as_killed(folder.path());
    drop((conn, held));
    let log = left.path().join(LOG_FILE).metadata().unwrap();
    assert!(log.len() > super::LOG_HEADER_BYTES, "the migration is in the log");
    drop(SqliteStore::open(left.path(), SqliteOptions::default()).unwrap());
}
