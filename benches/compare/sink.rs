//! The sink: responds to every request with 200 and records the event that it carries.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::ledger::Ledger;
use crate::receiver::Receiver;
use crate::sender::Pointer;
use crate::wire::Inbox;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok";

/// Bytes of an unreadable request that are kept for the error message.
const SAMPLE_BYTES: usize = 600;

/// A sink that runs until it is dropped.
pub struct Sink {
    receiver: Receiver,
    state: Arc<State>,
}

struct State {
    /// The path of the requests that count. It differs from set-up to set-up, so that late deliveries of an
    /// earlier one, to the same port, do not count.
    path: String,
    /// Where the event's number is in a body.
    number: Pointer,
    noted: RwLock<Option<Noted>>,
    requests: AtomicU64,
    /// The latest body without a number.
    unreadable: Mutex<Option<String>>,
}

/// The ledger that records arrivals, and the number of its first event.
struct Noted {
    ledger: Arc<Ledger>,
    first: u32,
}

impl Sink {
    /// Starts a sink that counts the requests to this path, and finds the number of an event at this place.
    pub fn start(address: SocketAddr, path: &str, number: Pointer) -> io::Result<Self> {
        let state = Arc::new(State {
            path: path.to_owned(),
            number,
            noted: RwLock::default(),
            requests: AtomicU64::new(0),
            unreadable: Mutex::default(),
        });
        let for_thread = Arc::clone(&state);
        let receiver = Receiver::start("sink", address, move || {
            move |stream| connection(stream, Arc::clone(&for_thread))
        })?;
        Ok(Self { receiver, state })
    }

    pub fn address(&self) -> SocketAddr {
        self.receiver.address()
    }

    /// Records arrivals in this ledger from now on. Its events are numbered from `first`; others, such as
    /// repetitions of earlier ones, do not count.
    pub fn note(&self, ledger: &Arc<Ledger>, first: u32) {
        let noted = Noted {
            ledger: Arc::clone(ledger),
            first,
        };
        *self.state.noted.write().unwrap_or_else(PoisonError::into_inner) = Some(noted);
    }

    /// What the sink has seen, for an error message.
    pub fn describe(&self) -> String {
        let requests = self.state.requests.load(Ordering::Relaxed);
        let unreadable = self
            .state
            .unreadable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let seen = format!("the sink at {} got {requests} requests", self.address());
        match &*unreadable {
            Some(body) => format!("{seen}; this one has no number at {}: {body}", self.state.number),
            None => seen,
        }
    }
}

impl State {
    fn arrived(&self, body: &[u8]) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let Some(number) = self.number.number(body) else {
            let sample = String::from_utf8_lossy(&body[..body.len().min(SAMPLE_BYTES)]).into_owned();
            *self.unreadable.lock().unwrap_or_else(PoisonError::into_inner) = Some(sample);
            return;
        };
        let noted = self.noted.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(noted) = &*noted
            && let Some(number) = number.checked_sub(noted.first)
        {
            noted.ledger.arrived(number);
        }
    }
}

async fn connection(mut stream: TcpStream, state: Arc<State>) {
    let mut inbox = Inbox::new();
    // An error means that the sender closed the connection.
    while let Ok(Some(message)) = inbox.request(&mut stream).await {
        if message.path == state.path.as_bytes() {
            state.arrived(message.body);
        }
        let closes = message.closes;
        if stream.write_all(OK).await.is_err() || closes {
            return;
        }
    }
}
