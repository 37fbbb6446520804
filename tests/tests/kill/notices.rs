//! Kills while receivers go down and come back, and an automation is told of it.
//!
//! A change of an action's health and the operational event that announces it are one commit. So whatever
//! the moments of the kills, each action has announced at the end once that it fails and once that it works
//! again, and both have arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Value, json};

use super::producers::Producers;
use super::{FLAGS, ROUND_MS, SETTLED_WITHIN};

/// Kills while the receivers are down, and as many once they are back.
const ROUNDS: usize = 4;

const ACTIONS: usize = 8;

/// Event ids by type and action.
type Announced = BTreeMap<(String, String), BTreeSet<String>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_of_health_is_announced_once_whatever_the_moments_of_the_kills() {
    let mut server = Server::start_with(&FLAGS);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    let actions: Vec<Value> = (0..ACTIONS)
        .map(|nth| json!({"type": "send_webhook", "url": receiver.url(&format!("/down/{nth}"))}))
        .collect();
    let watched = create(&account, &json!(["load.*"]), &json!(actions)).await;
    let notices = json!([{"type": "send_webhook", "url": receiver.url("/notices")}]);
    create(&account, &json!(["postrider.action.*"]), &notices).await;
    let mut random = fastrand::Rng::new();
    let mut producers = Some(Producers::start(&account, random.fork()));
    for is_down in [true, false] {
        for nth in 0..ACTIONS {
            let reply = Reply::status(if is_down { 500 } else { 204 });
            receiver.respond(&format!("/down/{nth}"), [reply]);
        }
        for _ in 0..ROUNDS {
            tokio::time::sleep(Duration::from_millis(random.u64(ROUND_MS))).await;
            server.kill();
            server.start_again_with(&FLAGS);
            producers.as_ref().unwrap().move_to(server.api());
        }
        if is_down {
            // Each has failed for good before the receivers come back.
            health(&account.through(server.api()), &watched, "failing").await;
        }
    }
    producers.take().unwrap().finish().await;
    let account = account.through(server.api());
    wait::until("nothing is pending", SETTLED_WITHIN, async || {
        let pending = account.at("/deliveries?status=pending&limit=1");
        let page = account.api.get(pending).await.expect(200);
        page["data"].as_array()?.is_empty().then_some(())
    })
    .await;
    health(&account, &watched, "healthy").await;

    let mut announced = Announced::new();
    for request in receiver.received("/notices") {
        let event: Value = serde_json::from_slice(&request.body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = (text(&event["type"]), text(&event["data"]["action"]["id"]));
        announced.entry(key).or_default().insert(text(&event["id"]));
    }
    assert_eq!(announced.len(), 2 * ACTIONS, "{announced:?}");
    for (key, events) in announced {
        assert_eq!(events.len(), 1, "{key:?}: {events:?}");
    }
}

async fn create(account: &Account, event_types: &Value, actions: &Value) -> String {
    let automation = json!({
        "name": "Automation", "trigger": {"event_types": event_types}, "actions": actions, "retry_delays_s": [],
    });
    let automations = account.at("/automations");
    let created = account.api.post(automations, automation).await.expect(201);
    created["id"].as_str().unwrap().to_owned()
}

/// Waits until all actions of the automation have this health.
async fn health(account: &Account, automation: &str, expected: &str) {
    wait::until(&format!("all are {expected}"), SETTLED_WITHIN, async || {
        let path = account.at(&format!("/automations/{automation}"));
        let found = account.api.get(path).await.expect(200);
        let actions = found["actions"].as_array()?;
        let has = |action: &Value| action["health"]["status"] == expected;
        actions.iter().all(has).then_some(())
    })
    .await;
}
