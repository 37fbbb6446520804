//! Requests to one host at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postrider_egress::{ClientSettings, HttpClient, NotSent, Request};
use postrider_model::Outcome;
use tokio::sync::Semaphore;

use crate::support::{Receiver, Scripted, client_with, request};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A client that sends at most two requests at a time to each host.
fn narrow_client() -> Arc<HttpClient> {
    let settings = ClientSettings {
        in_flight_per_host_max: 2,
        ..ClientSettings::default()
    };
    Arc::new(client_with(
        "127.0.0.0/8",
        Scripted::always("127.0.0.1"),
        &settings,
    ))
}

fn request_of(tenant: u128, url: String) -> Request {
    Request {
        tenant,
        ..request(url)
    }
}

/// How many requests receivers have, and the most that they had at once.
#[derive(Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Counts {
    fn begin(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    fn end(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A receiver that sends the head of each response at once, and its body a little later.
async fn slow_bodies(counts: &Arc<Counts>) -> Receiver {
    let counts = Arc::clone(counts);
    Receiver::start(move |mut peer| {
        let counts = Arc::clone(&counts);
        async move {
            while peer.read_request().await {
                counts.begin();
                peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                counts.end();
                peer.write(b"ok").await;
            }
        }
    })
    .await
}

/// A receiver that responds once `open` is closed or has a permit, and never before.
async fn closed(open: &Arc<Semaphore>) -> Receiver {
    let open = Arc::clone(open);
    Receiver::start(move |mut peer| {
        let open = Arc::clone(&open);
        async move {
            while peer.read_request().await {
                if let Ok(permit) = open.acquire().await {
                    permit.forget();
                }
                peer.write(OK.as_bytes()).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn all_ports_of_a_host_share_its_bound_which_holds_until_the_body_is_read() {
    let (client, counts) = (narrow_client(), Arc::default());
    let receivers = [slow_bodies(&counts).await, slow_bodies(&counts).await];
    let sends: Vec<_> = (0..12)
        .map(|n| {
            let client = Arc::clone(&client);
            let url = receivers[n % 2].url();
            let url = match n % 3 {
                0 => url.replace("127.0.0.1", "0x7f.1"),
                _ => url,
            };
            tokio::spawn(async move { client.send(&request_of(n as u128, url)).await })
        })
        .collect();
    for send in sends {
        let response = send.await.unwrap();
        assert_eq!(
            (response.outcome, &response.body[..]),
            (Outcome::Succeeded, &b"ok"[..])
        );
    }
    assert_eq!(counts.most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_slow_host_delays_no_other_and_a_wait_for_it_is_not_its_timeout() {
    let (client, open) = (narrow_client(), Arc::new(Semaphore::new(0)));
    let (slow, quick) = (closed(&open).await, Receiver::responding(OK).await);
    let send = |tenant, timeout| {
        let (client, url) = (Arc::clone(&client), slow.url());
        let request = Request {
            timeout,
            ..request_of(tenant, url)
        };
        tokio::spawn(async move { client.send(&request).await })
    };
    let seconds = Duration::from_secs;
    let first = [send(1, seconds(5)), send(2, seconds(5))];
    while slow.requests().len() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let waiting = send(3, Duration::from_millis(300));
    let other = quick.url().replace("127.0.0.1", "other.example");
    let response = client.send(&request(other)).await;
    assert_eq!(
        (response.outcome, response.waited),
        (Outcome::Succeeded, Duration::ZERO)
    );
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(slow.requests().len(), 2);
    open.close();
    for send in first {
        assert_eq!(send.await.unwrap().outcome, Outcome::Succeeded);
    }
    let response = waiting.await.unwrap();
    assert_eq!(response.outcome, Outcome::Succeeded);
    assert!(response.waited >= Duration::from_millis(300));
}

#[tokio::test]
async fn an_aborted_request_makes_room_and_one_without_room_is_not_sent() {
    let (client, open) = (narrow_client(), Arc::new(Semaphore::new(0)));
    let receiver = closed(&open).await;
    let sends: Vec<_> = (0..6)
        .map(|tenant| {
            let (client, url) = (Arc::clone(&client), receiver.url());
            tokio::spawn(async move { client.send(&request_of(tenant, url)).await })
        })
        .collect();
    while receiver.requests().len() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut late = request_of(7, receiver.url());
    let response = client.send_if(&mut late, &|_| true).await;
    assert!(matches!(response, Err(NotSent::Crowded(_))), "{response:?}");
    sends.iter().for_each(|send| send.abort());
    for send in sends {
        assert!(send.await.is_err());
    }
    open.close();
    let response = client.send_if(&mut late, &|_| true).await;
    assert_eq!(response.map(|it| it.outcome), Ok(Outcome::Succeeded));
}
