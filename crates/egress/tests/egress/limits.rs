//! Responses that are too long, too many or odd.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use postrider_model::Outcome;

use super::support::{Receiver, client, post, request};

const KEPT: usize = 16 * 1024;

#[tokio::test]
async fn an_endless_body_is_read_only_up_to_the_kept_size() {
    let written = Arc::new(AtomicUsize::new(0));
    let hung_up = Arc::new(tokio::sync::Notify::new());
    let (count, notify) = (Arc::clone(&written), Arc::clone(&hung_up));
    let receiver = Receiver::start(move |mut peer| {
        let (count, notify) = (Arc::clone(&count), Arc::clone(&notify));
        async move {
            peer.read_request().await;
            peer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await;
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            while peer.write(chunk.as_bytes()).await {
                count.fetch_add(0x10000, Ordering::SeqCst);
            }
            notify.notify_one();
        }
    })
    .await;
    let response = post(receiver.url()).await;
    assert_eq!(
        (response.outcome, response.truncated, response.body.len()),
        (Outcome::Succeeded, true, KEPT)
    );
    hung_up.notified().await;
    // The bytes that the receiver wrote are in socket buffers, not in our memory.
    assert!(written.load(Ordering::SeqCst) < 32 * 1024 * 1024);
}

#[tokio::test]
async fn a_slow_rest_beyond_the_kept_size_is_not_awaited() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\n")
            .await;
        peer.write(&[b'x'; KEPT + 1]).await;
        peer.until_closed().await;
    })
    .await;
    let began = Instant::now();
    let response = post(receiver.url()).await;
    assert_eq!(
        (response.outcome, response.truncated, response.body.len()),
        (Outcome::Succeeded, true, KEPT)
    );
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_body_of_exactly_the_kept_size_is_complete() {
    let body = "x".repeat(KEPT);
    for response in [
        format!("HTTP/1.1 200 OK\r\ncontent-length: {KEPT}\r\n\r\n{body}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4000\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let receiver = Receiver::responding(response).await;
        let response = post(receiver.url()).await;
        assert_eq!(
            (response.outcome, response.truncated, response.body.len()),
            (Outcome::Succeeded, false, KEPT)
        );
    }
}

#[tokio::test]
async fn a_small_rest_is_drained_to_reuse_the_connection() {
    let body = "x".repeat(3 * KEPT);
    let receiver = Receiver::responding(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let client = client();
    for _ in 0..5 {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(
            (response.outcome, response.truncated, response.body.len()),
            (Outcome::Succeeded, true, KEPT)
        );
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn compressed_bodies_are_kept_compressed() {
    // The start of a gzip bomb. Nothing here can unpack it.
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3][..], &[0; 990]].concat();
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1000\r\n\r\n";
    let receiver = Receiver::responding([head.as_bytes(), &bomb].concat()).await;
    let response = post(receiver.url()).await;
    assert_eq!(
        (response.outcome, &response.body[..]),
        (Outcome::Succeeded, &bomb[..])
    );
    assert!(!receiver.requests()[0].contains("accept-encoding"));
}

#[tokio::test]
async fn too_many_headers_and_endless_headers_are_protocol_errors() {
    let many = "x-h: y\r\n".repeat(200);
    let large = format!("x-h: {}\r\n", "y".repeat(100 * 1024));
    for headers in [many, large] {
        let receiver = Receiver::responding(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).await;
        let response = post(receiver.url()).await;
        assert_eq!(
            response.outcome,
            Outcome::ProtocolError,
            "{} bytes",
            headers.len()
        );
        assert_eq!(
            response.error.as_deref(),
            Some("The headers of the response are too large")
        );
    }
    let endless = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        peer.write(b"HTTP/1.1 200 OK\r\n").await;
        while peer
            .write(b"x-h: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")
            .await
        {}
    })
    .await;
    assert_eq!(post(endless.url()).await.outcome, Outcome::ProtocolError);
}

#[tokio::test]
async fn header_values_need_not_be_utf8_and_trailers_are_ignored() {
    let receiver = Receiver::responding(
        b"HTTP/1.1 200 OK\r\nx-odd: caf\xe9\r\ntransfer-encoding: chunked\r\n\r\n\
          2\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n",
    )
    .await;
    let client = client();
    for _ in 0..2 {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(
            (response.outcome, &response.body[..]),
            (Outcome::Succeeded, &b"ok"[..])
        );
        assert!(
            response
                .headers
                .contains(&("x-odd".to_owned(), "caf\u{fffd}".to_owned()))
        );
        assert!(!response.headers.iter().any(|(name, _)| name == "x-trailer"));
    }
    assert_eq!(receiver.connections(), 1);
}
