//! Checkpoints in parallel with the writer: a separate thread copies the log into the database file.
//!
//! By default, SQLite runs a checkpoint within the commit that makes the log long enough, and every caller
//! waits for it. A PASSIVE checkpoint waits for no one, so it can run on another connection while the writer
//! continues. With 10,000 busy accounts, whose rows are scattered over an index, this gave 8 % more events a
//! second; with one account, no gain.
//!
//! SQLite reuses the log from its start only after all of it is copied. A pass in parallel with a busy writer
//! may never achieve that. When the log is long, the writer itself therefore copies the few pages written
//! during the last pass.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::pressure::Pressure;
use crate::sql_error::SqlError;
use crate::sync;
use crate::writer::Reopen;

/// Pages in the log, not copied yet, from which on a pass is due: 16 MiB. New rows keep changing the same few
/// pages, so with a longer log fewer pages are copied twice, but recovery after a crash takes longer.
const DUE_PAGES: i64 = 2_000;

/// Pages in the log, copied or not, from which on the writer should restart it: 64 MiB.
const LOG_PAGES_MAX: i64 = 8_000;

/// How long the thread sleeps after a commit before it looks at the log, which grows by some hundred pages
/// meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// How full the log is, in pages.
#[derive(Debug, Clone, Copy)]
struct Log {
    pages: i64,
    copied: i64,
}

/// The writer's channel to the checkpoint thread.
pub(crate) struct Nudge(SyncSender<()>);

impl Nudge {
    /// Reports a commit; costs next to nothing if an earlier report is still pending.
    pub(crate) fn committed(&self) {
        // Full: a report is already pending. Disconnected: a panic ended the thread, and the log grows until
        // the next start.
        let _ = self.0.try_send(());
    }
}

/// Creates the writer's [`Nudge`] and the thread's receiver.
pub(crate) fn nudges() -> (Nudge, Receiver<()>) {
    let (sender, receiver) = sync_channel(1);
    (Nudge(sender), receiver)
}

/// The log: its durability, its length, and the bound of that.
pub(crate) struct Bound {
    /// A pass whose sync fails puts it in doubt, and none begins while it is: the database would get pages
    /// of commits that the log may lose.
    pub(crate) log: Arc<sync::Log>,
    /// Told how close the log is to its bound.
    pub(crate) pressure: Pressure,
    /// The least bound, in pages.
    pub(crate) least_pages: u64,
}

impl Bound {
    /// Notes a log that could be copied as far as `log` says.
    fn note(&self, conn: &Connection, log: Log) -> rusqlite::Result<()> {
        // If all of it is copied, the next transaction reuses it, unless somebody reads from it; then the
        // next pass finds pages that it cannot copy.
        let blocked = if log.copied < log.pages { log.pages } else { 0 };
        let database: i64 = conn.query_row("PRAGMA page_count", (), |row| row.get(0))?;
        let (blocked, database) = (blocked.unsigned_abs(), database.unsigned_abs());
        if self.pressure.note(blocked, database, self.least_pages) {
            tracing::error!(
                log_pages = blocked,
                "another program holds an old snapshot of the database; until it ends, nothing is written"
            );
        }
        Ok(())
    }
}

/// Starts the thread, which ends when the writer drops its [`Nudge`]. `restart_log` asks the writer to copy
/// the rest.
pub(crate) fn start(
    (mut conn, reopen): (Connection, Reopen),
    bound: Bound,
    nudged: Receiver<()>,
    restart_log: impl Fn() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("sqlite-checkpoint".to_owned())
        .spawn(move || {
            while nudged.recv().is_ok() {
                std::thread::sleep(PAUSE);
                // The pass below covers every commit reported meanwhile.
                if nudged.try_recv() == Err(TryRecvError::Disconnected) {
                    return;
                }
                // After an error (usually a full disk) the log stays unchanged, and the next commit leads to
                // another pass.
                if bound.log.is_in_doubt() {
                    continue;
                }
                match pass(&conn, &bound).map_err(SqlError::from) {
                    Ok(true) => restart_log(),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(%error, "the log could not be copied into the database");
                        if error.may_be_a_failed_sync() {
                            bound.log.doubt();
                        }
                        if error.may_be_of_the_connection()
                            && let Ok(other) = reopen()
                        {
                            conn = other;
                        }
                    }
                }
            }
        })
}

/// Runs a pass if one is due. True if the log is so long that the writer should restart it.
fn pass(conn: &Connection, bound: &Bound) -> rusqlite::Result<bool> {
    let log = checkpoint(conn, "NOOP")?;
    if log.pages - log.copied < DUE_PAGES {
        bound.note(conn, Log { pages: 0, copied: 0 })?;
        return Ok(false);
    }
    let log = checkpoint(conn, "PASSIVE")?;
    if log.pages < LOG_PAGES_MAX {
        bound.note(conn, log)?;
        return Ok(false);
    }
    // A second pass leaves little for the writer.
    let log = checkpoint(conn, "PASSIVE")?;
    bound.note(conn, log)?;
    Ok(true)
}

/// Copies the rest of the log, on the writer's connection and outside a transaction, so that the next
/// transaction restarts the log.
pub(crate) fn finish(conn: &Connection) -> rusqlite::Result<()> {
    checkpoint(conn, "PASSIVE").map(|_| ())
}

fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<Log> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), (), |row| {
        Ok(Log {
            pages: row.get(1)?,
            copied: row.get(2)?,
        })
    })
}
