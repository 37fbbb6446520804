//! SQLite's files and the disk under them. What cannot be read is left out.

use std::path::Path;

use postrider_storage_sqlite::DATABASE_FILE;
use rustix::fs::statvfs;

use super::text::Text;

/// Writes the metrics of a data folder: two looks at files, and one at the file system.
pub(super) fn write(text: &mut Text, folder: &Path) {
    let size = |name: &str| std::fs::metadata(folder.join(name)).map(|file| file.len());
    if let Ok(bytes) = size(DATABASE_FILE) {
        text.gauge(
            "postrider_sqlite_database_bytes",
            "Size of SQLite's database file",
        )
        .value(bytes);
    }
    // Without a log, nothing was written since the last start.
    text.gauge(
        "postrider_sqlite_log_bytes",
        "Size of SQLite's log (the WAL file), which is reused once it is copied into the database",
    )
    .value(size(&format!("{DATABASE_FILE}-wal")).unwrap_or(0));
    if let Ok(disk) = statvfs(folder) {
        text.gauge(
            "postrider_data_folder_free_bytes",
            "Free space that this process may use on the file system of the data folder",
        )
        .value(disk.f_bavail.saturating_mul(disk.f_frsize));
        text.gauge(
            "postrider_data_folder_size_bytes",
            "Size of the file system of the data folder",
        )
        .value(disk.f_blocks.saturating_mul(disk.f_frsize));
    }
}
