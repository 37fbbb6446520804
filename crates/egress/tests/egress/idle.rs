//! Idle connections, and connections whose attempt was given up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_egress::Request;
use postrider_model::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsAcceptor;

use super::support::{Receiver, client, request};
use super::tls::Authority;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn idle_connections_that_were_all_closed_cost_no_attempt() {
    const SENT_AT_ONCE: usize = 8;
    let (hang_up, hung_up) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let (all_here, shared) = (
        Arc::new(Semaphore::new(0)),
        (Arc::clone(&hang_up), Arc::clone(&hung_up)),
    );
    let arrived = Arc::clone(&all_here);
    let receiver = Receiver::start(move |mut peer| {
        let ((hang_up, hung_up), arrived) = (shared.clone(), Arc::clone(&arrived));
        async move {
            peer.read_request().await;
            if peer.number <= SENT_AT_ONCE {
                let notified = hang_up.notified();
                let mut notified = std::pin::pin!(notified);
                notified.as_mut().enable();
                arrived.add_permits(1);
                // Respond to no request before all have arrived, so that each has a connection of its own.
                arrived.acquire_many(SENT_AT_ONCE as u32).await.unwrap().forget();
                arrived.add_permits(SENT_AT_ONCE);
                peer.write(OK).await;
                notified.await;
                drop(peer);
                hung_up.add_permits(1);
            } else {
                while peer.write(OK).await && peer.read_request().await {}
            }
        }
    })
    .await;
    let client = Arc::new(client());
    let sends = (0..SENT_AT_ONCE).map(|_| {
        let (client, url) = (Arc::clone(&client), receiver.url());
        tokio::spawn(async move { client.send(&request(url)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap().outcome, Outcome::Succeeded);
    }
    hang_up.notify_waiters();
    hung_up.acquire_many(SENT_AT_ONCE as u32).await.unwrap().forget();
    for _ in 0..3 {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    }
    assert_eq!(receiver.connections(), SENT_AT_ONCE + 1);
}

#[tokio::test]
async fn a_connection_that_received_bytes_while_idle_is_not_reused() {
    let (speak, spoken) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let signals = (Arc::clone(&speak), Arc::clone(&spoken));
    let receiver = Receiver::start(move |mut peer| {
        let (speak, spoken) = signals.clone();
        async move {
            peer.read_request().await;
            peer.write(OK).await;
            speak.notified().await;
            // If the next request were sent over this connection, the client would take this for its
            // response.
            peer.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
                .await;
            spoken.notify_one();
            peer.read_request().await;
        }
    })
    .await;
    let client = client();
    for number in 1..=3 {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(
            (response.outcome, response.status_code),
            (Outcome::Succeeded, Some(200)),
            "{response:?}"
        );
        assert_eq!(
            (receiver.connections(), receiver.requests().len()),
            (number, number)
        );
        speak.notify_one();
        spoken.notified().await;
    }
}

#[tokio::test]
async fn an_abandoned_attempt_closes_its_connection() {
    for response in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let (begun, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let signals = (Arc::clone(&begun), Arc::clone(&closed));
        let receiver = Receiver::start(move |mut peer| {
            let (begun, closed) = signals.clone();
            async move {
                peer.read_request().await;
                peer.write(response).await;
                begun.notify_one();
                peer.until_closed().await;
                closed.notify_one();
            }
        })
        .await;
        let client = client();
        {
            let request = request(receiver.url());
            let mut send = Box::pin(client.send(&request));
            tokio::select! {
                response = &mut send => panic!("{response:?}"),
                () = begun.notified() => {}
            }
        }
        within_seconds(closed.notified()).await;
    }
}

#[tokio::test]
async fn a_response_in_pieces_is_joined_and_its_connection_reused() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.stream.set_nodelay(true).unwrap();
        while peer.read_request().await {
            for piece in [
                "HTTP/1.1 200 OK\r\nx-a",
                ": b\r\ntransfer-encoding: chunked\r\n\r\n",
                "2\r\na",
                "b\r\n1\r\nc\r\n",
                "1\r\nd\r\n0\r\n",
                "\r\n",
            ] {
                peer.write(piece.as_bytes()).await;
                // Usually long enough for the client to read the piece by itself. Either way, the response is
                // the same.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    })
    .await;
    let client = client();
    // The timeout's wake-up would make up for a lost one, so only the elapsed time reveals the loss.
    within_seconds(async {
        for _ in 0..10 {
            let response = client.send(&request(receiver.url())).await;
            assert_eq!(
                (response.outcome, &response.body[..]),
                (Outcome::Succeeded, &b"abcd"[..]),
                "{response:?}"
            );
        }
    })
    .await;
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_early_response_is_final_and_ends_the_connection() {
    let receiver = Receiver::start(|mut peer| async move {
        let mut some = [0; 1024];
        peer.stream.read_exact(&mut some).await.unwrap();
        peer.write(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n")
            .await;
        // Reads no further, so the request is never written in full.
        std::future::pending::<()>().await;
    })
    .await;
    let client = client();
    for number in 1..=2 {
        let response = client
            .send(&Request {
                body: Bytes::from(vec![b'x'; 16 * 1024 * 1024]),
                ..request(receiver.url())
            })
            .await;
        assert_eq!(
            (response.outcome, response.status_code),
            (Outcome::BadStatus, Some(413)),
            "{response:?}"
        );
        assert_eq!(receiver.connections(), number);
    }
}

/// What the receiver does on an idle TLS connection before it waits for the client.
#[derive(Clone, Copy, PartialEq)]
enum Idle {
    /// Sends a message of the TLS session itself, like a session ticket.
    Rekeys,
    HangsUp,
    Speaks,
}

#[tokio::test]
async fn an_idle_connection_survives_tls_session_messages_and_nothing_else() {
    for (idle, connections) in [(Idle::Rekeys, 1), (Idle::HangsUp, 5), (Idle::Speaks, 5)] {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server("receiver.example", |_| ())));
        let done = Arc::new(Notify::new());
        let signal = Arc::clone(&done);
        let receiver = Receiver::start(move |peer| {
            let (acceptor, signal) = (acceptor.clone(), Arc::clone(&signal));
            async move {
                let mut stream = acceptor.accept(peer.stream).await.unwrap();
                let mut buffer = [0; 4096];
                while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {
                    stream.write_all(OK).await.unwrap();
                    match idle {
                        Idle::Rekeys => stream.get_mut().1.refresh_traffic_keys().unwrap(),
                        Idle::HangsUp => stream.shutdown().await.unwrap(),
                        Idle::Speaks => stream.write_all(OK).await.unwrap(),
                    }
                    stream.flush().await.unwrap();
                    signal.notify_one();
                }
            }
        })
        .await;
        let client = authority.client();
        let url = format!("https://receiver.example:{}/", receiver.address.port());
        for _ in 0..5 {
            let response = client.send(&request(url.clone())).await;
            assert_eq!(
                (response.outcome, &response.body[..]),
                (Outcome::Succeeded, &b"ok"[..]),
                "{response:?}"
            );
            done.notified().await;
        }
        assert_eq!(receiver.connections(), connections);
    }
}

#[tokio::test]
async fn a_tls_connection_is_closed_with_close_notify() {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(Arc::new(authority.server("receiver.example", |_| ())));
    let closed = Arc::new(Notify::new());
    let signal = Arc::clone(&closed);
    let receiver = Receiver::start(move |peer| {
        let (acceptor, signal) = (acceptor.clone(), Arc::clone(&signal));
        async move {
            let mut stream = acceptor.accept(peer.stream).await.unwrap();
            let mut buffer = [0; 4096];
            assert!(stream.read(&mut buffer).await.unwrap() > 0);
            stream.write_all(OK).await.unwrap();
            // Without `close_notify` this read returns an error.
            if stream.read(&mut buffer).await.is_ok_and(|read| read == 0) {
                signal.notify_one();
            }
        }
    })
    .await;
    let client = authority.client();
    let url = format!("https://receiver.example:{}/", receiver.address.port());
    assert_eq!(client.send(&request(url)).await.outcome, Outcome::Succeeded);
    drop(client);
    within_seconds(closed.notified()).await;
}

async fn within_seconds(signal: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(5), signal)
        .await
        .unwrap();
}
