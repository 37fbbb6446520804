//! The sink: a receiver that responds with 200 and records each arrival.
//!
//! `/ok` responds with 200, `/error` with 500, and `/silent` never responds. The rest of the path is ignored,
//! so that each action can have its own URL.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::ledger::Ledger;
use crate::payload;
use crate::receiver::Receiver;
use crate::wire::Inbox;

pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok";
pub const ERROR: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nnope\n";

/// The ledger that records arrivals, if any.
pub type Noted = Arc<RwLock<Option<Arc<Ledger>>>>;

/// A sink that runs until it is dropped. After that, its port refuses connections.
pub struct Sink {
    receiver: Receiver,
    noted: Noted,
}

impl Sink {
    /// Starts a sink on a free port.
    pub fn start() -> io::Result<Self> {
        Self::start_at(Receiver::free())
    }

    /// Starts a sink on the port of an earlier one or, with port 0, on a free port.
    pub fn start_at(address: SocketAddr) -> io::Result<Self> {
        let noted = Noted::default();
        let for_thread = Arc::clone(&noted);
        let receiver = Receiver::start("sink", address, move || {
            move |stream| connection(stream, Arc::clone(&for_thread))
        })?;
        Ok(Self { receiver, noted })
    }

    pub fn address(&self) -> SocketAddr {
        self.receiver.address()
    }

    pub fn url(&self, path: &str) -> String {
        self.receiver.url(path)
    }

    /// A URL with a host name of its own.
    pub fn url_of(&self, host: &str, path: &str) -> String {
        self.receiver.url_of(host, path)
    }

    /// Records arrivals on `/ok` in this ledger from now on.
    pub fn note(&self, ledger: &Arc<Ledger>) {
        *self.noted.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(ledger));
    }
}

async fn connection(mut stream: TcpStream, noted: Noted) {
    let mut inbox = Inbox::new();
    // An error means that the sender closed the connection.
    while let Ok(Some(message)) = inbox.request(&mut stream).await {
        let response = if message.path.starts_with(b"/error") {
            ERROR
        } else if message.path.starts_with(b"/silent") {
            continue;
        } else {
            note(&noted, message.body);
            OK
        };
        if stream.write_all(response).await.is_err() {
            return;
        }
    }
}

/// Records the arrival of a body.
pub fn note(noted: &Noted, body: &[u8]) {
    let ledger = noted.read().unwrap_or_else(PoisonError::into_inner);
    if let (Some(ledger), Some(number)) = (&*ledger, payload::number(body)) {
        ledger.arrived(number);
    }
}
