//! What a request holds of the pool, and gives back when dropped.

use std::sync::{Arc, Weak};

use super::Pool;
use crate::destination::Origin;
use crate::http2::Multiplexed;

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// What a request that waits is given.
pub(crate) enum Turn {
    Stream(Lease),
    Dial(Dial),
}

/// An origin in the pool. Does not keep the pool alive.
#[derive(Clone)]
pub(crate) struct Place {
    pool: Weak<Pool>,
    origin: Arc<Origin>,
}

impl Place {
    pub(super) fn new(pool: &Arc<Pool>, origin: &Arc<Origin>) -> Self {
        Self {
            pool: Arc::downgrade(pool),
            origin: Arc::clone(origin),
        }
    }

    pub(super) fn may_speak_http2(&self) -> bool {
        self.origin.http2
    }

    /// A lease on a stream that has been taken.
    pub(super) fn lease(&self, connection: &Arc<Multiplexed>) -> Lease {
        Lease {
            connection: Arc::clone(connection),
            place: self.clone(),
        }
    }

    pub(super) fn dial(&self, is_counted: bool) -> Dial {
        Dial {
            place: self.clone(),
            is_counted,
            found: None,
        }
    }

    /// The receiver of an HTTP/2 connection allows another number of streams.
    pub(crate) fn limit_changed(&self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.distribute(&self.origin, |_| {});
        }
    }
}

/// A stream of an HTTP/2 connection. Dropping it gives it back.
pub(crate) struct Lease {
    connection: Arc<Multiplexed>,
    place: Place,
}

impl Lease {
    pub(crate) fn connection(&self) -> &Multiplexed {
        &self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match self.place.pool.upgrade() {
            Some(pool) => pool.give_back(&self.place.origin, &self.connection),
            None => self.connection.release(),
        }
    }
}

/// Permission to open a connection. Dropping it tells those who wait what came of it.
pub(crate) struct Dial {
    place: Place,
    /// Whether others wait for this connection.
    is_counted: bool,
    found: Option<Protocol>,
}

impl Dial {
    pub(super) fn new(pool: &Arc<Pool>, origin: &Arc<Origin>, is_counted: bool) -> Self {
        Place::new(pool, origin).dial(is_counted)
    }

    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Whether other connections serve the origin, so that the request can wait for one if this fails.
    pub(crate) fn is_spare(&self) -> bool {
        self.is_counted
            && self
                .place
                .pool
                .upgrade()
                .is_some_and(|it| it.has_streams(&self.place.origin))
    }

    /// The connection speaks HTTP/1, so that nobody can share it.
    pub(crate) fn found_http1(mut self) {
        self.found = Some(Protocol::Http1);
    }

    /// A lease on the first stream of the connection.
    pub(crate) fn lease(&self, connection: &Arc<Multiplexed>) -> Lease {
        self.place.lease(connection)
    }

    /// The connection speaks HTTP/2, and the receiver has told how many streams it allows.
    pub(crate) fn share(mut self, connection: Arc<Multiplexed>) {
        self.found = Some(Protocol::Http2);
        if let Some(pool) = self.place.pool.upgrade() {
            pool.share(&self.place.origin, connection);
        }
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        if let Some(pool) = self.place.pool.upgrade() {
            pool.dialled(&self.place.origin, self.is_counted, self.found);
        }
    }
}
