//! HTTP/2 receivers that script each frame: those that go away, break off, lower their limits, or say
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use postrider_egress::{HttpClient, Request};
use postrider_model::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::support::{Receiver, request, request_within};
use super::tls::Authority;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;

/// A connection, seen from the receiver, frame by frame.
struct Frames {
    stream: TlsStream<TcpStream>,
    /// From 1.
    number: usize,
}

impl Frames {
    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = &(payload.len() as u32).to_be_bytes()[1..];
        let frame = [length, &[kind, flags], &stream.to_be_bytes(), payload].concat();
        let _ = self.stream.write_all(&frame).await;
    }

    async fn settings(&mut self, settings: &[(u16, u32)]) {
        let settings = settings
            .iter()
            .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
        self.write(SETTINGS, 0, 0, &settings.collect::<Vec<_>>()).await;
    }

    async fn goaway(&mut self, last: u32, code: u32) {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.write(GOAWAY, 0, 0, &payload).await;
    }

    /// Responds with 200.
    async fn respond(&mut self, stream: u32) {
        // An entry of HPACK's static table: `:status: 200`.
        self.write(HEADERS, END_STREAM | END_HEADERS, stream, &[0x88])
            .await;
    }

    /// The stream of the next request, once it has arrived in full. `None` if the connection ends.
    async fn request(&mut self) -> Option<u32> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            if kind == DATA && flags & END_STREAM != 0 {
                return Some(u32::from_be_bytes(stream));
            }
        }
    }
}

/// A receiver that runs `talk` on each connection, after the TLS handshake and the client's preface.
async fn start<F>(talk: impl Fn(Frames) -> F + Clone + Send + 'static) -> (Arc<HttpClient>, Receiver, String)
where
    F: Future<Output = ()> + Send + 'static,
{
    let authority = Authority::new();
    let mut config = authority.server("receiver.example", |_| ());
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let receiver = Receiver::start(move |peer| {
        let (acceptor, talk) = (acceptor.clone(), talk.clone());
        async move {
            let mut stream = acceptor.accept(peer.stream).await.unwrap();
            let mut preface = [0; 24];
            stream.read_exact(&mut preface).await.unwrap();
            let number = peer.number;
            talk(Frames { stream, number }).await;
        }
    })
    .await;
    let url = format!("https://receiver.example:{}/hook", receiver.address.port());
    (Arc::new(authority.client()), receiver, url)
}

/// Responds to all requests.
async fn respond_to_all(frames: &mut Frames) {
    while let Some(stream) = frames.request().await {
        frames.respond(stream).await;
    }
}

#[tokio::test]
async fn a_request_that_a_goaway_excludes_is_sent_again_whatever_the_code() {
    for code in [NO_ERROR, INTERNAL_ERROR] {
        // The first connection responds to `responded` requests and excludes the next one.
        for responded in [0, 1] {
            let (client, receiver, url) = start(move |mut frames| async move {
                frames.settings(&[]).await;
                if frames.number > 1 {
                    return respond_to_all(&mut frames).await;
                }
                let mut last = 0;
                for _ in 0..responded {
                    last = frames.request().await.unwrap();
                    frames.respond(last).await;
                }
                frames.request().await;
                frames.goaway(last, code).await;
                frames.request().await;
            })
            .await;
            for _ in 0..=responded {
                let response = client.send(&request(url.clone())).await;
                assert_eq!(
                    response.outcome,
                    Outcome::Succeeded,
                    "{code} {responded}: {response:?}"
                );
            }
            assert_eq!(receiver.connections(), 2);
        }
    }
}

#[tokio::test]
async fn a_request_that_a_goaway_includes_is_awaited_and_the_next_goes_elsewhere() {
    let (client, receiver, url) = start(|mut frames| async move {
        frames.settings(&[]).await;
        while let Some(stream) = frames.request().await {
            frames.goaway(stream, NO_ERROR).await;
            frames.respond(stream).await;
        }
    })
    .await;
    for _ in 0..3 {
        let response = client.send(&request(url.clone())).await;
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    }
    assert_eq!(receiver.connections(), 3);
}

#[tokio::test]
async fn a_new_connection_that_ends_after_a_goaway_that_includes_the_request_is_not_repeated() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let (client, _receiver, url) = start(move |mut frames| {
        let count = Arc::clone(&count);
        async move {
            frames.settings(&[]).await;
            let stream = frames.request().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            frames.goaway(stream, INTERNAL_ERROR).await;
        }
    })
    .await;
    let response = client.send(&request(url)).await;
    assert_eq!(
        (response.outcome, response.error.as_deref()),
        (
            Outcome::ProtocolError,
            Some("The connection was closed without a response")
        )
    );
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn requests_that_lose_their_connection_share_the_one_that_replaces_it() {
    const REQUESTS: usize = 50;
    let (client, receiver, url) = start(|mut frames| async move {
        frames.settings(&[(MAX_CONCURRENT_STREAMS, 100)]).await;
        if frames.number > 1 {
            return respond_to_all(&mut frames).await;
        }
        let first = frames.request().await.unwrap();
        frames.respond(first).await;
        for _ in 0..REQUESTS {
            frames.request().await;
        }
    })
    .await;
    assert_eq!(
        client.send(&request(url.clone())).await.outcome,
        Outcome::Succeeded
    );
    let sends = (0..REQUESTS).map(|_| {
        let (client, url) = (Arc::clone(&client), url.clone());
        tokio::spawn(async move { client.send(&request(url)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        let response = send.await.unwrap();
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    }
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_connection_whose_receiver_lowers_the_limit_to_nothing_gets_no_more_requests_until_it_raises_it() {
    let raise = Arc::new(Notify::new());
    let signal = Arc::clone(&raise);
    let (client, receiver, url) = start(move |mut frames| {
        let raise = Arc::clone(&signal);
        async move {
            frames.settings(&[(MAX_CONCURRENT_STREAMS, 10)]).await;
            if frames.number > 1 {
                let stream = frames.request().await.unwrap();
                frames.settings(&[(MAX_CONCURRENT_STREAMS, 0)]).await;
                frames.respond(stream).await;
                frames.request().await;
                return;
            }
            let stream = frames.request().await.unwrap();
            frames.settings(&[(MAX_CONCURRENT_STREAMS, 0)]).await;
            frames.respond(stream).await;
            raise.notified().await;
            frames.settings(&[(MAX_CONCURRENT_STREAMS, 10)]).await;
            respond_to_all(&mut frames).await;
        }
    })
    .await;
    for connections in [1, 2] {
        let response = client.send(&request(url.clone())).await;
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
        assert_eq!(receiver.connections(), connections);
    }
    raise.notify_one();
    // The client learns of the new limit in its own time.
    let began = std::time::Instant::now();
    let mut on_the_first = 0;
    while on_the_first < 3 && began.elapsed() < Duration::from_secs(10) {
        let before = receiver.connections();
        let response = client.send(&request(url.clone())).await;
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
        on_the_first += usize::from(receiver.connections() == before);
    }
    assert_eq!(on_the_first, 3);
}

#[tokio::test]
async fn requests_to_a_receiver_that_never_says_a_word_time_out() {
    let (client, _receiver, url) =
        start(|mut frames| async move { while frames.request().await.is_some() {} }).await;
    // The first connects, and the second gives up waiting for what the first finds out.
    let sends = [300, 310].map(|timeout_ms| {
        let (client, url) = (Arc::clone(&client), url.clone());
        tokio::spawn(async move { client.send(&request_within(url, timeout_ms)).await })
    });
    for send in sends {
        let response = send.await.unwrap();
        assert_eq!(response.outcome, Outcome::Timeout, "{response:?}");
    }
    only_the_receiver_remains(2).await;
}

#[tokio::test]
async fn a_receiver_that_stops_reading_cannot_keep_a_connection_open() {
    let (client, _receiver, url) = start(|mut frames| async move {
        let most = i32::MAX as u32;
        frames.settings(&[(INITIAL_WINDOW_SIZE, most)]).await;
        let more = (most - 65_535).to_be_bytes();
        frames.write(WINDOW_UPDATE, 0, 0, &more).await;
        std::future::pending().await
    })
    .await;
    // More than all socket buffers hold.
    let request = Request {
        body: Bytes::from(vec![b'x'; 32 * 1024 * 1024]),
        ..request_within(url, 500)
    };
    let response = client.send(&request).await;
    assert_eq!(response.outcome, Outcome::Timeout, "{response:?}");
    only_the_receiver_remains(1).await;
}

/// Waits until the client has no task any more: those of its connections end with them. `connections` of the
/// receiver remain, each with a task, and one that accepts them.
async fn only_the_receiver_remains(connections: usize) {
    tokio::time::pause();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for _ in 0..60 {
        if tasks() <= connections + 1 {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{} tasks", tasks());
}
