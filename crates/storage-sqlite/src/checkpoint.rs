//! Checkpoints beside the writer: what the log holds is copied into the database file by a thread of its own.
//!
//! SQLite's own way is to checkpoint within the commit that makes the log long enough, while everybody waits
//! for it. A checkpoint that waits for nobody (PASSIVE) may just as well run on another connection while the
//! writer goes on. With 10,000 busy accounts, whose rows are all over an index, that was worth 8 % more
//! events a second; with one account, nothing.
//!
//! The log is used from the start again only once all of it was copied, which a pass beside a busy writer may
//! never achieve. So when the log is long, the writer itself copies the little that came in during the last
//! pass.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

/// Pages in the log that are not copied yet, from which on a pass is due: 16 MiB. New rows go to few pages
/// again and again, so that a longer log means fewer pages copied twice, at the price of a longer recovery
/// after a crash.
const DUE_PAGES: i64 = 2_000;

/// Pages in the log, copied or not, from which on the writer is to start it anew: 64 MiB.
const LOG_PAGES_MAX: i64 = 8_000;

/// The pause between commits that are noticed: the log grows by some hundred pages meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// How full the log is.
#[derive(Debug, Clone, Copy)]
struct Log {
    pages: i64,
    copied: i64,
}

/// The way to the thread, for the writer to say that it has committed.
pub(crate) struct Nudge(SyncSender<()>);

impl Nudge {
    /// Says so; costs next to nothing if it was said already.
    pub(crate) fn committed(&self) {
        // Full: it was said already. Disconnected: a panic ended the thread, and the log grows until the next
        // start.
        let _ = self.0.try_send(());
    }
}

/// What the writer is nudged with, and what the thread hears.
pub(crate) fn nudges() -> (Nudge, Receiver<()>) {
    let (sender, receiver) = sync_channel(1);
    (Nudge(sender), receiver)
}

/// Starts the thread. It ends when the writer's [`Nudge`] is gone. `restart_log` asks the writer for the last
/// part.
pub(crate) fn start(
    conn: Connection,
    nudged: Receiver<()>,
    restart_log: impl Fn() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("sqlite-checkpoint".to_owned())
        .spawn(move || {
            while nudged.recv().is_ok() {
                std::thread::sleep(PAUSE);
                // What was said meanwhile is part of the log that is looked at now.
                if nudged.try_recv() == Err(TryRecvError::Disconnected) {
                    return;
                }
                // The log stays as it is after an error (a full disk, mostly), and the next commit leads here
                // again.
                match pass(&conn) {
                    Ok(true) => restart_log(),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "the log could not be copied into the database"),
                }
            }
        })
}

/// True where the log is so long that the writer should start it anew.
fn pass(conn: &Connection) -> rusqlite::Result<bool> {
    let log = checkpoint(conn, "NOOP")?;
    if log.pages - log.copied < DUE_PAGES {
        return Ok(false);
    }
    if checkpoint(conn, "PASSIVE")?.pages < LOG_PAGES_MAX {
        return Ok(false);
    }
    // Once more, so that little is left for the writer.
    checkpoint(conn, "PASSIVE")?;
    Ok(true)
}

/// Copies what is left, on the writer's connection, outside of a transaction: the next one starts the log
/// anew.
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
