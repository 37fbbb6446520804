//! The producer over HTTP/2: one thread that posts events as streams of few connections, and records how long
//! each took to be accepted.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::Outcome;
use crate::frames::{Frames, Received, literal};
use crate::ledger::Ledger;
use crate::node::ADMIN_KEY;
use crate::payload;
use crate::producer::PAUSE_WHEN_BUSY;
use crate::runtime::on_thread;

/// Indices of the static table (RFC 7541 appendix A): two headers as a whole, and some names.
const METHOD_POST: u8 = 0x80 | 3;
const SCHEME_HTTP: u8 = 0x80 | 6;
const AUTHORITY: u8 = 1;
const PATH: u8 = 4;
const AUTHORIZATION: u8 = 23;
const CONTENT_TYPE: u8 = 31;

/// What is posted.
#[derive(Clone)]
pub struct Http2Load {
    /// The server's address.
    pub address: SocketAddr,
    /// The account of the events.
    pub account: String,
    /// The body of each request: one event.
    pub body: String,
    pub connections: usize,
    /// Requests in flight on each connection.
    pub streams: usize,
}

/// Posts all events of a ledger, in a thread of its own.
pub async fn post_all(load: Http2Load, ledger: &Arc<Ledger>) -> Outcome<()> {
    let ledger = Arc::clone(ledger);
    on_thread(
        "producer",
        move || async move { connections(&load, &ledger).await },
    )
    .await
}

async fn connections(load: &Http2Load, ledger: &Arc<Ledger>) -> Outcome<()> {
    let next = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..load.connections)
        .map(|_| {
            let (load, ledger, next) = (load.clone(), Arc::clone(ledger), Rc::clone(&next));
            tokio::task::spawn_local(async move { connection(&load, &ledger, &next).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// An event that waits to be accepted.
struct Posted {
    number: u32,
    sent_us: u32,
}

async fn connection(load: &Http2Load, ledger: &Ledger, next: &Cell<u32>) -> Outcome<()> {
    let tcp = TcpStream::connect(load.address).await?;
    tcp.set_nodelay(true)?;
    let mut frames = Frames::client(tcp);
    let headers = load.headers();
    let mut body = load.body.clone().into_bytes();
    let offset = payload::number_offsets(&body)[0];
    let mut open: HashMap<u32, Posted> = HashMap::new();
    let mut repeated: Vec<Posted> = Vec::new();
    let mut stream = 1;
    loop {
        while open.len() < load.streams {
            let posted = match repeated.pop() {
                Some(posted) => posted,
                None if next.get() < ledger.events() => {
                    let number = next.replace(next.get() + 1);
                    let sent_us = ledger.elapsed_us();
                    ledger.sent(number, sent_us);
                    Posted { number, sent_us }
                }
                None => break,
            };
            payload::set_number(&mut body, offset, posted.number);
            frames.send(stream, &headers, &body);
            open.insert(stream, posted);
            stream += 2;
        }
        if open.is_empty() {
            return Ok(());
        }
        frames.turn().await?;
        while let Some(received) = frames.next() {
            let (stream, body) = match received {
                Received::Message { stream, body } => (stream, body),
                Received::Reset { code } => return Err(format!("the server reset a stream: {code}").into()),
            };
            let posted = open.remove(&stream).ok_or("a response to no request")?;
            match Verdict::of(&body) {
                Verdict::Accepted => ledger.accepted(ledger.elapsed_us().saturating_sub(posted.sent_us)),
                Verdict::Busy => repeated.push(posted),
                Verdict::Refused => {
                    return Err(format!("a post got {}", String::from_utf8_lossy(&body)).into());
                }
            }
        }
        if !repeated.is_empty() {
            tokio::time::sleep_until(Instant::now() + PAUSE_WHEN_BUSY).await;
        }
    }
}

/// What a response says. Its status is in headers that nobody decodes here, but its body tells.
enum Verdict {
    Accepted,
    /// 503.
    Busy,
    Refused,
}

impl Verdict {
    fn of(body: &[u8]) -> Self {
        if body.starts_with(br#"{"id":"evt_"#) {
            Self::Accepted
        } else if memchr::memmem::find(body, br#""status":503"#).is_some() {
            Self::Busy
        } else {
            Self::Refused
        }
    }
}

impl Http2Load {
    fn headers(&self) -> Vec<u8> {
        let mut headers = vec![METHOD_POST, SCHEME_HTTP];
        let path = format!("/v1/accounts/{}/events", self.account);
        literal(&mut headers, PATH, path.as_bytes());
        literal(&mut headers, AUTHORITY, self.address.to_string().as_bytes());
        literal(
            &mut headers,
            AUTHORIZATION,
            format!("Bearer {ADMIN_KEY}").as_bytes(),
        );
        literal(&mut headers, CONTENT_TYPE, b"application/json");
        headers
    }
}
