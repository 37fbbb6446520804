//! In how many pieces the client writes over HTTP/2.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use parking_lot::Mutex;
use postrider_egress::{HttpClient, Request};
use postrider_model::Outcome;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

use super::support::{Receiver, request};
use super::tls::Authority;

/// A TCP stream that keeps what it reads.
struct Recorded {
    tcp: TcpStream,
    read: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(context, buffer);
        self.read.lock().extend_from_slice(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

/// The number of TLS records in these bytes.
fn records(mut bytes: &[u8]) -> usize {
    let mut records = 0;
    while let [_, _, _, high, low, ..] = bytes {
        bytes = &bytes[5 + usize::from(u16::from_be_bytes([*high, *low]))..];
        records += 1;
    }
    records
}

/// Requests whose responses are withheld until all of them have arrived.
const AT_ONCE: usize = 50;

#[tokio::test]
async fn requests_of_a_moment_leave_in_few_writes() {
    let authority = Authority::new();
    let mut config = authority.server("receiver.example", |_| ());
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let read = Arc::new(Mutex::new(Vec::new()));
    let for_receiver = Arc::clone(&read);
    let receiver = Receiver::start(move |peer| {
        let (acceptor, read) = (acceptor.clone(), Arc::clone(&for_receiver));
        async move {
            let tcp = peer.stream;
            let stream = acceptor.accept(Recorded { tcp, read }).await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let head = Response::builder().status(200).body(()).unwrap();
                respond.send_response(head, true).unwrap();
            }
        }
    })
    .await;
    let client = Arc::new(authority.client());
    let request = Request {
        // Longer than the pieces that `h2` gathers by itself.
        body: Bytes::from(vec![b' '; 2_000]),
        ..request(format!(
            "https://receiver.example:{}/hook",
            receiver.address.port()
        ))
    };
    assert_eq!(client.send(&request).await.outcome, Outcome::Succeeded);
    let before = records(&read.lock());
    send_at_once(&client, &request).await;
    let written = records(&read.lock()) - before;
    assert_eq!(receiver.connections(), 1);
    // 100 KB need seven records, and the client acknowledges this or that besides.
    assert!((7..=15).contains(&written), "{written} records");
}

/// Sends a request many times at once.
async fn send_at_once(client: &Arc<HttpClient>, request: &Request) {
    let barrier = Arc::new(Barrier::new(AT_ONCE));
    let sends: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (client, request, barrier) = (Arc::clone(client), request.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                client.send(&request).await
            })
        })
        .collect();
    for send in sends {
        let response = send.await.unwrap();
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    }
}
