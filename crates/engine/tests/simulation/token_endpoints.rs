//! Token endpoints in trouble: what they cost the attempts that need a token, and how often they are asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_model::{AuditAction, DeliveryStatus, Does, IdGenerator, Outcome, Target};
use postrider_storage::SaveAutomation;

use crate::connections::{TOKEN_URL, URL, attempts, authorizations, http, issued, oauth2, scene, scene_on};
use crate::support::{BY, Node, folder, inline, life, status, submission};

#[test]
fn a_token_endpoint_that_asks_to_wait_is_asked_again_only_after_that() {
    for code in [503, 429] {
        let folder = folder();
        life(async {
            let script = move |request: &Request, _: usize| {
                assert_eq!(request.url, TOKEN_URL, "nothing goes to the receiver");
                let retry_after = Some(Duration::from_secs(60));
                let response = Response {
                    retry_after,
                    ..status(code)
                };
                (Duration::from_millis(200), response)
            };
            let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
            for _ in 0..50 {
                node.accept(fixture.account).await;
                tokio::time::sleep(Duration::from_millis(600)).await;
            }
            tokio::time::sleep(Duration::from_secs(300)).await;
            let times = node.times(TOKEN_URL);
            assert!(times.len() >= 3, "{times:?}");
            let closest = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
            assert!(closest >= 60_000, "{times:?}");
        });
    }
}

#[test]
fn attempts_that_wait_for_the_same_silent_token_endpoint_end_in_time_together() {
    let folder = folder();
    life(async {
        let script = |_: &Request, _: usize| (Duration::from_secs(600), status(200));
        let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
        let submissions = vec![submission("proposal.accepted"); 20];
        node.engine.accept(fixture.account, submissions).await.unwrap();
        tokio::time::sleep(Duration::from_secs(17)).await;
        let deliveries = node.deliveries(fixture.account).await;
        assert_eq!(deliveries.len(), 20);
        for delivery in deliveries {
            assert_eq!(delivery.progress.attempts, 1);
        }
        assert_eq!(node.times(TOKEN_URL).len(), 1);
    });
}

#[test]
fn a_wait_for_a_permit_of_the_token_endpoints_host_spends_no_attempt() {
    const BUSY: &str = "https://id.example/busy";
    let folder = folder();
    life(async {
        let script = |request: &Request, earlier: usize| match &*request.url {
            TOKEN_URL => (Duration::from_secs(1), issued(earlier + 1)),
            BUSY => (Duration::from_secs(14), status(200)),
            _ => (Duration::ZERO, status(200)),
        };
        let node = Node::start_bounded(inline(folder.path()), 0, EngineSettings::default(), 1, script);
        let (node, fixture, _) = scene_on(node.await, oauth2()).await;
        let busy = node.account(&[BUSY]).await;
        for _ in 0..2 {
            node.accept(busy.account).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        for _ in 0..5 {
            node.accept(fixture.account).await;
        }
        let deliveries = node.wait_until_settled(fixture.account).await;
        for delivery in &deliveries {
            let record = node.store.record(fixture.key(delivery)).await.unwrap().unwrap();
            let outcomes: Vec<_> = record.attempts.iter().map(|it| it.outcome).collect();
            assert_eq!(outcomes, [Outcome::Succeeded]);
        }
    });
}

#[test]
fn a_repeat_that_has_no_response_leaves_the_401_of_the_first_request() {
    let folder = folder();
    life(async {
        static IS_REVOKED: AtomicBool = AtomicBool::new(false);
        let script = |request: &Request, earlier: usize| match &*request.url {
            TOKEN_URL => (Duration::ZERO, issued(earlier + 1)),
            _ if !IS_REVOKED.load(Ordering::Relaxed) => (Duration::ZERO, status(200)),
            _ if request
                .headers
                .iter()
                .any(|(_, it)| it == "Bearer access-token-1") =>
            {
                (Duration::from_secs(12), status(401))
            }
            _ => (Duration::from_secs(12), status(200)),
        };
        let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        IS_REVOKED.store(true, Ordering::Relaxed);
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(authorizations(&node, URL).len(), 3, "it was repeated");
        let attempts = attempts(&node, &fixture).await;
        assert_eq!(attempts[0].outcome, Outcome::BadStatus);
        assert_eq!(http(&attempts[0]).response.as_ref().unwrap().status, 401);
        assert_eq!(attempts[1].outcome, Outcome::Succeeded);
    });
}

#[test]
fn no_token_is_fetched_for_a_request_that_cannot_be_signed() {
    let folder = folder();
    life(async {
        let script = |request: &Request, _: usize| panic!("nothing is sent: {}", request.url);
        let (node, fixture, _) = scene(folder.path(), oauth2(), script).await;
        let (account, automation) = (fixture.account, fixture.automation);
        let current = node.configuration.automation(account, automation).await;
        let mut edited = current.unwrap().unwrap();
        let Does::SendWebhook(webhook) = &mut edited.actions[0].does else {
            panic!("a webhook");
        };
        webhook.signature.profile = Some("one-that-the-settings-lost".to_owned());
        let id = IdGenerator::new(1).audit(node.engine.clock().now());
        let entry = BY.did(
            id,
            AuditAction::AutomationUpdated,
            Some(account),
            Target::default(),
        );
        let saved = node
            .store
            .update_automation(account, edited, Vec::new(), entry)
            .await;
        assert!(matches!(saved, Ok(SaveAutomation::Saved(_))), "{saved:?}");
        node.accept(account).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let delivery = node.deliveries(account).await.remove(0);
        assert_eq!(
            (delivery.progress.status, delivery.progress.attempts),
            (DeliveryStatus::Pending, 0)
        );
    });
}
