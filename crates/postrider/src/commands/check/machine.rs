//! What the machine gives the process: disk, open files.

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::report::Report;
use crate::config::{Settings, size};
use crate::wiring::listener::CONNECTIONS_MAX;

/// Below this much free space, in bytes, a burst of events can fill the disk within minutes.
const FREE_BYTES_LOW: u64 = 1024 * 1024 * 1024;

/// Below this much, the next burst of events fills the disk within seconds.
const FREE_BYTES_MIN: u64 = 32 * 1024 * 1024;

/// Files of the process besides connections and attempts: the database, the resolver, the log.
const OTHER_FILES: u64 = 256;

/// Looks at the free space of the disk with this folder, or with the one above that exists.
pub(super) fn disk(folder: &Path, report: &mut Report) {
    const CHECK: &str = "disk";
    let existing = existing(folder);
    let found = match rustix::fs::statvfs(existing) {
        Ok(found) => found,
        Err(error) => {
            return report.warning(
                CHECK,
                format!("{}: {error}", existing.display()),
                "Check the disk",
            );
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let all = found.f_blocks.saturating_mul(found.f_frsize);
    let message = format!(
        "{} free of {} at {}",
        size::about(free),
        size::about(all),
        existing.display()
    );
    let advice = "Free space, shorten retention, or move data_dir";
    if free < FREE_BYTES_MIN {
        report.error(CHECK, message, advice);
    } else if free < FREE_BYTES_LOW {
        report.warning(CHECK, message, advice);
    } else {
        report.ok(CHECK, message);
    }
}

/// The folder, or the nearest one above it that exists.
pub(super) fn existing(folder: &Path) -> &Path {
    let existing = folder.ancestors().find(|folder| folder.exists());
    existing
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Looks at the limit of open files, which a start raises as far as it may.
pub(super) fn open_files(settings: &Settings, report: &mut Report) {
    const CHECK: &str = "open files";
    let most = u64::try_from(CONNECTIONS_MAX).unwrap_or(u64::MAX) + OTHER_FILES;
    let needed = most + u64::from(settings.in_flight_max) + u64::from(settings.database_connections);
    match getrlimit(Resource::Nofile).maximum {
        None => report.ok(CHECK, "no limit"),
        Some(limit) if limit >= needed => report.ok(CHECK, format!("at most {limit}")),
        Some(limit) => report.warning(
            CHECK,
            format!("at most {limit}, and all connections and attempts together need {needed}"),
            "Raise the limit (LimitNOFILE in systemd, --ulimit nofile in Docker), or lower in_flight_max",
        ),
    }
}
