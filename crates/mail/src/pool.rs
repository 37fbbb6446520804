//! A bounded number of connections to one server, kept open between messages.
//!
//! A message holds a *place* while it is sent, and takes an idle connection if there is one. A connection is
//! back before the place is free, so there are never more connections than places, except those that expired
//! and say `QUIT`, which takes at most [`QUIT_MAX`]. Places are given in the order of asking; fairness among
//! accounts is the caller's.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::connection::Connection;

/// How long to keep an idle connection. Servers close theirs after minutes (RFC 5321 section 4.5.3.2.7
/// recommends five), Postfix under load after 10 s; such a connection is replaced when it is found closed.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Maximum messages over one connection. Some servers end a connection after a hundred, and a change of the
/// server's address is followed even under steady load.
const MESSAGES_MAX: u32 = 100;

/// How often the sweeper runs. Expired connections are never used, whether or not it has closed them.
const SWEEP: Duration = Duration::from_secs(1);

/// How long a `QUIT` may take to leave, after its message or its connection is done with.
const QUIT_MAX: Duration = Duration::from_secs(1);

pub(crate) struct Pool {
    places: Semaphore,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The one that was used last is last.
    idle: Vec<Idle>,
    is_swept: bool,
}

struct Idle {
    connection: Connection,
    until: Instant,
}

impl Pool {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Semaphore::new(places),
            kept: Mutex::default(),
        })
    }

    /// Waits for a place, at most this long.
    pub(crate) async fn place(&self, wait_max: Duration) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        tokio::time::timeout(wait_max, self.places.acquire())
            .await
            .ok()?
            .ok()
    }

    /// Takes the connection that was used last, of those that the server has neither closed nor spoken on.
    pub(crate) async fn check_out(&self) -> Option<Connection> {
        loop {
            let mut idle = self.kept.lock().idle.pop()?;
            if idle.until > Instant::now() && idle.connection.is_quiet().await {
                return Some(idle.connection);
            }
        }
    }

    /// How many connections are kept.
    #[cfg(test)]
    pub(crate) fn idle_count(&self) -> usize {
        self.kept.lock().idle.len()
    }

    /// Keeps a connection for the next message, or takes leave if it has carried enough.
    pub(crate) async fn check_in(self: &Arc<Self>, connection: Connection) {
        if connection.is_spoiled {
            return;
        }
        if connection.messages >= MESSAGES_MAX {
            take_leave(connection).await;
            return;
        }
        let mut kept = self.kept.lock();
        kept.idle.push(Idle {
            connection,
            until: Instant::now() + IDLE_MAX,
        });
        if !kept.is_swept {
            kept.is_swept = true;
            let pool = Arc::downgrade(self);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(SWEEP).await;
                    let Some((expired, is_left)) = pool.upgrade().map(|it| it.expired()) else {
                        break;
                    };
                    for idle in expired {
                        take_leave(idle.connection).await;
                    }
                    if !is_left {
                        break;
                    }
                }
            });
        }
    }

    /// Takes out the connections that have been idle too long. Returns whether any are left to sweep.
    fn expired(&self) -> (Vec<Idle>, bool) {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        let expired = kept.idle.extract_if(.., |it| it.until <= now).collect();
        kept.is_swept = !kept.idle.is_empty();
        (expired, kept.is_swept)
    }
}

async fn take_leave(connection: Connection) {
    // The connection ends in any case.
    let _ = tokio::time::timeout(QUIT_MAX, connection.quit()).await;
}
