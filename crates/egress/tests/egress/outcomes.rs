//! Every outcome except those of TLS and the guard.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use postrider_egress::Request;
use postrider_egress::{ClientSettings, ResolveError};
use postrider_model::Outcome;

use super::support::{Receiver, Scripted, Silent, client, client_with, post, request, request_within};

#[tokio::test]
async fn any_2xx_status_is_a_success() {
    for status in [
        "200 OK",
        "201 Created",
        "202 Accepted",
        "204 No Content",
        "299 Odd",
    ] {
        let receiver = Receiver::responding(format!(
            "HTTP/1.1 {status}\r\nx-a: b\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let response = post(receiver.url()).await;
        assert_eq!(response.outcome, Outcome::Succeeded, "{status} {response:?}");
        assert_eq!(response.status_code, Some(status[..3].parse().unwrap()));
        assert_eq!(
            (response.error, response.truncated, response.body.len()),
            (None, false, 0)
        );
        assert!(response.headers.contains(&("x-a".to_owned(), "b".to_owned())));
    }
}

#[tokio::test]
async fn the_request_is_sent_unchanged() {
    let receiver = Receiver::responding("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let response = post(format!("{}?q=1", receiver.url())).await;
    assert_eq!(&response.body[..], b"ok");
    let host = receiver.address;
    assert_eq!(
        receiver.requests(),
        [format!(
            "POST /hook?q=1 HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nwebhook-id: evt_1\r\n\
             Content-Length: 7\r\n\r\n{{\"a\":1}}"
        )]
    );
}

#[tokio::test]
async fn any_other_status_is_a_bad_status_and_no_redirect_is_followed() {
    let elsewhere = Receiver::responding("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [
        300, 301, 302, 303, 307, 308, 400, 401, 404, 410, 429, 500, 503, 599, 999,
    ] {
        let location = elsewhere.url();
        let receiver = Receiver::responding(format!(
            "HTTP/1.1 {status} x\r\nlocation: {location}\r\nretry-after: 7\r\ncontent-length: 3\r\n\r\nwhy"
        ))
        .await;
        let response = post(receiver.url()).await;
        assert_eq!(
            (response.outcome, response.status_code),
            (Outcome::BadStatus, Some(status))
        );
        assert_eq!((&response.body[..], response.error), (&b"why"[..], None));
        let asked = matches!(status, 429 | 503).then_some(Duration::from_secs(7));
        assert_eq!(response.retry_after, asked, "{status}");
        assert_eq!(receiver.connections(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn interim_responses_are_skipped() {
    let receiver = Receiver::responding(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
         HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    let response = post(receiver.url()).await;
    assert_eq!(
        (response.outcome, response.status_code, &response.body[..]),
        (Outcome::Succeeded, Some(200), &b"ok"[..])
    );
}

#[tokio::test]
async fn no_response_in_time_is_a_timeout() {
    let receiver = Receiver::start(|mut peer| async move { peer.until_closed().await }).await;
    let began = Instant::now();
    let response = client().send(&request_within(receiver.url(), 200)).await;
    assert_eq!((response.outcome, response.status_code), (Outcome::Timeout, None));
    assert_eq!(response.error.as_deref(), Some("No response within 0.2 seconds"));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_stalled_body_is_a_timeout_that_keeps_the_received_part() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        peer.write(b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 10\r\n\r\nhalf")
            .await;
        peer.until_closed().await;
    })
    .await;
    let response = client().send(&request_within(receiver.url(), 200)).await;
    assert_eq!(
        (response.outcome, response.status_code),
        (Outcome::Timeout, Some(200))
    );
    assert_eq!(
        response.error.as_deref(),
        Some("The response did not arrive in full within 0.2 seconds")
    );
    assert_eq!(&response.body[..], b"half");
    assert!(response.headers.contains(&("x-a".to_owned(), "b".to_owned())));
}

#[tokio::test]
async fn a_dripping_body_does_not_extend_the_timeout() {
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
    let response = client().send(&request_within(receiver.url(), 300)).await;
    assert_eq!(
        (response.outcome, response.status_code),
        (Outcome::Timeout, Some(200))
    );
    assert!(!response.body.is_empty() && began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_receiver_that_never_reads_is_a_timeout() {
    let receiver = Receiver::start(|peer| async move {
        std::future::pending::<()>().await;
        drop(peer);
    })
    .await;
    let body = Bytes::from(vec![b'x'; 16 * 1024 * 1024]);
    let response = client()
        .send(&Request {
            body,
            ..request_within(receiver.url(), 200)
        })
        .await;
    assert_eq!(response.outcome, Outcome::Timeout);
}

#[tokio::test]
async fn a_lookup_that_takes_too_long_is_a_timeout() {
    let client = client_with("127.0.0.0/8", Arc::new(Silent), &ClientSettings::default());
    let response = client
        .send(&request_within("http://receiver.example/", 100))
        .await;
    assert_eq!(
        (response.outcome, response.error.as_deref()),
        (Outcome::Timeout, Some("No response within 0.1 seconds"))
    );
}

#[tokio::test]
async fn a_name_without_addresses_is_a_dns_error() {
    let no_address = "The host name does not exist, or has an address that webhooks must not reach";
    for (found, sentence) in [
        (Err(ResolveError::NotFound), no_address),
        (Ok(vec![]), no_address),
        (Err(ResolveError::Failed), "The host name lookup failed"),
    ] {
        let resolver = Scripted::new(vec![found]);
        let client = client_with("127.0.0.0/8", resolver, &ClientSettings::default());
        let response = client.send(&request("http://receiver.example/")).await;
        assert_eq!(
            (response.outcome, response.error.as_deref()),
            (Outcome::DnsError, Some(sentence))
        );
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_a_connect_error() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let response = post(format!("http://{free}/")).await;
    assert_eq!(response.outcome, Outcome::ConnectError);
    assert_eq!(response.error.as_deref(), Some("The connection was refused"));
}

#[tokio::test]
async fn a_non_http_response_is_a_protocol_error() {
    let status_line = format!("HTTP/1.1 200 {}", "x".repeat(1024 * 1024));
    let no_http = "The response is not valid HTTP";
    let too_large = "The headers of the response are too large";
    for (bytes, sentence) in [
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", no_http),
        ("HTTP/1.1 abc OK\r\n\r\n", no_http),
        ("\0\0\0\0\0\0\0\0", no_http),
        (status_line.as_str(), too_large),
        ("", "The connection was closed without a response"),
        (
            "HTTP/1.1 200 OK\r\nx: ",
            "The connection was closed without a response",
        ),
    ] {
        let receiver = Receiver::responding_once(bytes).await;
        let response = post(receiver.url()).await;
        assert_eq!(
            (response.outcome, response.status_code),
            (Outcome::ProtocolError, None),
            "{bytes:.40}"
        );
        assert_eq!(response.error.as_deref(), Some(sentence), "{bytes:.40}");
    }
}

#[tokio::test]
async fn the_status_of_a_truncated_response_decides_and_the_record_tells_the_flaw() {
    let cut = "The connection was closed before the response was complete";
    for (bytes, sentence) in [
        ("Content-Length: 10\r\n\r\nhalf", cut),
        ("Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", cut),
        (
            "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
            "The response is not valid HTTP",
        ),
    ] {
        for (status, outcome) in [(202, Outcome::Succeeded), (502, Outcome::BadStatus)] {
            let receiver = Receiver::responding_once(format!("HTTP/1.1 {status} x\r\n{bytes}")).await;
            let response = post(receiver.url()).await;
            assert_eq!(
                (response.outcome, response.status_code),
                (outcome, Some(status)),
                "{bytes}"
            );
            assert_eq!(
                (response.error.as_deref(), &response.body[..]),
                (Some(sentence), &b"half"[..]),
                "{bytes}"
            );
        }
    }
}

#[tokio::test]
async fn a_receiver_that_resets_the_connection_is_a_protocol_error() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.read_request().await;
        peer.stream.set_zero_linger().unwrap();
    })
    .await;
    let response = post(receiver.url()).await;
    assert_eq!(response.outcome, Outcome::ProtocolError);
    assert_eq!(
        response.error.as_deref(),
        Some("The connection was closed without a response")
    );
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_response_that_ends_with_its_connection_is_complete() {
    let receiver = Receiver::responding_once("HTTP/1.0 200 OK\r\n\r\nto the end").await;
    let response = post(receiver.url()).await;
    assert_eq!(
        (response.outcome, &response.body[..]),
        (Outcome::Succeeded, &b"to the end"[..])
    );
}
