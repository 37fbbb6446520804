//! HTTP/2 as TLS negotiates it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::SendResponse;
use http::Response;
use postrider_egress::HttpClient;
use postrider_model::Outcome;
use tokio_rustls::TlsAcceptor;

use super::support::{Receiver, request, request_within};
use super::tls::Authority;

/// A receiver that responds to each stream with `response(respond, connection, stream)`, both counted from 1.
async fn start<F>(response: F) -> (HttpClient, Receiver, String)
where
    F: Fn(SendResponse<Bytes>, usize, usize) + Clone + Send + Sync + 'static,
{
    start_with(None, response).await
}

/// The same, with at most this many streams per connection.
async fn start_with<F>(limit: Option<u32>, response: F) -> (HttpClient, Receiver, String)
where
    F: Fn(SendResponse<Bytes>, usize, usize) + Clone + Send + Sync + 'static,
{
    let authority = Authority::new();
    let mut config = authority.server("receiver.example", |_| ());
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let receiver = Receiver::start(move |peer| {
        let (acceptor, response) = (acceptor.clone(), response.clone());
        async move {
            let stream = acceptor.accept(peer.stream).await.unwrap();
            let mut builder = h2::server::Builder::new();
            if let Some(limit) = limit {
                builder.max_concurrent_streams(limit);
            }
            let mut connection = builder.handshake(stream).await.unwrap();
            let mut number = 0;
            while let Some(Ok((request, respond))) = connection.accept().await {
                number += 1;
                assert_eq!(request.uri().host(), Some("receiver.example"));
                response(respond, peer.number, number);
            }
        }
    })
    .await;
    let url = format!("https://receiver.example:{}/hook", receiver.address.port());
    (authority.client(), receiver, url)
}

fn respond_with(mut respond: SendResponse<Bytes>, status: u16, body: &'static [u8]) {
    let head = Response::builder().status(status).body(()).unwrap();
    let mut stream = respond.send_response(head, body.is_empty()).unwrap();
    if !body.is_empty() {
        stream.send_data(Bytes::from_static(body), true).unwrap();
    }
}

#[tokio::test]
async fn requests_share_one_connection() {
    let (client, receiver, url) = start(|respond, _, _| respond_with(respond, 200, b"ok")).await;
    let client = Arc::new(client);
    assert_eq!(
        client.send(&request(url.clone())).await.outcome,
        Outcome::Succeeded
    );
    let sends = (0..50).map(|_| {
        let (client, url) = (Arc::clone(&client), url.clone());
        tokio::spawn(async move { client.send(&request(url)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        let response = send.await.unwrap();
        assert_eq!(
            (response.outcome, &response.body[..]),
            (Outcome::Succeeded, &b"ok"[..]),
            "{response:?}"
        );
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn requests_beyond_the_limit_of_streams_get_more_connections_and_none_times_out() {
    const LIMIT: u32 = 8;
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&under_way), Arc::clone(&most));
    let (client, receiver, url) = start_with(Some(LIMIT), move |respond, _, _| {
        let under_way = Arc::clone(&counts.0);
        counts
            .1
            .fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            under_way.fetch_sub(1, Ordering::SeqCst);
            respond_with(respond, 200, b"ok");
        });
    })
    .await;
    let client = Arc::new(client);
    // 32 connections carry 256 at a time, so the last of these waits for three rounds of the receiver.
    let sends = (0..800).map(|_| {
        let (client, url) = (Arc::clone(&client), url.clone());
        tokio::spawn(async move { client.send(&request_within(url, 2_000)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        let response = send.await.unwrap();
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    }
    assert!(
        (8..=32).contains(&receiver.connections()),
        "{}",
        receiver.connections()
    );
    assert!(most.load(Ordering::SeqCst) <= 256);
}

#[tokio::test]
async fn waiting_for_a_stream_costs_no_time_of_the_request() {
    // One stream on each of 32 connections, each held for a second: the last response takes longer than the
    // timeout to come.
    let (client, _receiver, url) = start_with(Some(1), |respond, _, _| {
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            respond_with(respond, 200, b"ok");
        });
    })
    .await;
    let client = Arc::new(client);
    // Tells the client the limit.
    assert_eq!(
        client.send(&request(url.clone())).await.outcome,
        Outcome::Succeeded
    );
    let sends = (0..128).map(|_| {
        let (client, url) = (Arc::clone(&client), url.clone());
        tokio::spawn(async move { client.send(&request_within(url, 3_000)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        let response = send.await.unwrap();
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_gives_its_stream_back() {
    let begun = Arc::new(tokio::sync::Semaphore::new(0));
    let signal = Arc::clone(&begun);
    let (client, receiver, url) = start_with(Some(2), move |respond, _, stream| {
        if stream == 1 {
            respond_with(respond, 200, b"ok");
        } else {
            std::mem::forget(respond);
            signal.add_permits(1);
        }
    })
    .await;
    assert_eq!(
        client.send(&request(url.clone())).await.outcome,
        Outcome::Succeeded
    );
    for _ in 0..20 {
        let request = request(url.clone());
        let mut send = Box::pin(client.send(&request));
        tokio::select! {
            response = &mut send => panic!("{response:?}"),
            permit = begun.acquire() => permit.unwrap().forget(),
        }
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_reused_connection_that_ends_before_a_response_costs_no_attempt() {
    let authority = Authority::new();
    let mut config = authority.server("receiver.example", |_| ());
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let receiver = Receiver::start(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(peer.stream).await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let (_, respond) = connection.accept().await.unwrap().unwrap();
            respond_with(respond, 200, b"ok");
            // The second request is read, and the connection dropped without a GOAWAY.
            let _second = connection.accept().await;
        }
    })
    .await;
    let client = authority.client();
    let url = format!("https://receiver.example:{}/hook", receiver.address.port());
    for number in 1..=4 {
        let response = client.send(&request(url.clone())).await;
        assert_eq!(response.outcome, Outcome::Succeeded, "{number}: {response:?}");
    }
    assert!(receiver.connections() >= 3);
}

#[tokio::test]
async fn endless_interim_responses_end_the_request() {
    let (client, _receiver, url) = start(|mut respond, _, _| {
        tokio::spawn(async move {
            let head = Response::builder().status(103).body(()).unwrap();
            while respond.send_informational(head.clone()).is_ok() {
                tokio::task::yield_now().await;
            }
        });
    })
    .await;
    let response = client.send(&request(url)).await;
    assert_eq!(
        (response.outcome, response.error.as_deref()),
        (
            Outcome::ProtocolError,
            Some("The receiver sent too many interim responses")
        )
    );
}

#[tokio::test]
async fn other_statuses_are_bad_statuses() {
    let (client, _receiver, url) = start(|respond, _, _| respond_with(respond, 503, b"")).await;
    let response = client.send(&request(url)).await;
    assert_eq!(
        (response.outcome, response.status_code),
        (Outcome::BadStatus, Some(503))
    );
}

#[tokio::test]
async fn an_unprocessed_refused_stream_is_retried() {
    let (client, receiver, url) = start(|mut respond, _, stream| {
        if stream == 1 {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
        } else {
            respond_with(respond, 200, b"ok");
        }
    })
    .await;
    assert_eq!(client.send(&request(url)).await.outcome, Outcome::Succeeded);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_receiver_that_refuses_every_time_is_a_protocol_error() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let (client, _receiver, url) = start(move |mut respond, _, _| {
        count.fetch_add(1, Ordering::SeqCst);
        respond.send_reset(h2::Reason::REFUSED_STREAM);
    })
    .await;
    let response = client.send(&request(url)).await;
    assert_eq!(response.outcome, Outcome::ProtocolError);
    assert_eq!(
        response.error.as_deref(),
        Some("The receiver broke the request off")
    );
    assert_eq!(seen.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_aborted_request_is_not_repeated() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let (client, _receiver, url) = start(move |mut respond, _, _| {
        count.fetch_add(1, Ordering::SeqCst);
        respond.send_reset(h2::Reason::INTERNAL_ERROR);
    })
    .await;
    let response = client.send(&request(url)).await;
    assert_eq!(response.outcome, Outcome::ProtocolError);
    assert_eq!(
        response.error.as_deref(),
        Some("The receiver broke the request off")
    );
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn headers_above_the_limit_are_a_protocol_error() {
    for (kib, sentence) in [
        (70, "The response is not valid HTTP, or its headers are too large"),
        (2000, "The headers of the response are too large"),
    ] {
        let (client, _receiver, url) = start(move |mut respond, _, _| {
            let head = Response::builder()
                .header("x-h", "y".repeat(kib * 1024))
                .body(())
                .unwrap();
            respond.send_response(head, true).unwrap();
        })
        .await;
        let response = client.send(&request(url)).await;
        assert_eq!(
            (response.outcome, response.error.as_deref()),
            (Outcome::ProtocolError, Some(sentence))
        );
    }
}

#[tokio::test]
async fn a_stream_that_stalls_is_a_timeout_and_leaves_the_connection_to_others() {
    let (client, receiver, url) = start(|mut respond, _, stream| {
        if stream == 1 {
            let head = Response::builder().status(200).body(()).unwrap();
            let stalled = respond.send_response(head, false).unwrap();
            std::mem::forget(stalled);
        } else {
            respond_with(respond, 200, b"ok");
        }
    })
    .await;
    let response = client.send(&request_within(url.clone(), 300)).await;
    assert_eq!(
        (response.outcome, response.status_code),
        (Outcome::Timeout, Some(200))
    );
    assert_eq!(client.send(&request(url)).await.outcome, Outcome::Succeeded);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_endless_body_is_bounded() {
    let (client, _receiver, url) = start(|mut respond, _, _| {
        let head = Response::builder().status(200).body(()).unwrap();
        let mut stream = respond.send_response(head, false).unwrap();
        tokio::spawn(async move {
            stream.reserve_capacity(usize::MAX >> 33);
            while stream
                .send_data(Bytes::from(vec![b'x'; 16 * 1024]), false)
                .is_ok()
            {
                if std::future::poll_fn(|cx| stream.poll_capacity(cx))
                    .await
                    .is_none()
                {
                    break;
                }
            }
        });
    })
    .await;
    let response = client.send(&request(url)).await;
    assert_eq!(
        (response.outcome, response.truncated, response.body.len()),
        (Outcome::Succeeded, true, 16 * 1024)
    );
}
