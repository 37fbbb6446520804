//! Requests that wait for resources of ours before they leave: connections, look-ups, open files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Node, START_MS, VirtualClock, folder, life, status};
use async_trait::async_trait;
use parking_lot::Mutex;
use postrider_egress::{Leave, NotSent, Request, Response};
use postrider_engine::WebhookCarrier;
use postrider_engine::carry::{Advice, Carried, Carrier, Job, Transport};
use postrider_model::{Clock, DeliveryStatus, Exchange, HttpExchange, HttpRequest, Outcome, SendWebhook};
use postrider_signing::HeaderNames;

const URL: &str = "https://receiver.example/hook";

/// A carrier whose first requests wait in vain for a connection. It then sends, after another wait.
struct Postponing(Arc<AtomicUsize>);

/// How long a request waits in vain.
const IN_VAIN: Duration = Duration::from_secs(30);

#[async_trait]
impl Carrier<SendWebhook> for Postponing {
    async fn carry(&self, job: Job<'_>, action: &SendWebhook) -> Result<Carried, NotSent> {
        assert_eq!(job.number, 1);
        if self.0.fetch_add(1, Ordering::SeqCst) < 3 {
            tokio::time::sleep(IN_VAIN).await;
            return Err(NotSent::Postponed);
        }
        let waited = Duration::from_secs(20);
        tokio::time::sleep(waited + Duration::from_secs(2)).await;
        Ok(Carried {
            outcome: Outcome::Succeeded,
            error: None,
            exchange: Exchange::Http(HttpExchange {
                request: HttpRequest {
                    url: action.url.clone(),
                    headers: Vec::new(),
                },
                response: None,
            }),
            advice: Advice::default(),
            waited,
        })
    }
}

#[test]
fn waits_for_resources_of_ours_spend_no_attempt_and_are_not_part_of_its_duration() {
    let folder = folder();
    life(async {
        let carried = Arc::new(AtomicUsize::new(0));
        let node = Node::start_carrying(folder.path(), Postponing(Arc::clone(&carried))).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        // Between two waits the delivery has no slot.
        tokio::time::sleep(IN_VAIN + Duration::from_millis(500)).await;
        assert_eq!(
            (carried.load(Ordering::SeqCst), node.engine.load().in_flight),
            (1, 0)
        );
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
        let record = node.store.record(fixture.key(&delivery)).await.unwrap().unwrap();
        let durations: Vec<_> = record.attempts.iter().map(|attempt| attempt.duration).collect();
        assert_eq!(durations, [Duration::from_secs(2)]);
        assert_eq!(carried.load(Ordering::SeqCst), 4);
    });
}

/// A transport whose requests wait for a connection for `wait`. Notes the timestamp of each, and the time at
/// which it left.
struct Waits {
    wait: Duration,
    clock: Arc<VirtualClock>,
    left: Arc<Mutex<Vec<(i64, i64)>>>,
}

impl Transport for Waits {
    async fn send(&self, _: &Request) -> Response {
        status(200)
    }

    async fn send_if(&self, request: &mut Request, leave: Leave<'_>) -> Result<Response, NotSent> {
        tokio::time::sleep(self.wait).await;
        if !leave(&mut request.headers) {
            return Err(NotSent::Forbidden);
        }
        let header = |name: &str| {
            request
                .headers
                .iter()
                .find(|(it, _)| it == name)
                .unwrap()
                .1
                .clone()
        };
        let signed_at_s: i64 = header("webhook-timestamp").parse().unwrap();
        let left_at_s = self.clock.wall().unix_s();
        self.left
            .lock()
            .push((signed_at_s - START_MS / 1000, left_at_s - START_MS / 1000));
        assert_eq!(
            request
                .headers
                .iter()
                .filter(|(it, _)| it == "webhook-signature")
                .count(),
            1
        );
        Ok(self.send(request).await)
    }
}

#[test]
fn a_request_that_waited_for_long_leaves_with_the_time_and_signature_of_its_leaving() {
    for (wait_s, age_s) in [(4, 4), (29, 0)] {
        let folder = folder();
        life(async {
            let clock = Arc::new(VirtualClock::new(0));
            let left = Arc::new(Mutex::default());
            let waits = Waits {
                wait: Duration::from_secs(wait_s),
                clock: Arc::clone(&clock),
                left: Arc::clone(&left),
            };
            let names = HeaderNames::new("Postrider");
            let node = Node::start_carrying(folder.path(), WebhookCarrier::new(waits, names, clock)).await;
            let fixture = node.account(&[URL]).await;
            node.accept(fixture.account).await;
            let delivery = node.wait_until_settled(fixture.account).await.remove(0);
            assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
            let [(signed_at_s, left_at_s)] = left.lock()[..] else {
                panic!("one request")
            };
            assert_eq!(left_at_s - signed_at_s, age_s);
            // The record shows what was sent.
            let record = node.store.record(fixture.key(&delivery)).await.unwrap().unwrap();
            let Exchange::Http(http) = &record.attempts[0].exchange else {
                panic!("a webhook");
            };
            let recorded = http
                .request
                .headers
                .iter()
                .find(|(it, _)| it == "webhook-timestamp");
            let sent = (signed_at_s + START_MS / 1000).to_string();
            assert_eq!(recorded.map(|(_, value)| value), Some(&sent));
        });
    }
}
