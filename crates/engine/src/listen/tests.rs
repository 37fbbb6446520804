use std::time::Duration;

use bytes::Bytes;
use postrider_egress::{Crowded, NotSent};
use postrider_model::attempt::Headers;
use postrider_model::{Clock, Outcome, Timestamp};

use super::*;
use crate::carry::Transport;

const ACCOUNT: AccountId = AccountId::from_u128(7);
const AUTOMATION: AutomationId = AutomationId::from_u128(1);
const URL: &str = "https://dev.listen.invalid/";

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

/// Listens to [`AUTOMATION`].
fn listen(listeners: &Arc<Listeners>, account: AccountId, label: &str) -> Result<Listener, TooManyListeners> {
    listeners.listen((account, label), AUTOMATION, None)
}

/// Hands a request to the listener of `dev`.
fn hand(listeners: &Arc<Listeners>, request: Request) -> Result<Waiting, NotHanded> {
    let label = "dev".to_owned();
    let account = ACCOUNT;
    listeners.hand(Name { account, label }, request)
}

fn has_listener(listeners: &Arc<Listeners>) -> bool {
    !matches!(hand(listeners, request(URL)), Err(NotHanded::Absent))
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
    let mut listener = listen(&listeners, ACCOUNT, "dev").unwrap();
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
    let _other = listen(&listeners, AccountId::from_u128(8), "dev").unwrap();
    assert_eq!(
        send(&transport, url).await.unwrap().outcome,
        Outcome::ConnectError
    );
    let mut listener = listen(&listeners, ACCOUNT, "dev").unwrap();
    let leave = async {
        let _handed = heard(&mut listener).await;
        drop(listener);
    };
    let (left, ()) = tokio::join!(send(&transport, url), leave);
    assert!(left.unwrap().error.unwrap().contains("ended before"));
    assert!(!has_listener(&listeners));
}

#[tokio::test]
async fn a_new_listener_supersedes_the_earlier_one_of_its_name_alone() {
    let (listeners, _) = transport();
    let mut first = listen(&listeners, ACCOUNT, "dev").unwrap();
    let _other = listen(&listeners, ACCOUNT, "other").unwrap();
    let second = listen(&listeners, ACCOUNT, "dev").unwrap();
    assert!(matches!(first.next().await, Heard::Superseded));
    drop(first);
    assert!(has_listener(&listeners), "the second one still listens");
    drop(second);
    assert!(!has_listener(&listeners));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_does_not_respond_is_a_timeout_and_holds_a_bounded_number_of_requests() {
    let (listeners, transport) = transport();
    let mut listener = listen(&listeners, ACCOUNT, "dev").unwrap();
    let held: Vec<_> = (0..REQUESTS_MAX - 1)
        .map(|_| hand(&listeners, request(URL)).ok().unwrap())
        .collect();
    for _ in &held {
        heard(&mut listener).await;
    }
    let late = send(&transport, URL).await.unwrap();
    assert_eq!(late.outcome, Outcome::Timeout);
    let last = hand(&listeners, request(URL)).ok().unwrap();
    assert_eq!(
        send(&transport, URL).await.err(),
        Some(NotSent::Crowded(Crowded)),
        "those that the listener has taken count, too"
    );
    drop((held, last));
}

#[tokio::test]
async fn a_listener_that_does_not_read_holds_no_request_whose_attempt_is_over() {
    let (listeners, _) = transport();
    let mut listener = listen(&listeners, ACCOUNT, "dev").unwrap();
    let body = Bytes::from(vec![b'1'; 256 * 1024]);
    let with_body = || Request {
        body: body.clone(),
        ..request(URL)
    };
    for round in 0..2 * REQUESTS_MAX {
        let attempt = hand(&listeners, with_body());
        assert!(attempt.is_ok(), "round {round}: what was given up takes no place");
    }
    assert!(body.is_unique(), "a body is kept");
    let _live = hand(&listeners, with_body()).ok().unwrap();
    let _later = hand(&listeners, request(URL)).ok().unwrap();
    assert_eq!(heard(&mut listener).await.request.body, body, "oldest first");
    assert_eq!(heard(&mut listener).await.request.body, "{}");
    let none = tokio::time::timeout(Duration::ZERO, listener.next()).await;
    assert!(none.is_err(), "{none:?}");
    assert!(body.is_unique(), "what was taken is the listener's");
}

/// Leaves, and says whether an absence begins.
fn leave(listener: Listener) -> Option<Absence> {
    let (send, receive) = std::sync::mpsc::channel();
    listener.leave(|absence| {
        send.send(absence).unwrap();
        std::future::ready(())
    });
    drop(send);
    receive.recv().ok()
}

#[tokio::test]
async fn an_absence_begins_with_the_last_listener_of_the_automation_and_ends_with_the_next() {
    let (listeners, _) = transport();
    let other = AutomationId::from_u128(2);
    let ephemeral = |label: &str, automation| {
        let listener = listeners.listen((ACCOUNT, label), automation, Some(By::NODE));
        listener.unwrap()
    };
    let first = ephemeral("dev", AUTOMATION);
    let second = ephemeral("dev", AUTOMATION);
    assert!(leave(first).is_none(), "another one listens to the automation");
    let _other = ephemeral("dev", other);
    let absence = leave(second).expect("the label is that of another automation now");
    assert!(absence.lasts());
    let renamed = ephemeral("new", AUTOMATION);
    assert!(!absence.lasts());
    let again = leave(renamed).unwrap();
    assert!(again.lasts() && !absence.lasts() && again.name() != absence.name());
    drop(absence);
    assert!(again.lasts(), "it is another absence");
    let kept = listeners.listen((ACCOUNT, "new"), AUTOMATION, None).unwrap();
    assert!(!again.lasts());
    assert!(leave(kept).is_some(), "the automation is still to be deleted");
    let kept = listeners.listen((ACCOUNT, "new"), AUTOMATION, None).unwrap();
    assert!(leave(kept).is_none(), "that was over");
}

#[test]
fn the_number_of_listeners_is_bounded_and_a_response_to_another_node_is_recognised() {
    let (listeners, _) = transport();
    let all: Vec<_> = (0..LISTENERS_PER_ACCOUNT)
        .map(|n| listen(&listeners, ACCOUNT, &format!("dev-{n}")).unwrap())
        .collect();
    assert!(listen(&listeners, ACCOUNT, "one-more").is_err());
    assert!(
        listen(&listeners, ACCOUNT, "dev-0").is_ok(),
        "a name that is taken over"
    );
    assert!(listen(&listeners, AccountId::from_u128(8), "dev").is_ok());
    drop(all);
    let elsewhere: HandedId = "00000000000000ff-1".parse().unwrap();
    let response = Response::failed(Outcome::BadStatus, "x");
    assert_eq!(
        listeners.respond((ACCOUNT, "dev"), elsewhere, response),
        Err(NotWaiting::Elsewhere)
    );
    assert!("x".parse::<HandedId>().is_err());
}
