//! The data folder and its database.

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use postrider_model::Timestamp;
use postrider_storage::Sealer;
use postrider_storage_sqlite::{Inspection, OpenError, SCHEMA_VERSION};
use rustix::fs::Access;
use rustix::process::geteuid;

use super::report::Report;
use super::{keys, machine};
use crate::config::{Settings, size};

const CHECK: &str = "data folder";

/// How far the newest event may be ahead of the clock, in milliseconds. The clock was right when it was
/// accepted, or is right now.
const AHEAD_MAX_MS: i64 = 60_000;

/// Looks at the data folder.
pub(super) fn look(settings: &Settings, sealer: Option<&Sealer>, now: Timestamp, report: &mut Report) {
    let folder = &settings.data_dir;
    if !is_usable(folder, report) {
        return;
    }
    match postrider_storage_sqlite::inspect(folder) {
        Ok(None) => report.ok("database", "none yet; the first start creates it"),
        Ok(Some(found)) => contents(&found, sealer, now, report),
        Err(error) => report.error("database", error.to_string(), advice(&error)),
    }
    machine::disk(folder, report);
}

/// Whether this user can create the folder.
fn may_create(folder: &Path, report: &mut Report) -> bool {
    let shown = folder.display();
    let above = machine::existing(folder);
    let may = rustix::fs::access(above, Access::WRITE_OK | Access::EXEC_OK);
    match may {
        Ok(()) => {
            report.ok(
                CHECK,
                format!("{shown} does not exist; the first start creates it"),
            );
        }
        Err(error) => {
            let advice = "Create it for this user, or set another data_dir";
            let message = format!(
                "{shown} does not exist, and cannot be created in {}: {error}",
                above.display()
            );
            report.error(CHECK, message, advice);
        }
    }
    may.is_ok()
}

/// Whether this user can use the folder.
fn is_usable(folder: &Path, report: &mut Report) -> bool {
    let shown = folder.display();
    let found = match folder.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return may_create(folder, report),
        Err(error) => {
            let advice = "Let this user enter the folders above it, or set another data_dir";
            report.error(CHECK, format!("{shown}: {error}"), advice);
            return false;
        }
    };
    if !found.is_dir() {
        report.error(CHECK, format!("{shown} is not a folder"), "Set another data_dir");
        return false;
    }
    let user = geteuid();
    let (owner, mode) = (found.uid(), found.permissions().mode() & 0o7777);
    if owner != user.as_raw() && !user.is_root() {
        let advice = format!(
            "Run the command as that user, or `chown -R {} '{shown}'`",
            user.as_raw()
        );
        report.error(
            CHECK,
            format!(
                "{shown} belongs to user {owner}, and this is user {}",
                user.as_raw()
            ),
            advice,
        );
        return false;
    }
    if mode & 0o700 != 0o700 {
        let advice = format!("Run `chmod 700 '{shown}'`");
        report.error(
            CHECK,
            format!("its owner may not read and write {shown} (mode {mode:04o})"),
            advice,
        );
        return false;
    }
    if mode & 0o077 != 0 {
        let advice = "The next start closes it; or run `chmod 700` on it now";
        report.warning(
            CHECK,
            format!("others can read {shown} (mode {mode:04o})"),
            advice,
        );
    } else if owner != user.as_raw() {
        report.ok(
            CHECK,
            format!("{shown}, of user {owner}: run the server as that user"),
        );
    } else {
        report.ok(CHECK, shown.to_string());
    }
    true
}

fn contents(found: &Inspection, sealer: Option<&Sealer>, now: Timestamp, report: &mut Report) {
    let bytes = size::about(found.bytes);
    let used = if found.is_in_use {
        ", in use by a server"
    } else {
        ""
    };
    let Some(contents) = &found.contents else {
        report.ok(
            "database",
            format!("{bytes}; its server was killed, and the next start recovers it"),
        );
        return;
    };
    let schema = contents.schema;
    let migrated = match schema {
        SCHEMA_VERSION => String::new(),
        _ => format!(" (the next start migrates it to {SCHEMA_VERSION}: back it up first)"),
    };
    report.ok("database", format!("{bytes}, schema {schema}{migrated}{used}"));
    keys::opening(sealer, &contents.master_keys, contents.probe.as_deref(), report);
    if let Some(newest) = contents.newest_event {
        let ahead_ms = newest.unix_ms() - now.unix_ms();
        match ahead_ms > AHEAD_MAX_MS {
            false => report.ok("clock", format!("{now}, after the newest event")),
            true => report.error(
                "clock",
                format!("{now} by this machine, but the newest event is of {newest}"),
                "Correct the clock: retries and retention follow it",
            ),
        }
    }
}

fn advice(error: &OpenError) -> &'static str {
    match error {
        OpenError::Io { .. } => "Run the command as the user that owns the folder",
        OpenError::Sqlite(_) => "Restore a backup with `postrider restore`",
        _ => "",
    }
}
