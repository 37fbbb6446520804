//! Connections over real sockets, with small bounds and a handler whose requests last as long as a test
//! wants.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::response::IntoResponse as _;
use h2::client::{ResponseFuture, SendRequest};
use http::StatusCode;
use postrider_web::client::Acquaintance;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{oneshot, watch};

use super::*;

const SMALL: Bounds = Bounds {
    connections: 4,
    connections_per_peer: 4,
    idle: Duration::from_secs(60),
    stranger: Duration::from_secs(60),
    unread: Duration::from_secs(60),
    closing: Duration::from_secs(60),
    closing_busy: Duration::from_secs(60),
};

/// The response at `/large`: more than the sockets' buffers hold.
const LARGE: usize = 32 * 1024 * 1024;

/// How long something may take that has to happen.
const SOON: Duration = Duration::from_secs(20);

/// Responds at once, or on `/hold` once it is told to.
struct Held {
    released: watch::Receiver<bool>,
    is_unlimited: AtomicBool,
}

impl Handler for Held {
    async fn handle(&self, request: Request<Arriving>, _: IpAddr) -> Response {
        match request.uri().path() {
            "/hold" => {
                let _ = self.released.clone().wait_for(|released| *released).await;
            }
            "/large" => return vec![b'x'; LARGE].into_response(),
            "/session" => Acquaintance::make(request.extensions()),
            _ => {}
        }
        StatusCode::OK.into_response()
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("authorization")
    }

    fn is_probe(&self, path: &str) -> bool {
        path == "/healthz"
    }

    fn address(&self, peer: IpAddr, _: &HeaderMap) -> IpAddr {
        peer
    }

    fn is_unlimited(&self, _: IpAddr) -> bool {
        self.is_unlimited.load(Ordering::Relaxed)
    }

    fn stop(&self) {}
}

/// A listener, stopped when it is dropped.
struct Listening {
    address: SocketAddr,
    handler: Arc<Held>,
    release: watch::Sender<bool>,
    _stop: oneshot::Sender<()>,
}

impl Listening {
    async fn start(bounds: Bounds) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (release, released) = watch::channel(false);
        let handler = Arc::new(Held {
            released,
            is_unlimited: AtomicBool::new(true),
        });
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        tokio::spawn(serve_within(
            bounds,
            listener,
            Arc::clone(&handler),
            stopped,
            SOON,
        ));
        Self {
            address,
            handler,
            release,
            _stop: stop,
        }
    }

    async fn connect(&self) -> Http1 {
        Http1(TcpStream::connect(self.address).await.unwrap())
    }

    /// An HTTP/2 connection, and the task that ends with it.
    async fn connect_http2(&self) -> (SendRequest<bytes::Bytes>, tokio::task::JoinHandle<()>) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        let ends = tokio::spawn(async move {
            let _ = connection.await;
        });
        (requests.ready().await.unwrap(), ends)
    }
}

/// A client that speaks HTTP/1.1.
struct Http1(TcpStream);

impl Http1 {
    async fn send(&mut self, path: &str, headers: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// The status of the response; `None` if the connection ends first.
    async fn status(&mut self) -> Option<u16> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match timeout(SOON, self.0.read_u8()).await.unwrap() {
                Ok(byte) => head.push(byte),
                Err(_) => return None,
            }
        }
        let head = String::from_utf8(head).unwrap();
        head.split(' ').nth(1)?.parse().ok()
    }

    async fn get(&mut self, path: &str, headers: &str) -> Option<u16> {
        self.send(path, headers).await;
        self.status().await
    }

    async fn is_closed(&mut self) -> bool {
        self.status().await.is_none()
    }
}

fn request(path: &str, has_key: bool) -> Request<()> {
    let mut request = Request::get(format!("http://a{path}"));
    if has_key {
        request = request.header("authorization", "Bearer k");
    }
    request.body(()).unwrap()
}

/// Sends so many requests at once.
fn send_many(requests: &mut SendRequest<bytes::Bytes>, count: usize, has_key: bool) -> Vec<ResponseFuture> {
    let send = |_| requests.send_request(request("/hold", has_key), true).unwrap().0;
    (0..count).map(send).collect()
}

/// How many of these get a response, and how many are refused so that the client may repeat them.
async fn outcomes(responses: Vec<ResponseFuture>) -> (usize, usize) {
    let (mut served, mut refused) = (0, 0);
    for response in responses {
        match timeout(SOON, response).await.unwrap() {
            Ok(_) => served += 1,
            Err(error) if error.reason() == Some(Reason::REFUSED_STREAM) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (served, refused)
}

#[tokio::test]
async fn a_newcomer_finds_a_place_among_connections_that_do_nothing() {
    let listening = Listening::start(SMALL).await;
    let mut known = listening.connect().await;
    assert_eq!(known.get("/", "Authorization: Bearer k\r\n").await, Some(200));
    let mut first = listening.connect().await;
    assert_eq!(first.get("/", "").await, Some(200));
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(listening.connect().await);
        let mut newcomer = listening.connect().await;
        assert_eq!(newcomer.get("/healthz", "").await, Some(200));
    }
    assert!(first.is_closed().await && silent[0].is_closed().await);
    assert_eq!(known.get("/", "").await, Some(200), "strangers give way first");
}

#[tokio::test]
async fn no_connection_gives_way_while_a_request_is_in_flight() {
    let listening = Listening::start(SMALL).await;
    let mut busy = Vec::new();
    for _ in 0..SMALL.connections {
        let mut connection = listening.connect().await;
        connection.send("/hold", "").await;
        busy.push(connection);
    }
    let mut newcomer = listening.connect().await;
    newcomer.send("/healthz", "").await;
    let waits = timeout(Duration::from_millis(300), newcomer.0.read_u8()).await;
    assert!(waits.is_err(), "it waits in the system's backlog");
    listening.release.send_replace(true);
    assert_eq!(newcomer.status().await, Some(200));
    let mut served = 0;
    for mut connection in busy {
        served += usize::from(connection.status().await == Some(200));
    }
    assert_eq!(served, SMALL.connections);
}

#[tokio::test]
async fn one_peer_gets_its_share_of_places() {
    let bounds = Bounds {
        connections_per_peer: 2,
        ..SMALL
    };
    let listening = Listening::start(bounds).await;
    listening.handler.is_unlimited.store(false, Ordering::Relaxed);
    let mut first = listening.connect().await;
    assert_eq!(first.get("/", "").await, Some(200));
    let mut busy = listening.connect().await;
    busy.send("/hold", "").await;
    let mut third = listening.connect().await;
    third.send("/hold", "").await;
    assert!(first.is_closed().await, "its own idle connection gives way");
    let mut fourth = listening.connect().await;
    assert!(fourth.is_closed().await);
    listening.release.send_replace(true);
    assert_eq!(
        (busy.status().await, third.status().await),
        (Some(200), Some(200))
    );
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let bounds = Bounds {
        idle: Duration::from_millis(200),
        ..SMALL
    };
    let listening = Listening::start(bounds).await;
    let (mut requests, ends) = listening.connect_http2().await;
    let (response, _) = requests.send_request(request("/", true), true).unwrap();
    assert_eq!(response.await.unwrap().status(), StatusCode::OK);
    let (busy, busy_ends) = {
        let (mut requests, ends) = listening.connect_http2().await;
        (
            requests.send_request(request("/hold", true), true).unwrap().0,
            ends,
        )
    };
    // The client acknowledges pings for as long as it lives: only the idle time can end the connection.
    timeout(SOON, ends).await.unwrap().unwrap();
    let mut silent = listening.connect().await;
    assert!(silent.is_closed().await);
    assert!(!busy_ends.is_finished(), "a request is in flight");
    listening.release.send_replace(true);
    assert_eq!(busy.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_known_client_that_does_not_read_its_response_loses_its_connection() {
    let bounds = Bounds {
        unread: Duration::from_millis(500),
        closing_busy: Duration::from_millis(500),
        ..SMALL
    };
    let listening = Listening::start(bounds).await;
    let (mut requests, ends) = listening.connect_http2().await;
    let (response, _) = requests.send_request(request("/large", true), true).unwrap();
    let _unread = response.await.unwrap();
    let mut first = listening.connect().await;
    first.send("/large", "Authorization: Bearer k\r\n").await;
    // It reads all, but takes longer than the bound.
    let mut slow = listening.connect().await;
    slow.send("/large", "Authorization: Bearer k\r\nConnection: close\r\n")
        .await;
    let mut waiting = listening.connect().await;
    waiting.send("/hold", "Authorization: Bearer k\r\n").await;
    let began = Instant::now();
    let mut read = 0;
    let mut piece = vec![0; LARGE / 50];
    loop {
        let count = slow.0.read(&mut piece).await.unwrap();
        read += count;
        if count == 0 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(read > LARGE && began.elapsed() > 2 * bounds.unread, "{read}");
    timeout(SOON, ends).await.unwrap().unwrap();
    let mut read = Vec::new();
    // An error is a reset.
    let _ = timeout(SOON, first.0.read_to_end(&mut read)).await.unwrap();
    assert!(read.len() < LARGE, "{}", read.len());
    listening.release.send_replace(true);
    assert_eq!(
        waiting.status().await,
        Some(200),
        "it waits, but for its response"
    );
}

#[tokio::test]
async fn a_request_of_a_stranger_that_never_ends_ends_its_connection() {
    let bounds = Bounds {
        stranger: Duration::from_millis(200),
        closing: Duration::from_millis(200),
        ..SMALL
    };
    let listening = Listening::start(bounds).await;
    let mut known = listening.connect().await;
    known.send("/hold", "Authorization: Bearer k\r\n").await;
    let mut stranger = listening.connect().await;
    stranger.send("/hold", "").await;
    assert!(stranger.is_closed().await);
    listening.release.send_replace(true);
    assert_eq!(known.status().await, Some(200));
}

#[tokio::test]
async fn a_stranger_has_few_streams_and_a_client_with_a_key_all_of_them() {
    let listening = Listening::start(SMALL).await;
    let (mut strangers, _) = listening.connect_http2().await;
    let of_strangers = send_many(&mut strangers, 40, false);
    let (mut known, _) = listening.connect_http2().await;
    // From its first request on, which has a key.
    let of_known = send_many(&mut known, 100, true);
    let (refused, in_flight): (Vec<_>, Vec<_>) =
        of_strangers.into_iter().enumerate().partition(|(n, _)| *n >= 16);
    let responses =
        |numbered: Vec<(usize, ResponseFuture)>| numbered.into_iter().map(|(_, response)| response).collect();
    assert_eq!(outcomes(responses(refused)).await, (0, 24));
    listening.release.send_replace(true);
    assert_eq!(outcomes(responses(in_flight)).await, (16, 0));
    assert_eq!(outcomes(of_known).await, (100, 0));
    assert_eq!(outcomes(send_many(&mut strangers, 10, false)).await, (10, 0));
}

#[tokio::test]
async fn a_client_with_a_session_is_no_stranger_from_then_on() {
    let listening = Listening::start(SMALL).await;
    let (mut requests, _) = listening.connect_http2().await;
    let (response, _) = requests.send_request(request("/session", false), true).unwrap();
    assert_eq!(response.await.unwrap().status(), StatusCode::OK);
    let responses = send_many(&mut requests, 100, false);
    listening.release.send_replace(true);
    assert_eq!(outcomes(responses).await, (100, 0));
}

/// Sends a body of so many bytes as a client that reads only once it has sent all of it. The status of the
/// response; `None` if the connection breaks before.
async fn upload(listening: &Listening, headers: &str, bytes: usize) -> Option<u16> {
    let mut client = listening.connect().await;
    client
        .send("/", &format!("{headers}Content-Length: {bytes}\r\n"))
        .await;
    let piece = vec![b'x'; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(piece.len());
        client.0.write_all(&piece[..length]).await.ok()?;
        left -= length;
    }
    client.status().await
}

#[tokio::test]
async fn a_client_that_sends_too_much_sees_the_response() {
    let listening = Listening::start(SMALL).await;
    let key = "Authorization: Bearer k\r\n";
    assert_eq!(upload(&listening, key, 25_000_000).await, Some(200));
    assert_eq!(
        upload(&listening, key, 64 * 1024 * 1024).await,
        None,
        "it is bounded"
    );
    assert_eq!(upload(&listening, "", 60_000).await, Some(200));
    assert_eq!(upload(&listening, "", 25_000_000).await, None, "a stranger");
}
