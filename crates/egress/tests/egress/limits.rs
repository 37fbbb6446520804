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
async fn many_headers_are_accepted_and_endless_ones_are_a_protocol_error() {
    let many = "Set-Cookie: a=b; Path=/\r\n".repeat(1_000);
    let receiver = Receiver::responding(format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n")).await;
    let client = client();
    for _ in 0..2 {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!((response.outcome, response.error), (Outcome::Succeeded, None));
    }
    assert_eq!(receiver.connections(), 1);
    let large = format!("x-h: {}\r\n", "y".repeat(100 * 1024));
    let receiver = Receiver::responding(format!("HTTP/1.1 200 OK\r\n{large}\r\n")).await;
    let response = post(receiver.url()).await;
    assert_eq!(response.outcome, Outcome::ProtocolError);
    assert_eq!(
        response.error.as_deref(),
        Some("The headers of the response are too large")
    );
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

#[tokio::test]
async fn endless_interim_responses_end_the_connection() {
    for (interim, sentence) in [
        (
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
            "The receiver sent too many interim responses",
        ),
        (
            format!("HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n", "x".repeat(2_000)),
            "The headers of the response are too large",
        ),
    ] {
        let flood = interim.repeat(100);
        let hung_up = Arc::new(tokio::sync::Notify::new());
        let notify = Arc::clone(&hung_up);
        let receiver = Receiver::start(move |mut peer| {
            let (notify, flood) = (Arc::clone(&notify), flood.clone());
            async move {
                peer.read_request().await;
                while peer.write(flood.as_bytes()).await {}
                notify.notify_one();
            }
        })
        .await;
        let response = post(receiver.url()).await;
        assert_eq!(
            (response.outcome, response.error.as_deref()),
            (Outcome::ProtocolError, Some(sentence))
        );
        hung_up.notified().await;
    }
}

#[tokio::test]
async fn a_success_whose_head_is_odd_is_a_success() {
    for line in [
        "X-Powered-By: old\r\n  and tired",
        "Server : x",
        "Set-Cookie: a=dmo\x01OZPF; path=/",
        "My Header: x",
        "PHP Warning",
        "Content-Length: nine",
        "Content-Length: 1",
    ] {
        let receiver = Receiver::responding(format!(
            "HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 2\r\n\r\nok"
        ))
        .await;
        let client = client();
        for _ in 0..2 {
            let response = client.send(&request(receiver.url())).await;
            assert_eq!(
                (response.outcome, response.status_code, response.error),
                (Outcome::Succeeded, Some(200), None),
                "{line}"
            );
        }
    }
}
