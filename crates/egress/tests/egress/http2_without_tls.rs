//! HTTP/2 without TLS, which the client speaks to receivers that its settings name.

use std::sync::Arc;

use http::{Response, Version};
use parking_lot::Mutex;
use postrider_egress::{ClientSettings, HttpClient, Origin};
use postrider_model::Outcome;

use super::support::{Receiver, Scripted, client_with, request};

/// A client that knows that these receivers speak HTTP/2.
fn client_that_knows(receivers: &[&str]) -> HttpClient {
    let settings = ClientSettings {
        http2_prior_knowledge: receivers.iter().map(|it| Origin::parse(it).unwrap()).collect(),
        ..ClientSettings::default()
    };
    client_with("127.0.0.0/8", Scripted::always("127.0.0.1"), &settings)
}

#[tokio::test]
async fn a_receiver_that_is_known_to_speak_http2_gets_it_without_tls() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let for_receiver = Arc::clone(&seen);
    let receiver = Receiver::start(move |peer| {
        let seen = Arc::clone(&for_receiver);
        async move {
            let mut connection = h2::server::handshake(peer.stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                seen.lock().push((request.version(), request.uri().to_string()));
                let head = Response::builder().status(204).body(()).unwrap();
                respond.send_response(head, true).unwrap();
            }
        }
    })
    .await;
    let port = receiver.address.port();
    let client = client_that_knows(&[&format!("http://collector.example.com:{port}")]);
    let url = format!("http://Collector.example.com:{port}/hook");
    for _ in 0..3 {
        let response = client.send(&request(url.clone())).await;
        assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    }
    let expected = (Version::HTTP_2, url.to_lowercase());
    assert_eq!(*seen.lock(), vec![expected; 3]);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn other_receivers_without_tls_get_http1() {
    let receiver = Receiver::responding("HTTP/1.1 204 No Content\r\n\r\n").await;
    let port = receiver.address.port();
    // Another port, and another name.
    let client = client_that_knows(&[
        "http://collector.example.com",
        &format!("http://other.example.com:{port}"),
    ]);
    let url = format!("http://collector.example.com:{port}/hook");
    assert_eq!(client.send(&request(url)).await.outcome, Outcome::Succeeded);
    assert!(receiver.requests()[0].starts_with("POST /hook HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_receiver_that_does_not_speak_http2_after_all_is_a_protocol_error() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            .await;
        peer.until_closed().await;
    })
    .await;
    let origin = format!("http://127.0.0.1:{}", receiver.address.port());
    let response = client_that_knows(&[&origin])
        .send(&request(origin.clone() + "/hook"))
        .await;
    assert_eq!(response.outcome, Outcome::ProtocolError, "{response:?}");
}
