//! Kills while templates and conditions are in play, and are edited between the kills.
//!
//! At the end, exactly the events that meet the conditions were received, and every attempt of a delivery had
//! the same body, although the template was another one in each round.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use postrider_tests::receiver::Received;
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Value, json};

use super::producers::Producers;
use super::{FLAGS, ROUND_MS, SETTLED_WITHIN};

const ROUNDS: usize = 5;

/// Least number of events that the test needs to show something.
const EVENTS_MIN: usize = 100;

/// Events from this number on meet the conditions.
const FIRST: u64 = 20;

fn template(round: usize) -> Value {
    json!(format!("{{{{ data.number }}}} in round {round}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_and_kills_change_no_body_and_no_verdict() {
    let mut server = Server::start_with(&FLAGS);
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    receiver.respond_with("/templated", respond);
    let action = json!({
        "type": "send_webhook", "url": receiver.url("/templated"), "body": "template", "content_type": "text/plain",
        "template": template(0),
    });
    let automation = json!({
        "name": "Templated", "actions": [action],
        "trigger": {"event_types": ["*"], "conditions": {"path": "/number", "op": "gte", "value": FIRST}},
    });
    let created = account
        .api
        .post(account.at("/automations"), automation)
        .await
        .expect(201);
    let path = account.at(&format!("/automations/{}", created["id"].as_str().unwrap()));
    let mut action = created["actions"][0].clone();
    let mut random = fastrand::Rng::new();
    let producers = Producers::start(&account, random.fork());
    for round in 1..=ROUNDS {
        tokio::time::sleep(Duration::from_millis(random.u64(ROUND_MS))).await;
        action["template"] = template(round);
        let edited = server
            .api()
            .patch(path.clone(), json!({"actions": [action]}))
            .await;
        edited.expect(200);
        server.kill();
        server.start_again_with(&FLAGS);
        producers.move_to(server.api());
    }
    let accepted = producers.finish().await;
    let account = account.through(server.api());
    wait::until("nothing is pending", SETTLED_WITHIN, async || {
        let pending = account.at("/deliveries?status=pending&limit=1");
        let page = account.api.get(pending).await.expect(200);
        page["data"].as_array()?.is_empty().then_some(())
    })
    .await;

    assert!(accepted.len() >= EVENTS_MIN, "{} events", accepted.len());
    let mut bodies: HashMap<String, HashSet<String>> = HashMap::new();
    for request in receiver.received("/templated") {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        bodies
            .entry(request.header("webhook-id").to_owned())
            .or_default()
            .insert(body);
    }
    let rounds: HashSet<_> = bodies
        .values()
        .flatten()
        .filter_map(|body| body.split(' ').next_back())
        .collect();
    assert!(rounds.len() > 2, "events of several rounds were sent: {rounds:?}");
    for (event, number) in &accepted {
        let sent: Vec<_> = bodies.remove(event).into_iter().flatten().collect();
        match *number >= FIRST {
            true => assert!(
                sent.len() == 1 && sent[0].starts_with(&format!("{number} in round ")),
                "event {event} with number {number} was sent as {sent:?}"
            ),
            false => assert!(sent.is_empty(), "event {event} with number {number} was sent"),
        }
    }
    assert!(bodies.is_empty(), "nothing else was sent");
}

/// Half of the first attempts fail, so that retries follow edits and kills.
fn respond(request: &Received) -> Reply {
    let is_first = request.header("postrider-attempt") == "1";
    let number = request.body.first().copied().unwrap_or_default();
    match is_first && number % 2 == 0 {
        true => Reply::status(500),
        false => Reply::status(204),
    }
}
