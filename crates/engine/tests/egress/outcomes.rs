//! Every outcome but those of TLS and of the guard.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider_engine::egress::{ResolveError, TransportSettings};
use postrider_engine::transport::{Request, Transport};
use postrider_model::Outcome;

use super::support::{Receiver, Scripted, Silent, post, request, request_within, transport, transport_with};

#[tokio::test]
async fn a_status_200_to_299_is_a_receipt() {
    for status in [
        "200 OK",
        "201 Created",
        "202 Accepted",
        "204 No Content",
        "299 Odd",
    ] {
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 {status}\r\nx-a: b\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let answer = post(receiver.url()).await;
        assert_eq!(answer.outcome, Outcome::Succeeded, "{status} {answer:?}");
        assert_eq!(answer.status_code, Some(status[..3].parse().unwrap()));
        assert_eq!(
            (answer.error, answer.truncated, answer.body.len()),
            (None, false, 0)
        );
        assert!(answer.headers.contains(&("x-a".to_owned(), "b".to_owned())));
    }
}

#[tokio::test]
async fn the_request_goes_out_as_given() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = post(format!("{}?q=1", receiver.url())).await;
    assert_eq!(&answer.body[..], b"ok");
    let host = receiver.address;
    assert_eq!(
        receiver.requests(),
        [format!(
            "POST /hook?q=1 HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nwebhook-id: evt_1\r\n\
             content-length: 7\r\n\r\n{{\"a\":1}}"
        )]
    );
}

#[tokio::test]
async fn any_other_status_is_a_bad_status_and_no_redirect_is_followed() {
    let elsewhere = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [
        300, 301, 302, 303, 307, 308, 400, 401, 404, 410, 429, 500, 503, 599, 999,
    ] {
        let location = elsewhere.url();
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 {status} x\r\nlocation: {location}\r\nretry-after: 7\r\ncontent-length: 3\r\n\r\nwhy"
        ))
        .await;
        let answer = post(receiver.url()).await;
        assert_eq!(
            (answer.outcome, answer.status_code),
            (Outcome::BadStatus, Some(status))
        );
        assert_eq!((&answer.body[..], answer.error), (&b"why"[..], None));
        let asked = matches!(status, 429 | 503).then_some(Duration::from_secs(7));
        assert_eq!(answer.retry_after, asked, "{status}");
        assert_eq!(receiver.connections(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let receiver = Receiver::answering(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
         HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    let answer = post(receiver.url()).await;
    assert_eq!(
        (answer.outcome, answer.status_code, &answer.body[..]),
        (Outcome::Succeeded, Some(200), &b"ok"[..])
    );
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout() {
    let receiver = Receiver::start(|mut peer| async move { peer.until_closed().await }).await;
    let began = Instant::now();
    let answer = transport().send(&request_within(receiver.url(), 200)).await;
    assert_eq!((answer.outcome, answer.status_code), (Outcome::Timeout, None));
    assert_eq!(answer.error.as_deref(), Some("No answer within 0.2 seconds"));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_body_that_stalls_is_a_timeout_that_shows_what_came() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        peer.write(b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 10\r\n\r\nhalf")
            .await;
        peer.until_closed().await;
    })
    .await;
    let answer = transport().send(&request_within(receiver.url(), 200)).await;
    assert_eq!(
        (answer.outcome, answer.status_code),
        (Outcome::Timeout, Some(200))
    );
    assert_eq!(
        answer.error.as_deref(),
        Some("The answer did not arrive in full within 0.2 seconds")
    );
    assert_eq!(&answer.body[..], b"half");
    assert!(answer.headers.contains(&("x-a".to_owned(), "b".to_owned())));
}

#[tokio::test]
async fn a_body_that_drips_gains_no_time() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            .await;
        while peer.write(b"x").await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let began = Instant::now();
    let answer = transport().send(&request_within(receiver.url(), 300)).await;
    assert_eq!(
        (answer.outcome, answer.status_code),
        (Outcome::Timeout, Some(200))
    );
    assert!(!answer.body.is_empty() && began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_receiver_that_never_reads_is_a_timeout() {
    let receiver = Receiver::start(|peer| async move {
        std::future::pending::<()>().await;
        drop(peer);
    })
    .await;
    let body = Bytes::from(vec![b'x'; 16 * 1024 * 1024]);
    let answer = transport()
        .send(&Request {
            body,
            ..request_within(receiver.url(), 200)
        })
        .await;
    assert_eq!(answer.outcome, Outcome::Timeout);
}

#[tokio::test]
async fn a_lookup_that_takes_too_long_is_a_timeout() {
    let transport = transport_with("127.0.0.0/8", Arc::new(Silent), &TransportSettings::default());
    let answer = transport
        .send(&request_within("http://receiver.example/", 100))
        .await;
    assert_eq!(
        (answer.outcome, answer.error.as_deref()),
        (Outcome::Timeout, Some("No answer within 0.1 seconds"))
    );
}

#[tokio::test]
async fn a_name_without_addresses_is_a_dns_error() {
    for (found, sentence) in [
        (Err(ResolveError::NotFound), "The host name does not exist"),
        (Ok(vec![]), "The host name does not exist"),
        (Err(ResolveError::Failed), "The host name could not be looked up"),
    ] {
        let resolver = Scripted::new(vec![found]);
        let transport = transport_with("127.0.0.0/8", resolver, &TransportSettings::default());
        let answer = transport.send(&request("http://receiver.example/")).await;
        assert_eq!(
            (answer.outcome, answer.error.as_deref()),
            (Outcome::DnsError, Some(sentence))
        );
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_a_connect_error() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answer = post(format!("http://{free}/")).await;
    assert_eq!(answer.outcome, Outcome::ConnectError);
    assert_eq!(answer.error.as_deref(), Some("The connection was refused"));
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_a_protocol_error() {
    let status_line = format!("HTTP/1.1 200 {}", "x".repeat(1024 * 1024));
    let no_http = "The answer is not valid HTTP";
    let too_large = "The headers of the answer are too large";
    for (bytes, sentence) in [
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", no_http),
        ("HTTP/1.1 abc OK\r\n\r\n", no_http),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", no_http),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
            no_http,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: nine\r\n\r\nxx", no_http),
        ("\0\0\0\0\0\0\0\0", no_http),
        (status_line.as_str(), too_large),
        ("", "The connection was closed without an answer"),
        (
            "HTTP/1.1 200 OK\r\nx: ",
            "The connection was closed without an answer",
        ),
    ] {
        let receiver = Receiver::answering_once(bytes).await;
        let answer = post(receiver.url()).await;
        assert_eq!(
            (answer.outcome, answer.status_code),
            (Outcome::ProtocolError, None),
            "{bytes:.40}"
        );
        assert_eq!(answer.error.as_deref(), Some(sentence), "{bytes:.40}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_protocol_error_that_shows_what_came() {
    let cut = "The connection was closed before the answer was complete";
    for (bytes, sentence) in [
        ("content-length: 10\r\n\r\nhalf", cut),
        ("transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", cut),
        (
            "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
            "The answer is not valid HTTP",
        ),
    ] {
        let receiver = Receiver::answering_once(format!("HTTP/1.1 200 OK\r\n{bytes}")).await;
        let answer = post(receiver.url()).await;
        assert_eq!(
            (answer.outcome, answer.status_code),
            (Outcome::ProtocolError, Some(200)),
            "{bytes}"
        );
        assert_eq!(
            (answer.error.as_deref(), &answer.body[..]),
            (Some(sentence), &b"half"[..]),
            "{bytes}"
        );
    }
}

#[tokio::test]
async fn a_receiver_that_resets_the_connection_is_a_protocol_error() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        peer.stream.set_zero_linger().unwrap();
    })
    .await;
    let answer = post(receiver.url()).await;
    assert_eq!(answer.outcome, Outcome::ProtocolError);
    assert_eq!(
        answer.error.as_deref(),
        Some("The connection was closed without an answer")
    );
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_whole() {
    let receiver = Receiver::answering_once("HTTP/1.0 200 OK\r\n\r\nto the end").await;
    let answer = post(receiver.url()).await;
    assert_eq!(
        (answer.outcome, &answer.body[..]),
        (Outcome::Succeeded, &b"to the end"[..])
    );
}
