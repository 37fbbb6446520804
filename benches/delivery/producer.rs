//! The producer: one thread that posts events over many connections and records how long each took to be
//! accepted.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::Outcome;
use crate::ledger::Ledger;
use crate::payload;
use crate::runtime::on_thread;
use crate::wire::Inbox;

/// How long a producer waits after a 503 before it repeats the request.
pub const PAUSE_WHEN_BUSY: Duration = Duration::from_millis(20);

/// What is posted, and how.
#[derive(Clone)]
pub struct Load {
    /// The servers' addresses; the connections are spread over them.
    pub addresses: Vec<SocketAddr>,
    /// Complete requests, each with the same number of events. They are sent in turn.
    pub requests: Arc<Vec<Vec<u8>>>,
    /// Events in each request.
    pub events_per_request: u32,
    /// The number of connections, each with one request in flight.
    pub connections: usize,
    /// Events per second; `None` sends them as fast as they are accepted.
    pub rate: Option<u32>,
}

/// Posts all events of a ledger, in a thread of its own.
pub async fn post_all(load: Load, ledger: &Arc<Ledger>) -> Outcome<()> {
    let ledger = Arc::clone(ledger);
    on_thread(
        "producer",
        move || async move { connections(&load, &ledger).await },
    )
    .await
}

async fn connections(load: &Load, ledger: &Arc<Ledger>) -> Outcome<()> {
    let next = Rc::new(Cell::new(0));
    let started = Instant::now();
    let addresses = load.addresses.iter().copied().cycle();
    let tasks: Vec<_> = addresses
        .take(load.connections)
        .map(|address| {
            let (load, ledger, next) = (load.clone(), Arc::clone(ledger), Rc::clone(&next));
            tokio::task::spawn_local(async move { connection(address, &load, &ledger, &next, started).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn connection(
    address: SocketAddr,
    load: &Load,
    ledger: &Ledger,
    next: &Cell<u32>,
    started: Instant,
) -> Outcome<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut inbox = Inbox::new();
    let mut request = Vec::new();
    let mut chosen = usize::MAX;
    let mut offsets = Vec::new();
    loop {
        let first = next.get();
        if first >= ledger.events() {
            return Ok(());
        }
        let choice = (first / load.events_per_request) as usize % load.requests.len();
        if choice != chosen {
            chosen = choice;
            request.clone_from(&load.requests[choice]);
            offsets = payload::number_offsets(&request);
        }
        next.set(first + load.events_per_request);
        if let Some(rate) = load.rate {
            let due = started + Duration::from_secs_f64(f64::from(first) / f64::from(rate));
            tokio::time::sleep_until(due).await;
        }
        for (number, offset) in (first..).zip(&offsets) {
            payload::set_number(&mut request, *offset, number);
        }
        post(
            &mut stream,
            &mut inbox,
            &request,
            ledger,
            first..first + load.events_per_request,
        )
        .await?;
    }
}

async fn post(
    stream: &mut TcpStream,
    inbox: &mut Inbox,
    request: &[u8],
    ledger: &Ledger,
    numbers: std::ops::Range<u32>,
) -> Outcome<()> {
    // A request that is repeated after a 503 counts from the first time.
    let sent_us = ledger.elapsed_us();
    for number in numbers.take_while(|number| *number < ledger.events()) {
        ledger.sent(number, sent_us);
    }
    loop {
        stream.write_all(request).await?;
        let response = inbox.response(stream).await?;
        match response.status {
            200..=299 => {
                ledger.accepted(ledger.elapsed_us().saturating_sub(sent_us));
                return Ok(());
            }
            503 => tokio::time::sleep(PAUSE_WHEN_BUSY).await,
            status => {
                let body = String::from_utf8_lossy(response.body);
                return Err(format!("a post got {status}: {body}").into());
            }
        }
    }
}
