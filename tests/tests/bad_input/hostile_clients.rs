//! Clients that are slow, silent or do not speak HTTP: the server disconnects them, and serves others
//! meanwhile.

use std::time::Duration;

use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Account, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest that a request may take to arrive, head or body, and a margin.
const CLOSED_WITHIN: Duration = Duration::from_secs(45);

/// Everything that the server sends until it closes the connection.
async fn rest_of(stream: &mut TcpStream, within: Duration) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(within, stream.read_to_end(&mut text)).await;
    assert!(
        read.is_ok(),
        "the connection is still open: {}",
        String::from_utf8_lossy(&text)
    );
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn an_endless_request_head_is_closed_while_others_are_served() {
    let server = Server::start();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ")
            .await
            .unwrap();
        slow.push(stream);
    }
    server.api().get("/healthz").await.expect(200);
    for mut stream in slow {
        rest_of(&mut stream, CLOSED_WITHIN).await;
    }
}

#[tokio::test]
async fn a_truncated_body_stores_nothing() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let event = r#"{"type":"a","data":1}"#;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{event}",
        account.at("/events"),
        event.len() + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    rest_of(&mut stream, Duration::from_secs(5)).await;
    assert_eq!(account.count("events").await, 0);
}

#[tokio::test]
async fn a_non_http_client_is_disconnected() {
    let server = Server::start();
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"HELO mail\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let response = rest_of(&mut stream, Duration::from_secs(5)).await;
        assert!(
            response.is_empty() || response.starts_with("HTTP/1.1 400"),
            "{response}"
        );
    }
    server.api().get("/healthz").await.expect(200);
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}",
        "x".repeat(1 << 20)
    );
    // The server may close the connection during this write.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut response = Vec::new();
    let read = tokio::time::timeout(CLOSED_WITHIN, stream.read_to_end(&mut response)).await;
    let response = String::from_utf8_lossy(&response).into_owned();
    assert!(
        read.is_ok_and(|read| read.is_err() || response.is_empty() || response.starts_with("HTTP/1.1 431")),
        "{response}"
    );
    server.api().get("/healthz").await.expect(200);
}
