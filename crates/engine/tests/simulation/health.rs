//! The health of actions, and the operational events that announce it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postrider_egress::{Request, Response};
use postrider_engine::{EngineSettings, Rejection};
use postrider_model::health::{ANNOUNCED_EVERY, ActionHealth};
use postrider_model::{AccountId, Event, OperationalType, Origin, SYSTEM_ACCOUNT, Schedule};
use postrider_storage::{EventFilter, PageRequest};

use crate::support::{BY, Fixture, Node, folder, life, life_in_small_steps, status, submission};

const URL: &str = "https://receiver.example/hook";
const NOTICES: &str = "https://notices.example/hook";

/// After which time without a success the tests' actions are switched off. Days of virtual time would take
/// minutes.
const LIMIT: Duration = Duration::from_secs(3_600);

fn settings() -> EngineSettings {
    EngineSettings {
        retry_delays: Schedule::from_delays_s(Vec::new()).unwrap(),
        disable_failing_after: LIMIT,
        ..EngineSettings::default()
    }
}

/// A receiver that is down while the switch says so, beside one of notices that is not.
fn receivers(is_down: &Arc<AtomicBool>) -> impl Fn(&Request, usize) -> (Duration, Response) + use<> {
    let is_down = Arc::clone(is_down);
    move |request, _| {
        let fails = request.url != NOTICES && is_down.load(Ordering::Relaxed);
        (Duration::ZERO, status(if fails { 503 } else { 200 }))
    }
}

/// Adds an automation that sends events of these types to these receivers.
pub async fn notices(node: &Node, account: AccountId, urls: &[&str], patterns: &[&str]) -> Fixture {
    let fixture = node.automation(account, urls).await;
    node.edit(&fixture, |automation| {
        automation.event_types = patterns.iter().map(|text| (*text).to_owned()).collect();
    })
    .await;
    fixture
}

/// The operational events of an account, oldest first.
pub async fn operational(node: &Node, account: AccountId) -> Vec<Event> {
    let (mut events, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 250, after };
        let page = node.store.events(account, &EventFilter::default(), page).await;
        let page = page.unwrap();
        events.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    events.retain(|event| event.origin == Origin::Operational);
    events.reverse();
    events
}

async fn types(node: &Node, account: AccountId) -> Vec<String> {
    let events = operational(node, account).await;
    events.iter().map(|event| event.event_type.to_string()).collect()
}

async fn health(node: &Node, fixture: &Fixture) -> ActionHealth {
    let config = node.store.account_config(fixture.account).await.unwrap().unwrap();
    let health = config.health.into_iter();
    let id = config.automations.iter().find(|it| it.id == fixture.automation);
    let id = id.unwrap().actions[0].id;
    let mut health = health.filter(|(action, _)| *action == id);
    health.next().map(|(_, health)| health).unwrap_or_default()
}

/// Accepts an event, and waits until all deliveries of the account are settled.
async fn send(node: &Node, fixture: &Fixture) {
    node.accept(fixture.account).await;
    node.wait_until_settled(fixture.account).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    node.wait_until_settled(fixture.account).await;
}

#[test]
fn an_outage_is_announced_once_and_so_is_its_end() {
    let folder = folder();
    life(async {
        let is_down = Arc::new(AtomicBool::new(true));
        let node = Node::start(folder.path(), 0, settings(), receivers(&is_down)).await;
        let fixture = node.account(&[URL]).await;
        notices(&node, fixture.account, &[NOTICES], &["postrider.action.*"]).await;
        for _ in 0..20 {
            send(&node, &fixture).await;
        }
        assert_eq!(types(&node, fixture.account).await, ["postrider.action.failing"]);
        assert!(health(&node, &fixture).await.failing_since.is_some());
        is_down.store(false, Ordering::Relaxed);
        for _ in 0..20 {
            send(&node, &fixture).await;
        }
        let expected = ["postrider.action.failing", "postrider.action.recovered"];
        assert_eq!(types(&node, fixture.account).await, expected);
        assert_eq!(health(&node, &fixture).await.failing_since, None);
        assert_eq!(node.times(NOTICES).len(), 2, "each is sent once");
        let bodies = node.seen();
        let body = bodies.iter().find(|seen| seen.request.url == NOTICES).unwrap();
        let body = String::from_utf8(body.request.body.to_vec()).unwrap();
        for part in [
            r#""type":"postrider.action.failing""#,
            &format!(r#""automation":{{"id":"{}""#, fixture.automation),
            &format!(r#""type":"send_webhook","target":"{URL}""#),
        ] {
            assert!(body.contains(part), "{part} is not in {body}");
        }
    });
}

#[test]
fn a_receiver_that_fails_now_and_then_is_not_announced_each_time() {
    let folder = folder();
    life(async {
        let is_down = Arc::new(AtomicBool::new(true));
        let node = Node::start(folder.path(), 0, settings(), receivers(&is_down)).await;
        let fixture = node.account(&[URL]).await;
        let started = node.clock_ms();
        for round in 0..200 {
            is_down.store(round % 2 == 0, Ordering::Relaxed);
            send(&node, &fixture).await;
            assert_eq!(
                health(&node, &fixture).await.failing_since.is_some(),
                round % 2 == 0
            );
        }
        let took = Duration::from_millis(u64::try_from(node.clock_ms() - started).unwrap());
        let failing = types(&node, fixture.account).await;
        let failing = failing.iter().filter(|name| name.ends_with("failing")).count();
        let most = 1 + usize::try_from(took.as_secs() / ANNOUNCED_EVERY.as_secs()).unwrap();
        assert!((1..=most).contains(&failing), "{failing} in {took:?}");
    });
}

#[test]
fn an_action_without_a_success_for_the_limit_is_switched_off() {
    let folder = folder();
    life(async {
        let is_down = Arc::new(AtomicBool::new(true));
        let node = Node::start(folder.path(), 0, settings(), receivers(&is_down)).await;
        let fixture = node.account(&[URL]).await;
        let is_on = async || {
            let automation = node.configuration.automation(fixture.account, fixture.automation);
            automation.await.unwrap().unwrap().actions[0].enabled
        };
        send(&node, &fixture).await;
        tokio::time::sleep(LIMIT - Duration::from_secs(60)).await;
        send(&node, &fixture).await;
        assert!(is_on().await, "it is too early");
        tokio::time::sleep(Duration::from_secs(60)).await;
        send(&node, &fixture).await;
        assert!(!is_on().await);
        let events = operational(&node, fixture.account).await;
        let last = events.last().unwrap();
        assert_eq!(last.event_type, OperationalType::ActionDisabled.name());
        let data = String::from_utf8(last.data.to_vec()).unwrap();
        assert!(data.contains(r#""reason":"failing""#), "{data}");

        node.edit(&fixture, |automation| automation.actions[0].enabled = true)
            .await;
        send(&node, &fixture).await;
        assert!(is_on().await, "switched on again, it has the whole time");
    });
}

#[test]
fn one_success_within_the_limit_keeps_an_action_on() {
    let folder = folder();
    life(async {
        let is_down = Arc::new(AtomicBool::new(true));
        let node = Node::start(folder.path(), 0, settings(), receivers(&is_down)).await;
        let fixture = node.account(&[URL]).await;
        for part in 0..12 {
            is_down.store(part % 4 != 3, Ordering::Relaxed);
            send(&node, &fixture).await;
            tokio::time::sleep(LIMIT / 5).await;
        }
        let automation = node.configuration.automation(fixture.account, fixture.automation);
        assert!(automation.await.unwrap().unwrap().actions[0].enabled);
    });
}

#[test]
fn a_notice_that_fails_announces_nothing_about_itself() {
    let folder = folder();
    life(async {
        let down = |_: &Request, _| (Duration::ZERO, status(503));
        let node = Node::start(folder.path(), 0, settings(), down).await;
        let fixture = node.account(&[URL]).await;
        let notices = notices(&node, fixture.account, &[NOTICES], &["postrider.*"]).await;
        for _ in 0..5 {
            send(&node, &fixture).await;
        }
        let expected = [
            "postrider.action.failing",
            "postrider.delivery.failed",
            "postrider.delivery.failed",
            "postrider.delivery.failed",
            "postrider.delivery.failed",
            "postrider.delivery.failed",
        ];
        let mut found = types(&node, fixture.account).await;
        found.sort_unstable();
        assert_eq!(found, expected);
        assert!(
            health(&node, &notices).await.failing_since.is_some(),
            "yet its health is known"
        );
    });
}

#[test]
fn the_operators_automations_run_for_all_accounts() {
    let folder = folder();
    life(async {
        let is_down = Arc::new(AtomicBool::new(true));
        let node = Node::start(folder.path(), 0, settings(), receivers(&is_down)).await;
        node.configuration.create_system_account().await.unwrap();
        notices(&node, SYSTEM_ACCOUNT, &[NOTICES], &["postrider.action.failing"]).await;
        let (one, other) = (node.account(&[URL]).await, node.account(&[URL]).await);
        send(&node, &one).await;
        send(&node, &other).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let events = operational(&node, SYSTEM_ACCOUNT).await;
        let accounts = [one.account, other.account];
        assert_eq!(events.len(), 2);
        for (event, account) in events.iter().zip(accounts) {
            let data = String::from_utf8(event.data.to_vec()).unwrap();
            assert!(data.contains(&account.to_string()), "{data}");
        }
        assert_eq!(node.times(NOTICES).len(), 2);
    });
}

#[test]
fn tests_say_nothing_about_health() {
    let folder = folder();
    life(async {
        let is_down = Arc::new(AtomicBool::new(true));
        let node = Node::start(folder.path(), 0, settings(), receivers(&is_down)).await;
        let fixture = node.account(&[URL]).await;
        let test = async || {
            let sent = node
                .engine
                .send_test(&BY, fixture.account, fixture.automation, None, None);
            sent.await.unwrap().unwrap().unwrap();
            node.wait_until_settled(fixture.account).await;
        };
        test().await;
        assert_eq!(health(&node, &fixture).await, ActionHealth::default());
        send(&node, &fixture).await;
        is_down.store(false, Ordering::Relaxed);
        test().await;
        assert!(health(&node, &fixture).await.failing_since.is_some());
    });
}

#[test]
fn a_test_that_disables_an_action_says_so() {
    let folder = folder();
    life(async {
        let gone = |_: &Request, _| (Duration::ZERO, status(410));
        let node = Node::start(folder.path(), 0, settings(), gone).await;
        let fixture = node.account(&[URL]).await;
        let sent = node
            .engine
            .send_test(&BY, fixture.account, fixture.automation, None, None);
        sent.await.unwrap().unwrap().unwrap();
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(types(&node, fixture.account).await, ["postrider.action.disabled"]);
        let health = health(&node, &fixture).await;
        assert_eq!((health.failing_since, health.disabled_at.is_some()), (None, true));
        let unhealthy = node.store.unhealthy_actions(10).await.unwrap();
        assert_eq!(unhealthy.len(), 1);
    });
}

#[test]
fn an_announcement_survives_a_kill_right_after_the_commit_that_it_is_part_of() {
    let folder = folder();
    let down = |request: &Request, _| {
        (
            Duration::ZERO,
            status(if request.url == NOTICES { 200 } else { 503 }),
        )
    };
    // Looks after each step of any task, so that nothing runs between the commit and the kill.
    let fixture = life_in_small_steps(async {
        let node = Node::start(folder.path(), 0, settings(), down).await;
        let fixture = node.account(&[URL]).await;
        notices(&node, fixture.account, &[NOTICES], &["postrider.action.failing"]).await;
        node.accept(fixture.account).await;
        while health(&node, &fixture).await.failing_since.is_none() {
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(node.times(NOTICES).len(), 0, "the notice did not leave yet");
        fixture
    });
    life(async {
        let node = Node::start(folder.path(), 1_000, settings(), down).await;
        node.wait_until_settled(fixture.account).await;
        assert_eq!(types(&node, fixture.account).await, ["postrider.action.failing"]);
        assert_eq!(node.times(NOTICES).len(), 1);
    });
}

#[test]
fn producers_cannot_report_operational_events() {
    let folder = folder();
    life(async {
        let node = Node::start(folder.path(), 0, settings(), |_, _| (Duration::ZERO, status(200))).await;
        let fixture = node.account(&[URL]).await;
        let forged = submission("postrider.action.failing");
        let results = node.engine.accept(fixture.account, vec![forged]).await.unwrap();
        assert_eq!(results, [Err(Rejection::OperationalType)]);
    });
}

#[test]
fn a_high_backlog_is_announced_once_an_hour() {
    let folder = folder();
    life(async {
        let settings = EngineSettings {
            backlog_alarm: Duration::from_secs(60),
            in_flight_max: 1,
            window_deliveries: 2,
            ..settings()
        };
        // The only slot is taken for as long as an attempt may last; most deliveries wait in the store.
        let slow = |request: &Request, _| {
            let is_slow = request.url != NOTICES;
            (
                if is_slow {
                    Duration::from_secs(14)
                } else {
                    Duration::ZERO
                },
                status(200),
            )
        };
        let node = Node::start(folder.path(), 0, settings, slow).await;
        node.configuration.create_system_account().await.unwrap();
        let fixture = node.account(&[URL]).await;
        for _ in 0..1_000 {
            node.accept(fixture.account).await;
        }
        tokio::time::sleep(Duration::from_secs(2 * 3_600)).await;
        let found = types(&node, SYSTEM_ACCOUNT).await;
        assert!((2..=3).contains(&found.len()), "{found:?}");
        assert!(found.iter().all(|name| name == "postrider.backlog.high"));
    });
}
