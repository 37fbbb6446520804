//! The producer: one thread that posts events over many connections and records how long each took to be
//! accepted. It is as lean as that of the `delivery` benchmark, and more patient: it opens a connection again
//! when the sender closes one, and stops after a time.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::Outcome;
use crate::client;
use crate::ledger::Ledger;
use crate::runtime::on_thread;
use crate::sender::description::Event;
use crate::sender::request::EventRequest;
use crate::wire::Inbox;

/// How long a producer waits after a 429 or a 503 before it repeats the request.
const PAUSE_WHEN_BUSY: Duration = Duration::from_millis(20);

/// Timeout of one request.
const RESPONSE_MAX: Duration = Duration::from_secs(60);

/// What is posted, and how.
pub struct Load {
    pub address: SocketAddr,
    pub request: EventRequest,
    /// The event as described, which says with which statuses it is accepted.
    pub event: Event,
    /// The number of the first event.
    pub first: u32,
    /// The number of connections, each with one request in flight.
    pub connections: u32,
    /// Events per second; `None` posts them as fast as they are accepted.
    pub rate: Option<u32>,
    /// No further event is posted after this time.
    pub post_for: Duration,
}

/// What the connections share.
struct Shared {
    load: Load,
    ledger: Arc<Ledger>,
    next: Cell<u32>,
    accepted: Cell<u32>,
    again: Cell<u32>,
    started: Instant,
}

/// What became of the events.
#[derive(Clone, Copy)]
pub struct Posted {
    pub accepted: u32,
    /// Posted once more, because the connection was closed before the response. The sender may have taken
    /// both.
    pub again: u32,
}

/// Posts the events of a ledger, in a thread of its own.
pub async fn post_all(load: Load, ledger: &Arc<Ledger>) -> Outcome<Posted> {
    let ledger = Arc::clone(ledger);
    on_thread("producer", move || connections(load, ledger)).await
}

async fn connections(load: Load, ledger: Arc<Ledger>) -> Outcome<Posted> {
    let shared = Rc::new(Shared {
        load,
        ledger,
        next: Cell::new(0),
        accepted: Cell::new(0),
        again: Cell::new(0),
        started: Instant::now(),
    });
    let tasks: Vec<_> = (0..shared.load.connections)
        .map(|_| tokio::task::spawn_local(connection(Rc::clone(&shared))))
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(Posted {
        accepted: shared.accepted.get(),
        again: shared.again.get(),
    })
}

async fn connection(shared: Rc<Shared>) -> Outcome<()> {
    let load = &shared.load;
    let mut request = load.request.clone();
    let mut line = Line::new(load.address);
    while !shared.is_over() {
        let index = shared.next.get();
        if index >= shared.ledger.events() {
            break;
        }
        shared.next.set(index + 1);
        if let Some(rate) = load.rate {
            let due = shared.started + Duration::from_secs_f64(f64::from(index) / f64::from(rate));
            tokio::time::sleep_until(due).await;
        }
        request.set_number(load.first + index);
        // A request that is repeated counts from the first time.
        let sent_us = shared.ledger.elapsed_us();
        shared.ledger.sent(index, sent_us);
        while !post(&mut line, &request.bytes, &load.event).await? {
            if shared.is_over() {
                shared.again.set(shared.again.get() + line.again);
                return Ok(());
            }
            tokio::time::sleep(PAUSE_WHEN_BUSY).await;
        }
        shared
            .ledger
            .accepted(shared.ledger.elapsed_us().saturating_sub(sent_us));
        shared.accepted.set(shared.accepted.get() + 1);
    }
    shared.again.set(shared.again.get() + line.again);
    Ok(())
}

/// Posts an event. Returns `false` if the sender asks to try again later.
async fn post(line: &mut Line, request: &[u8], event: &Event) -> Outcome<bool> {
    let exchange = tokio::time::timeout(RESPONSE_MAX, line.exchange(request)).await;
    let (status, body) =
        exchange.map_err(|_| format!("an event got no response within {RESPONSE_MAX:?}"))??;
    if event.call().accepts(status) {
        return Ok(true);
    }
    match status {
        429 | 503 => Ok(false),
        _ => Err(client::refusal("an event", status, &body).into()),
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.started.elapsed() > self.load.post_for
    }
}

/// A connection that is opened when it is needed.
struct Line {
    address: SocketAddr,
    open: Option<(TcpStream, Inbox)>,
    /// Requests that were sent once more.
    again: u32,
}

impl Line {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
            again: 0,
        }
    }

    /// Sends a request and returns the status and, unless it is a 2xx, the body. A connection that has served
    /// requests may be closed by the peer at any time; then the request is sent once more on a new one.
    async fn exchange(&mut self, request: &[u8]) -> Outcome<(u16, Vec<u8>)> {
        if let Some(open) = self.open.take() {
            if let Ok(response) = self.exchange_on(open, request).await {
                return Ok(response);
            }
            self.again += 1;
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(self.exchange_on((stream, Inbox::new()), request).await?)
    }

    async fn exchange_on(
        &mut self,
        (mut stream, mut inbox): (TcpStream, Inbox),
        request: &[u8],
    ) -> std::io::Result<(u16, Vec<u8>)> {
        stream.write_all(request).await?;
        let response = inbox.response(&mut stream).await?;
        let is_success = (200..300).contains(&response.status);
        let body = if is_success {
            Vec::new()
        } else {
            response.body.to_vec()
        };
        let (status, closes) = (response.status, response.closes);
        if !closes {
            self.open = Some((stream, inbox));
        }
        Ok((status, body))
    }
}
