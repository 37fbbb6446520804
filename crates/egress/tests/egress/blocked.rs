//! Destinations that the guard blocks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider_egress::{ClientSettings, ResolveError, Response};
use postrider_model::Outcome;
use tokio::net::TcpListener;

use super::support::{Receiver, Scripted, Silent, client_with, request};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const PRIVATE: &str = "The address is private, and this installation does not allow it";
const NO_ADDRESS: &str = "The host name does not exist, or has an address that webhooks must not reach";

#[tokio::test]
async fn a_literal_private_address_is_not_called() {
    let receiver = Receiver::responding(OK).await;
    let port = receiver.address.port();
    let resolver = Scripted::always("127.0.0.1");
    let client = client_with("192.168.1.0/24", resolver, &ClientSettings::default());
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "localhost",
        "a.localhost",
        "0.0.0.0",
    ] {
        let response = client.send(&request(format!("http://{host}:{port}/"))).await;
        assert_eq!(
            (response.outcome, response.error.as_deref()),
            (Outcome::Blocked, Some(PRIVATE)),
            "{host}"
        );
    }
    assert_eq!(receiver.connections(), 0);
}

/// How the request to a name ends if lookups find this, and how long it takes.
async fn response_where(found: Result<&[&str], ResolveError>, port: u16) -> (Response, Duration) {
    let found = found.map(|all| all.iter().map(|text| text.parse().unwrap()).collect());
    let resolver = Scripted::new(vec![found]);
    let client = client_with("127.0.0.1/32", resolver, &ClientSettings::default());
    let began = Instant::now();
    let response = client
        .send(&request(format!("http://name.example:{port}/")))
        .await;
    (response, began.elapsed())
}

#[tokio::test]
async fn a_name_with_a_forbidden_address_is_refused_as_if_it_did_not_exist() {
    let receiver = Receiver::responding(OK).await;
    let port = receiver.address.port();
    let forbidden = TcpListener::bind(("127.0.0.3", port)).await.unwrap();
    let (unknown, unknown_after) = response_where(Err(ResolveError::NotFound), port).await;
    assert_eq!(
        (unknown.outcome, unknown.error.as_deref()),
        (Outcome::DnsError, Some(NO_ADDRESS))
    );
    for found in [
        &["127.0.0.3"][..],
        &["127.0.0.1", "127.0.0.3"],
        &["127.0.0.3", "127.0.0.1"],
        &["127.0.0.1", "::1"],
        &["127.0.0.1", "::ffff:127.0.0.3"],
        &["127.0.0.1", "8.8.8.8", "10.0.0.1"],
        &["0.0.0.0"],
        &[],
    ] {
        let (response, after) = response_where(Ok(found), port).await;
        assert_eq!(
            (response.outcome, response.error),
            (unknown.outcome, unknown.error.clone()),
            "{found:?}"
        );
        // Faster than this nobody is told, whatever the lookup took.
        let least = Duration::from_millis(250);
        assert!(
            after >= least && unknown_after >= least,
            "{after:?} {unknown_after:?}"
        );
    }
    let (response, _) = response_where(Ok(&["127.0.0.1", "::ffff:127.0.0.1"]), port).await;
    assert_eq!(response.outcome, Outcome::Succeeded);
    assert_eq!(receiver.connections(), 1);
    let knocked = tokio::select! {
        biased;
        _ = forbidden.accept() => true,
        () = std::future::ready(()) => false,
    };
    assert!(!knocked);
}

#[tokio::test]
async fn a_name_that_turns_private_is_not_called() {
    let receiver = Receiver::responding_once(OK).await;
    let good = vec!["127.0.0.1".parse().unwrap()];
    let bad = vec!["127.0.0.3".parse().unwrap()];
    let resolver = Scripted::new(vec![Ok(good), Ok(bad)]);
    let client = client_with("127.0.0.1/32", resolver, &ClientSettings::default());
    let url = format!("http://rebinding.example:{}/", receiver.address.port());
    assert_eq!(client.send(&request(&*url)).await.outcome, Outcome::Succeeded);
    assert_eq!(client.send(&request(url)).await.outcome, Outcome::DnsError);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_internal_name_is_not_looked_up() {
    let client = client_with("127.0.0.0/8", Arc::new(Silent), &ClientSettings::default());
    for host in ["vault", "printer.local", "metadata.google.internal"] {
        let response = client.send(&request(format!("http://{host}/"))).await;
        assert_eq!(response.outcome, Outcome::Blocked, "{host}");
    }
}

#[tokio::test]
async fn a_redirect_into_the_network_is_not_followed() {
    let inside = TcpListener::bind("127.0.0.3:0").await.unwrap();
    let location = inside.local_addr().unwrap();
    let outside = Receiver::responding(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{location}/\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    let resolver = Scripted::always("127.0.0.1");
    let client = client_with("127.0.0.1/32", resolver, &ClientSettings::default());
    let response = client.send(&request(outside.url())).await;
    assert_eq!(
        (response.outcome, response.status_code),
        (Outcome::BadStatus, Some(307))
    );
}

#[tokio::test]
async fn destinations_saved_under_older_rules_are_checked_again() {
    let resolver = Scripted::always("127.0.0.1");
    let client = client_with("127.0.0.0/8", resolver, &ClientSettings::default());
    for url in [
        "ftp://example.com/",
        "http://127.0.0.1:25/",
        "nonsense",
        "http://u:p@127.0.0.1/",
    ] {
        let response = client.send(&request(url)).await;
        assert_eq!(response.outcome, Outcome::Blocked, "{url}");
        assert!(response.error.is_some());
    }
}
