//! Destinations that the guard blocks.

use std::time::Duration;

use postrider_egress::{ClientSettings, EgressGuard};
use postrider_model::Outcome;
use tokio::net::TcpListener;

use super::support::{Receiver, Scripted, client_with, request};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const PRIVATE: &str = "The address is private, and this installation does not allow it";

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

#[tokio::test]
async fn a_name_for_a_private_address_is_not_called() {
    let receiver = Receiver::responding(OK).await;
    let resolver = Scripted::always("127.0.0.1");
    let client = client_with("192.168.1.0/24", resolver, &ClientSettings::default());
    let url = format!("http://receiver.example:{}/", receiver.address.port());
    let response = client.send(&request(url)).await;
    assert_eq!(
        (response.outcome, response.error.as_deref()),
        (Outcome::Blocked, Some(PRIVATE))
    );
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_turns_private_after_it_was_saved_is_not_called() {
    let receiver = Receiver::responding(OK).await;
    let public = vec!["8.8.8.8".parse().unwrap()];
    let private = vec!["127.0.0.1".parse().unwrap()];
    let resolver = Scripted::new(vec![Ok(public), Ok(private)]);
    let guard = EgressGuard::default();
    let url = format!("http://rebinding.example:{}/", receiver.address.port());
    let destination = guard.check_url(&url).unwrap();
    assert_eq!(
        guard
            .check_resolved(&destination, &*resolver, 1, Duration::from_secs(2))
            .await,
        Ok(())
    );
    let client = client_with("192.168.1.0/24", resolver, &ClientSettings::default());
    assert_eq!(client.send(&request(url)).await.outcome, Outcome::Blocked);
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn of_mixed_addresses_only_the_permitted_are_called() {
    let receiver = Receiver::responding(OK).await;
    let port = receiver.address.port();
    let forbidden = TcpListener::bind(("127.0.0.3", port)).await.unwrap();
    let addresses = ["127.0.0.3", "127.0.0.1", "127.0.0.4"].map(|text| text.parse().unwrap());
    let resolver = Scripted::new(vec![Ok(addresses.to_vec())]);
    let client = client_with("127.0.0.1/32", resolver, &ClientSettings::default());
    for _ in 0..3 {
        let response = client
            .send(&request(format!("http://mixed.example:{port}/")))
            .await;
        assert_eq!(response.outcome, Outcome::Succeeded);
    }
    // The client never connected to the forbidden address.
    let knocked = tokio::select! {
        biased;
        _ = forbidden.accept() => true,
        () = std::future::ready(()) => false,
    };
    assert!(!knocked);
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
