//! Reads a data folder from outside, with Python's `sqlite3` module: another build of SQLite than the
//! product's.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The database file in a data folder.
pub fn file_in(data_dir: &Path) -> PathBuf {
    let entries = std::fs::read_dir(data_dir).expect("a data folder can be read");
    let is_database =
        |path: &PathBuf| std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0"));
    let mut found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_database);
    found
        .next()
        .unwrap_or_else(|| panic!("no database in {}", data_dir.display()))
}

/// Runs one statement on a database file and returns the first column of the first row as text.
pub fn query(file: &Path, statement: &str) -> String {
    const SCRIPT: &str = "\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
row = connection.execute(sys.argv[2]).fetchone()
print('' if row is None else row[0])
connection.close()
";
    let output = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(file)
        .arg(statement)
        .output();
    let output = output.expect("python3 can be started");
    assert!(
        output.status.success(),
        "{statement}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Panics if SQLite finds a fault in the file.
#[track_caller]
pub fn assert_sound(file: &Path) {
    assert_eq!(query(file, "PRAGMA integrity_check"), "ok");
}
