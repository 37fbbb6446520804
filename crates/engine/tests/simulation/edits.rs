//! Edits between attempts: what an attempt reads from the current configuration, and what acceptance has
//! fixed.

use crate::support::BY;
use std::time::Duration;

use crate::support::{Fixture, Node, folder, life, life_in_small_steps, status, webhook};
use postrider_configuration::{ContentDraft, RotationDraft};
use postrider_egress::Request;
use postrider_engine::{EngineSettings, ResendOutcome};
use postrider_model::{BodyStyle, DeliveryStatus, Schedule};

const URL: &str = "https://receiver.example/hook";
const MOVED: &str = "https://receiver.example/moved";

async fn failing(folder: &std::path::Path) -> (Node, Fixture) {
    let script = |request: &Request, _| {
        (
            Duration::ZERO,
            status(if request.url == MOVED { 200 } else { 500 }),
        )
    };
    let node = Node::start(folder, 0, EngineSettings::default(), script).await;
    let fixture = node.account(&[URL]).await;
    node.accept(fixture.account).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    (node, fixture)
}

#[test]
fn an_edit_moves_the_next_attempt_but_cannot_change_its_bytes() {
    let folder = folder();
    life(async {
        let (node, fixture) = failing(folder.path()).await;
        node.edit(&fixture, |automation| {
            let send = webhook(&mut automation.actions[0]);
            send.url = MOVED.to_owned();
            send.headers = vec![("X-Team".to_owned(), "sales".to_owned())];
            send.body.content = ContentDraft::Data;
            send.body.style = BodyStyle::Python;
        })
        .await;
        let deliveries = node.wait_until_settled(fixture.account).await;
        assert_eq!(deliveries[0].progress.status, DeliveryStatus::Succeeded);
        let seen = node.seen();
        assert_eq!((seen.len(), seen[1].request.url.as_str()), (2, MOVED));
        assert_eq!(seen[1].header("x-team"), "sales");
        assert_eq!(seen[1].request.body, seen[0].request.body);
    });
}

#[test]
fn a_deleted_or_disabled_action_is_not_called_anymore() {
    for removal in 0..4 {
        let folder = folder();
        life(async {
            let (node, fixture) = failing(folder.path()).await;
            match removal {
                0 => node.edit(&fixture, |automation| automation.enabled = false).await,
                1 => {
                    node.edit(&fixture, |automation| automation.actions[0].enabled = false)
                        .await
                }
                2 => {
                    assert!(
                        node.configuration
                            .delete_automation(&BY, fixture.account, fixture.automation, None)
                            .await
                            .unwrap()
                            .is_deleted()
                    );
                }
                _ => assert!(
                    node.configuration
                        .delete_account(&BY, fixture.account, None)
                        .await
                        .unwrap()
                        .is_deleted()
                ),
            }
            tokio::time::sleep(Duration::from_secs(7200)).await;
            assert_eq!(node.times(URL).len(), 1, "removal {removal}");
            if removal < 3 {
                let deliveries = node.wait_until_settled(fixture.account).await;
                assert_eq!(deliveries[0].progress.status, DeliveryStatus::Canceled);
                let outcome = node
                    .engine
                    .resend(&BY, fixture.key(&deliveries[0]))
                    .await
                    .unwrap();
                assert_eq!(outcome, ResendOutcome::ActionGone);
            }
        });
    }
}

#[test]
fn a_disabled_automation_gets_no_events_while_others_do() {
    let folder = folder();
    life(async {
        let (node, fixture) = failing(folder.path()).await;
        node.edit(&fixture, |automation| automation.enabled = false).await;
        assert_eq!(node.accept(fixture.account).await.deliveries, 0);
        let other = node.account(&[MOVED]).await;
        assert_eq!(node.accept(other.account).await.deliveries, 1);
    });
}

#[test]
fn a_rotated_key_signs_beside_the_old_one_until_the_overlap_ends() {
    let folder = folder();
    life(async {
        let (node, fixture) = failing(folder.path()).await;
        let rotation = RotationDraft {
            overlap_s: Some(60),
            secret: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            algorithm: None,
        };
        let rotated = node
            .configuration
            .rotate_signing_key(&BY, fixture.account, rotation, &*node.engine);
        rotated.await.unwrap();
        node.wait_until_settled(fixture.account).await;
        let seen = node.seen();
        assert_eq!(seen[0].header("postrider-signature-next"), "");
        assert_eq!(
            seen[0].header("postrider-signature"),
            seen[1].header("postrider-signature"),
            "the old key stays"
        );
        let next = seen[1].header("postrider-signature-next");
        assert_eq!(
            seen[2].header("postrider-signature"),
            next,
            "the new key alone, once the overlap is over"
        );
        assert_eq!(seen[2].header("postrider-signature-next"), "");
        let tokens = |n: usize| seen[n].header("webhook-signature").split(' ').count();
        assert_eq!((tokens(0), tokens(1), tokens(2)), (1, 2, 1));
    });
}

#[test]
fn a_410_of_the_former_url_does_not_disable_the_action() {
    let folder = folder();
    life(async {
        let settings = EngineSettings {
            retry_delays: Schedule::from_delays_s(Vec::new()).unwrap(),
            ..EngineSettings::default()
        };
        let node = Node::start(folder.path(), 0, settings, |request, _| {
            // The response arrives after the edit.
            match request.url.as_str() {
                URL => (Duration::from_secs(5), status(410)),
                _ => (Duration::ZERO, status(200)),
            }
        })
        .await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        node.edit(&fixture, |automation| {
            webhook(&mut automation.actions[0]).url = MOVED.to_owned();
        })
        .await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let automation = node.configuration.automation(fixture.account, fixture.automation);
        assert!(automation.await.unwrap().unwrap().actions[0].enabled);
    });
}

#[test]
fn a_410_disables_the_action_only_on_the_last_attempt() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, EngineSettings::default(), |_, _| {
            (Duration::ZERO, status(410))
        })
        .await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let action = |automation: postrider_model::Automation| automation.actions[0].clone();
        let find = || node.configuration.automation(fixture.account, fixture.automation);
        assert!(action(find().await.unwrap().unwrap()).enabled);
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let action = action(find().await.unwrap().unwrap());
        assert_eq!(
            (action.enabled, action.disabled_reason.unwrap().as_str()),
            (false, "gone")
        );
        assert_eq!(node.accept(fixture.account).await.deliveries, 0);
    });
}

#[test]
fn a_kill_right_after_a_final_410_is_recorded_leaves_the_action_disabled() {
    let folder = folder();
    let settings = || EngineSettings {
        retry_delays: Schedule::from_delays_s(Vec::new()).unwrap(),
        ..EngineSettings::default()
    };
    let gone = |_: &Request, _| (Duration::ZERO, status(410));
    // Looks after each step of any task, so that nothing runs between the commit and the kill.
    let fixture = life_in_small_steps(async {
        let node = Node::start(folder.path(), 0, settings(), gone).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        while node.count(fixture.account, DeliveryStatus::Failed).await == 0 {
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        fixture
    });
    life(async {
        let node = Node::start(folder.path(), 1_000, settings(), gone).await;
        let found = node.store.automation(fixture.account, fixture.automation).await;
        assert!(!found.unwrap().unwrap().actions[0].enabled);
    });
}

#[test]
fn a_resend_is_one_more_attempt_with_the_same_id_and_bytes() {
    let folder = folder();
    life(async {
        let (node, fixture) = failing(folder.path()).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(
            node.engine.resend(&BY, fixture.key(&delivery)).await.unwrap(),
            ResendOutcome::Due
        );
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(
            (delivery.progress.status, delivery.progress.attempts),
            (DeliveryStatus::Failed, 4)
        );
        node.edit(&fixture, |automation| {
            webhook(&mut automation.actions[0]).url = MOVED.to_owned();
        })
        .await;
        assert_eq!(
            node.engine.resend(&BY, fixture.key(&delivery)).await.unwrap(),
            ResendOutcome::Due
        );
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(
            (delivery.progress.status, delivery.progress.attempts),
            (DeliveryStatus::Succeeded, 5)
        );
        let seen = node.seen();
        assert!(seen.iter().all(|one| one.request.body == seen[0].request.body));
        assert!(
            seen.iter()
                .all(|one| one.header("webhook-id") == seen[0].header("webhook-id"))
        );
        assert_eq!(seen[4].header("postrider-attempt"), "5");
    });
}
