//! Reuse, expiry and loss of connections.

use std::sync::Arc;
use std::time::Duration;

use postrider_egress::{ClientSettings, NotSent};
use postrider_model::Outcome;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

use super::support::{Receiver, Scripted, client, client_with, request, request_within};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sequential_requests_reuse_one_connection() {
    let receiver = Receiver::responding(OK).await;
    let client = client();
    for _ in 0..500 {
        assert_eq!(
            client.send(&request(receiver.url())).await.outcome,
            Outcome::Succeeded
        );
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_that_the_receiver_closed_while_idle_costs_no_attempt() {
    let closed = Arc::new(Semaphore::new(0));
    let signal = Arc::clone(&closed);
    let receiver = Receiver::start(move |mut peer| {
        let signal = Arc::clone(&signal);
        async move {
            if peer.read_request().await {
                peer.write(OK.as_bytes()).await;
                peer.stream.shutdown().await.unwrap();
                drop(peer);
                signal.add_permits(1);
            }
        }
    })
    .await;
    let client = client();
    for number in 1..=300 {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(
            response.outcome,
            Outcome::Succeeded,
            "request {number}: {response:?}"
        );
        closed.acquire().await.unwrap().forget();
    }
    assert_eq!(receiver.requests().len(), 300);
}

#[tokio::test]
async fn a_reused_connection_that_ends_before_a_response_costs_no_attempt() {
    for is_reset in [false, true] {
        // The receiver responds to the first request of each connection. It reads the second and hangs up.
        let receiver = Receiver::start(move |mut peer| async move {
            peer.read_request().await;
            peer.write(OK.as_bytes()).await;
            peer.read_request().await;
            if is_reset {
                peer.stream.set_zero_linger().unwrap();
            }
        })
        .await;
        let client = client();
        for number in 1..=10 {
            let response = client.send(&request(receiver.url())).await;
            assert_eq!(response.outcome, Outcome::Succeeded, "{number}: {response:?}");
        }
        // Every connection but the last carried a second request, which was repeated.
        assert_eq!(receiver.requests().len(), 2 * receiver.connections() - 1);
    }
}

#[tokio::test]
async fn a_request_is_repeated_once_and_only_before_the_first_byte_of_a_response() {
    for (ending, connections, requests) in [("", 2, 3), ("HTTP", 1, 2)] {
        // The receiver responds to the first request of all. It answers later ones with `ending`.
        let receiver = Receiver::start(move |mut peer| async move {
            peer.read_request().await;
            if peer.number == 1 {
                peer.write(OK.as_bytes()).await;
                peer.read_request().await;
            }
            peer.write(ending.as_bytes()).await;
        })
        .await;
        let client = client();
        assert_eq!(
            client.send(&request(receiver.url())).await.outcome,
            Outcome::Succeeded
        );
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(
            (response.outcome, response.error.as_deref()),
            (
                Outcome::ProtocolError,
                Some("The connection was closed without a response")
            )
        );
        assert_eq!(
            (receiver.connections(), receiver.requests().len()),
            (connections, requests)
        );
    }
}

#[tokio::test]
async fn a_connection_that_is_too_old_takes_no_more_requests() {
    let receiver = Receiver::responding(OK).await;
    let settings = ClientSettings {
        pool_max_age: Duration::from_millis(300),
        ..ClientSettings::default()
    };
    let client = client_with("127.0.0.0/8", Scripted::always("127.0.0.1"), &settings);
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(response.outcome, Outcome::Succeeded);
    }
    // Steady load would have kept the first connection for ever.
    assert!(
        (3..=4).contains(&receiver.connections()),
        "{}",
        receiver.connections()
    );
}

#[tokio::test]
async fn a_connection_marked_close_is_not_reused() {
    for header in ["connection: close", "keep-alive: timeout=1"] {
        let receiver = Receiver::responding(format!(
            "HTTP/1.1 200 OK\r\n{header}\r\ncontent-length: 2\r\n\r\nok"
        ))
        .await;
        let client = client();
        for _ in 0..3 {
            assert_eq!(
                client.send(&request(receiver.url())).await.outcome,
                Outcome::Succeeded
            );
        }
        assert_eq!(receiver.connections(), 3, "{header}");
    }
}

#[tokio::test]
async fn a_connection_with_an_unread_response_is_not_reused() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        let stalls = peer.number == 1;
        peer.write(if stalls {
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"
        } else {
            OK.as_bytes()
        })
        .await;
        peer.until_closed().await;
    })
    .await;
    let client = client();
    assert_eq!(
        client.send(&request_within(receiver.url(), 100)).await.outcome,
        Outcome::Timeout
    );
    assert_eq!(
        client.send(&request(receiver.url())).await.outcome,
        Outcome::Succeeded
    );
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn unsolicited_bytes_end_a_connection() {
    // Some servers send an unsolicited 408 response before they hang up.
    let receiver = Receiver::responding(format!("{OK}HTTP/1.1 408 Request Timeout\r\n\r\n")).await;
    let client = client();
    for _ in 0..3 {
        let response = client.send(&request(receiver.url())).await;
        assert_eq!(
            (response.outcome, response.status_code),
            (Outcome::Succeeded, Some(200))
        );
    }
}

#[tokio::test]
async fn idle_connections_are_closed_in_time() {
    let closed = Arc::new(Semaphore::new(0));
    let signal = Arc::clone(&closed);
    let receiver = Receiver::start(move |mut peer| {
        let signal = Arc::clone(&signal);
        async move {
            while peer.read_request().await {
                peer.write(OK.as_bytes()).await;
            }
            signal.add_permits(1);
        }
    })
    .await;
    let settings = ClientSettings {
        pool_idle_timeout: Duration::from_millis(200),
        ..ClientSettings::default()
    };
    let client = client_with("127.0.0.0/8", Scripted::always("127.0.0.1"), &settings);
    assert_eq!(
        client.send(&request(receiver.url())).await.outcome,
        Outcome::Succeeded
    );
    tokio::time::timeout(Duration::from_secs(5), closed.acquire())
        .await
        .unwrap()
        .unwrap()
        .forget();
    assert_eq!(
        client.send(&request(receiver.url())).await.outcome,
        Outcome::Succeeded
    );
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn idle_connections_are_bounded() {
    let receiver = Receiver::responding(OK).await;
    let settings = ClientSettings {
        pool_max_idle_per_host: 2,
        ..ClientSettings::default()
    };
    let client = client_with("127.0.0.0/8", Scripted::always("127.0.0.1"), &settings);
    let client = Arc::new(client);
    let sends = (0..8).map(|_| {
        let (client, url) = (Arc::clone(&client), receiver.url());
        tokio::spawn(async move { client.send(&request(url)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap().outcome, Outcome::Succeeded);
    }
    assert!(receiver.connections() <= 8);
    let before = receiver.connections();
    assert_eq!(
        client.send(&request(receiver.url())).await.outcome,
        Outcome::Succeeded
    );
    assert_eq!(receiver.connections(), before);
}

#[tokio::test]
async fn a_request_that_must_not_leave_is_not_written_and_its_connection_stays_usable() {
    let receiver = Receiver::responding(OK).await;
    let client = client();
    for may_leave in [false, true, false, true] {
        let mut request = request(receiver.url());
        let response = client.send_if(&mut request, &|_| may_leave).await;
        let outcome = response.map(|response| response.outcome);
        let expected = may_leave.then_some(Outcome::Succeeded);
        assert_eq!(outcome, expected.ok_or(NotSent::Forbidden));
    }
    assert_eq!(receiver.requests().len(), 2);
    assert_eq!(receiver.connections(), 1);
}
