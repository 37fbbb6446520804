use std::time::Duration;

use bytes::Bytes;
use postrider_egress::{Crowded, NotSent};
use postrider_model::attempt::Headers;
use postrider_model::{Clock, Outcome, Timestamp};

use super::*;
use crate::carry::Transport;

const ACCOUNT: AccountId = AccountId::from_u128(7);

struct Stopped;

impl Clock for Stopped {
    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_ms(0)
    }
    fn now(&self) -> Timestamp {
        self.wall()
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Sends nothing, and says so.
struct Network;

impl Transport for Network {
    async fn send(&self, _: &Request) -> Response {
        Response::failed(Outcome::DnsError, "sent")
    }
}

fn request(url: &str) -> Request {
    Request {
        url: url.to_owned(),
        headers: vec![("webhook-id".to_owned(), "evt_1".to_owned())],
        body: Bytes::from_static(b"{}"),
        timeout: Duration::from_secs(5),
        tenant: ACCOUNT.as_u128(),
        identity: None,
        response_bytes_kept: None,
    }
}

fn transport() -> (Arc<Listeners>, Listening<Network>) {
    let listeners = Arc::new(Listeners::new(0xabc));
    let transport = Listening::new(Network, Arc::clone(&listeners), Arc::new(Stopped));
    (listeners, transport)
}

async fn send(transport: &Listening<Network>, url: &str) -> Result<Response, NotSent> {
    let leave = |_: &mut Headers| true;
    transport.send_if(&mut request(url), &leave).await
}

async fn heard(listener: &mut Listener) -> Handed {
    match listener.next().await {
        Heard::Request(handed) => *handed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_reserved_domain_has_labels() {
    for (url, label) in [
        ("https://dev-1.listen.invalid/hooks?x=1", Some("dev-1")),
        ("https://DEV.Listen.Invalid", Some("dev")),
        ("http://a.listen.invalid:8443/", Some("a")),
        ("https://listen.invalid/", None),
        ("https://.listen.invalid/", None),
        ("https://a.b.listen.invalid/", None),
        ("https://alisten.invalid/", None),
        ("https://a.listen.invalid.example/", None),
        ("https://x.example/?https://a.listen.invalid/", None),
        ("https://x.example/a.listen.invalid", None),
        ("https://é.listen.invalid/", None),
        ("https://x", None),
        ("", None),
    ] {
        assert_eq!(label_of(url).as_deref(), label, "{url}");
    }
}

#[tokio::test]
async fn the_response_of_a_listener_is_that_of_the_attempt_and_other_requests_are_sent() {
    let (listeners, transport) = transport();
    let mut listener = listeners.listen(ACCOUNT, "dev").unwrap();
    let respond = async {
        let handed = heard(&mut listener).await;
        assert_eq!(handed.request.headers[0].1, "evt_1");
        let id: HandedId = handed.id.to_string().parse().unwrap();
        let response = Response::failed(Outcome::BadStatus, "from the listener");
        assert_eq!(listeners.respond((ACCOUNT, "dev"), id, response.clone()), Ok(()));
        assert_eq!(
            listeners.respond((ACCOUNT, "dev"), id, response),
            Err(NotWaiting::Ended)
        );
    };
    let (response, ()) = tokio::join!(send(&transport, "https://dev.listen.invalid/"), respond);
    assert_eq!(response.unwrap().error.as_deref(), Some("from the listener"));
    let sent = send(&transport, "https://receiver.example/").await.unwrap();
    assert_eq!(sent.error.as_deref(), Some("sent"));
}

#[tokio::test]
async fn an_attempt_fails_where_nobody_listens_or_the_listener_leaves() {
    let (listeners, transport) = transport();
    let url = "https://dev.listen.invalid/";
    let absent = send(&transport, url).await.unwrap();
    assert_eq!(absent.outcome, Outcome::ConnectError);
    // The same name in another account is another.
    let _other = listeners.listen(AccountId::from_u128(8), "dev").unwrap();
    assert_eq!(
        send(&transport, url).await.unwrap().outcome,
        Outcome::ConnectError
    );
    let mut listener = listeners.listen(ACCOUNT, "dev").unwrap();
    let leave = async {
        let _handed = heard(&mut listener).await;
        drop(listener);
    };
    let (left, ()) = tokio::join!(send(&transport, url), leave);
    assert!(left.unwrap().error.unwrap().contains("ended before"));
    assert!(!listeners.has_listener(ACCOUNT, "dev"));
}

#[tokio::test]
async fn a_new_listener_supersedes_the_earlier_one_of_its_name_alone() {
    let (listeners, _) = transport();
    let mut first = listeners.listen(ACCOUNT, "dev").unwrap();
    let _other = listeners.listen(ACCOUNT, "other").unwrap();
    let second = listeners.listen(ACCOUNT, "dev").unwrap();
    assert!(matches!(first.next().await, Heard::Superseded));
    drop(first);
    assert!(
        listeners.has_listener(ACCOUNT, "dev"),
        "the second one still listens"
    );
    drop(second);
    assert!(!listeners.has_listener(ACCOUNT, "dev"));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_does_not_respond_is_a_timeout_and_holds_a_bounded_number_of_requests() {
    let (listeners, transport) = transport();
    let _listener = listeners.listen(ACCOUNT, "dev").unwrap();
    let url = "https://dev.listen.invalid/";
    let name = || Name {
        account: ACCOUNT,
        label: "dev".to_owned(),
    };
    let held: Vec<_> = (0..REQUESTS_MAX - 1)
        .map(|_| listeners.hand(name(), request(url)).ok().unwrap())
        .collect();
    let late = send(&transport, url).await.unwrap();
    assert_eq!(late.outcome, Outcome::Timeout);
    assert_eq!(send(&transport, url).await.err(), Some(NotSent::Crowded(Crowded)));
    drop(held);
}

#[test]
fn the_number_of_listeners_is_bounded_and_a_response_to_another_node_is_recognised() {
    let (listeners, _) = transport();
    let all: Vec<_> = (0..LISTENERS_PER_ACCOUNT)
        .map(|n| listeners.listen(ACCOUNT, &format!("dev-{n}")).unwrap())
        .collect();
    assert!(listeners.listen(ACCOUNT, "one-more").is_err());
    assert!(
        listeners.listen(ACCOUNT, "dev-0").is_ok(),
        "a name that is taken over"
    );
    assert!(listeners.listen(AccountId::from_u128(8), "dev").is_ok());
    drop(all);
    let elsewhere: HandedId = "00000000000000ff-1".parse().unwrap();
    let response = Response::failed(Outcome::BadStatus, "x");
    assert_eq!(
        listeners.respond((ACCOUNT, "dev"), elsewhere, response),
        Err(NotWaiting::Elsewhere)
    );
    assert!("x".parse::<HandedId>().is_err());
}
