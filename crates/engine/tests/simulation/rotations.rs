//! The operational event about the rotation of a signing key.

use std::path::Path;
use std::time::Duration;

use postrider_configuration::{DoesDraft, RotationDraft, SigningKeyDraft};
use postrider_engine::EngineSettings;
use postrider_model::{KeyAlgorithm, SYSTEM_ACCOUNT};
use serde_json::{Value, json};

use crate::health::{notices, operational};
use crate::support::{BY, Fixture, Node, Seen, folder, life, life_in_small_steps, status};

const EVERYTHING: &str = "https://everything.example/hook";
const CUSTOMER: &str = "https://notices.example/hook";
const OPERATOR: &str = "https://operator.example/hook";
const ROTATED: &str = "postrider.signing_key.rotated";
const OVERLAP_S: i64 = 3_600;

async fn start(folder: &Path, at_ms: i64) -> Node {
    let succeed = |_: &_, _| (Duration::ZERO, status(200));
    Node::start(folder, at_ms, EngineSettings::default(), succeed).await
}

fn overlapping() -> RotationDraft {
    RotationDraft {
        overlap_s: Some(OVERLAP_S),
        ..RotationDraft::default()
    }
}

/// The requests to a receiver, each with the event that it holds.
fn to(node: &Node, url: &str) -> Vec<(Seen, Value)> {
    let seen = node.seen().into_iter().filter(|seen| seen.request.url == url);
    let read = |seen: Seen| {
        let event = serde_json::from_slice(&seen.request.body).unwrap();
        (seen, event)
    };
    seen.map(read).collect()
}

fn tokens(seen: &Seen) -> usize {
    seen.header("webhook-signature").split(' ').count()
}

#[test]
fn a_rotation_tells_the_customer_and_the_operator() {
    let folder = folder();
    life(async {
        let node = start(folder.path(), 0).await;
        let all = node.account(&[EVERYTHING]).await;
        node.edit(&all, |automation| automation.event_types = vec!["*".to_owned()])
            .await;
        notices(&node, all.account, &[CUSTOMER], &[ROTATED]).await;
        node.configuration.create_system_account().await.unwrap();
        notices(&node, SYSTEM_ACCOUNT, &[OPERATOR], &["postrider.*"]).await;
        // Far from the scans of the store, which would find the delivery too.
        tokio::time::sleep(Duration::from_millis(10_500)).await;
        let rotated_at = node.clock_ms();
        let rotated = node
            .configuration
            .rotate_signing_key(&BY, all.account, overlapping(), &*node.engine);
        let key = rotated.await.unwrap();
        for account in [all.account, SYSTEM_ACCOUNT] {
            node.wait_until_settled(account).await;
            assert_eq!(operational(&node, account).await.len(), 1);
        }
        let (customer, operator) = (to(&node, CUSTOMER), to(&node, OPERATOR));
        assert_eq!((customer.len(), operator.len()), (1, 1));
        assert_eq!(node.times(EVERYTHING), [0; 0], "`*` matches no operational event");
        assert!(customer[0].0.at_ms - rotated_at < 100, "at once");
        let expected = json!({
            "account": {"id": all.account, "uid": null, "name": "Acme"},
            "automation": null,
            "action": null,
            "signing_key": {"id": key.id, "algorithm": "hmac"},
            "old_key_expires_at": key.created_at.after(Duration::from_secs(3_600)),
        });
        for (_, event) in [&customer[0], &operator[0]] {
            assert_eq!((&event["type"], &event["data"]), (&json!(ROTATED), &expected));
        }
        assert_eq!(tokens(&customer[0].0), 2, "both keys sign");
        assert_eq!(tokens(&operator[0].0), 1, "the keys of `system` sign");
    });
}

/// Gives the action of an automation a key of its own.
async fn own_key(node: &Node, fixture: &Fixture, algorithm: KeyAlgorithm) {
    node.edit(fixture, |automation| {
        let DoesDraft::SendWebhook(webhook) = &mut automation.actions[0].does else {
            panic!("a webhook");
        };
        webhook.signing_key = Some(SigningKeyDraft::Own(algorithm));
        webhook.signature_profile = Some("standard".to_owned());
    })
    .await;
}

#[test]
fn the_rotation_of_an_actions_own_key_names_the_action_and_no_secret() {
    let folder = folder();
    life(async {
        let node = start(folder.path(), 0).await;
        let fixture = node.account(&[EVERYTHING]).await;
        own_key(&node, &fixture, KeyAlgorithm::Ed25519).await;
        let (account, automation) = (fixture.account, fixture.automation);
        assert_eq!(
            operational(&node, account).await,
            [],
            "creating the first key announces no rotation"
        );
        let stored = node.configuration.automation(account, automation).await;
        let action = stored.unwrap().unwrap().actions.remove(0);
        let rotated = node.configuration.rotate_action_key(
            &BY,
            account,
            automation,
            action.id,
            overlapping(),
            &*node.engine,
        );
        let key = rotated.await.unwrap();
        let events = operational(&node, account).await;
        assert_eq!(events.len(), 1, "kept, although no automation matches it");
        assert_eq!(operational(&node, SYSTEM_ACCOUNT).await, []);
        let data: Value = serde_json::from_slice(&events[0].data).unwrap();
        let expected = json!({
            "account": {"id": account, "uid": null, "name": "Acme"},
            "automation": {"id": automation, "uid": null, "name": "On proposals"},
            "action": {"id": action.id, "type": "send_webhook", "target": EVERYTHING},
            "signing_key": {"id": key.id, "algorithm": "ed25519"},
            "old_key_expires_at": key.created_at.after(Duration::from_secs(3_600)),
        });
        assert_eq!(data, expected);
        let text = String::from_utf8(events[0].data.to_vec()).unwrap();
        assert!(!text.contains(&key.secret.expose()) && !text.contains("whs") && !text.contains("whpk"));
    });
}

#[test]
fn the_event_about_a_rotation_survives_a_kill_right_after_it() {
    let folder = folder();
    let account = life_in_small_steps(async {
        let node = start(folder.path(), 0).await;
        let account = node.account(&[EVERYTHING]).await.account;
        notices(&node, account, &[CUSTOMER], &[ROTATED]).await;
        let rotated = node
            .configuration
            .rotate_signing_key(&BY, account, overlapping(), &*node.engine);
        rotated.await.unwrap();
        assert_eq!(node.times(CUSTOMER).len(), 0, "it did not leave yet");
        account
    });
    life(async {
        let node = start(folder.path(), 1_000).await;
        node.wait_until_settled(account).await;
        assert_eq!(operational(&node, account).await.len(), 1);
        assert_eq!(node.times(CUSTOMER).len(), 1);
    });
}
