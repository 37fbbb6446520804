//! Receivers, a client for them, and scripted resolvers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use postrider_egress::{ClientSettings, EgressGuard, HttpClient, Resolve, ResolveError};
use postrider_egress::{Request, Response};
use postrider_model::{Clock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The time of every test: 1 June 2026.
pub struct FirstOfJune;

impl Clock for FirstOfJune {
    fn now(&self) -> Timestamp {
        self.wall()
    }

    fn wall(&self) -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Answers lookups from a list, and repeats the last entry.
pub struct Scripted(Mutex<Vec<Result<Vec<IpAddr>, ResolveError>>>);

impl Scripted {
    pub fn new(mut results: Vec<Result<Vec<IpAddr>, ResolveError>>) -> Arc<Self> {
        results.reverse();
        Arc::new(Self(Mutex::new(results)))
    }

    pub fn always(address: &str) -> Arc<Self> {
        Self::new(vec![Ok(vec![address.parse().unwrap()])])
    }
}

#[async_trait::async_trait]
impl Resolve for Scripted {
    async fn resolve(&self, _name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let mut results = self.0.lock();
        if results.len() > 1 {
            results.pop().unwrap()
        } else {
            results[0].clone()
        }
    }
}

/// Never answers a lookup.
pub struct Silent;

#[async_trait::async_trait]
impl Resolve for Silent {
    async fn resolve(&self, _name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        std::future::pending().await
    }
}

/// A client that may call `allowed`, and resolves every name with `resolver`.
pub fn client_with(allowed: &str, resolver: Arc<dyn Resolve>, settings: &ClientSettings) -> HttpClient {
    let guard = EgressGuard::new(vec![allowed.parse().unwrap()]);
    HttpClient::new(Arc::new(guard), resolver, Arc::new(FirstOfJune), settings).unwrap()
}

/// A client that may call this machine, and resolves every name to it.
pub fn client() -> HttpClient {
    client_with(
        "127.0.0.0/8",
        Scripted::always("127.0.0.1"),
        &ClientSettings::default(),
    )
}

pub fn request(url: impl Into<String>) -> Request {
    Request {
        url: url.into(),
        headers: vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), "evt_1".to_owned()),
        ],
        body: Bytes::from_static(b"{\"a\":1}"),
        timeout: Duration::from_secs(5),
        tenant: 1,
        identity: None,
        response_bytes_kept: None,
    }
}

pub fn request_within(url: impl Into<String>, timeout_ms: u64) -> Request {
    Request {
        timeout: Duration::from_millis(timeout_ms),
        ..request(url)
    }
}

pub async fn post(url: impl Into<String>) -> Response {
    client().send(&request(url)).await
}

/// A receiver on a free port.
pub struct Receiver {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Runs `talk` on every connection.
    pub async fn start<F>(talk: impl Fn(Peer) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count, log) = (Arc::clone(&connections), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(talk(Peer {
                    stream,
                    number,
                    requests: Arc::clone(&log),
                }));
            }
        });
        Self {
            address,
            connections,
            requests,
            task,
        }
    }

    /// Responds to every request on every connection with these bytes.
    pub async fn responding(response: impl Into<Vec<u8>>) -> Self {
        let response = Arc::new(response.into());
        Self::start(move |mut peer| {
            let response = Arc::clone(&response);
            async move {
                while peer.read_request().await {
                    peer.write(&response).await;
                }
            }
        })
        .await
    }

    /// Responds to the first request with these bytes and closes the connection.
    pub async fn responding_once(response: impl Into<Vec<u8>>) -> Self {
        let response = Arc::new(response.into());
        Self::start(move |mut peer| {
            let response = Arc::clone(&response);
            async move {
                peer.read_request().await;
                peer.write(&response).await;
            }
        })
        .await
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The complete requests, verbatim.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, seen from the receiver.
pub struct Peer {
    pub stream: TcpStream,
    /// From 1.
    pub number: usize,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Reads one whole request. Returns false if the connection ended first.
    pub async fn read_request(&mut self) -> bool {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let text = String::from_utf8_lossy(&bytes);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("Content-Length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    self.requests.lock().push(text.into_owned());
                    return true;
                }
            }
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return false,
                Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            }
        }
    }

    /// Writes the bytes. Returns whether the client still accepts them.
    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Waits for the client to hang up.
    pub async fn until_closed(&mut self) {
        let mut buffer = [0; 1024];
        while matches!(self.stream.read(&mut buffer).await, Ok(read) if read > 0) {}
    }
}
