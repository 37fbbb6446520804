//! The receiver: one thread that responds with 200 and records each arrival.
//!
//! `/ok` responds with 200, `/error` with 500, and `/silent` never responds. The rest of the path is ignored,
//! so that each action can have its own URL.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::ledger::Ledger;
use crate::payload;
use crate::wire::Inbox;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok";
const ERROR: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nnope\n";

/// The ledger that records arrivals, if any.
type Noted = Arc<RwLock<Option<Arc<Ledger>>>>;

/// A receiver that runs until it is dropped. After that, its port refuses connections.
pub struct Sink {
    address: SocketAddr,
    noted: Noted,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    /// Starts a receiver on a free port.
    pub fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts a receiver on the port of an earlier one or, with port 0, on a free port.
    pub fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let noted = Noted::default();
        let (stop, stopped) = oneshot::channel();
        let for_thread = Arc::clone(&noted);
        let thread = std::thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || serve(listener, &for_thread, stopped))?;
        Ok(Self {
            address,
            noted,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Records arrivals on `/ok` in this ledger from now on.
    pub fn note(&self, ledger: &Arc<Ledger>) {
        *self.noted.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(ledger));
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: TcpListener, noted: &Noted, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime can be built");
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let listener =
            tokio::net::TcpListener::from_std(listener).expect("the listener is fit for the runtime");
        let accept = async {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::task::spawn_local(connection(stream, Arc::clone(noted)));
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
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

fn note(noted: &Noted, body: &[u8]) {
    let ledger = noted.read().unwrap_or_else(PoisonError::into_inner);
    if let (Some(ledger), Some(number)) = (&*ledger, payload::number(body)) {
        ledger.arrived(number);
    }
}
