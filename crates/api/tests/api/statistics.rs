//! Statistics of the installation and of accounts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postrider_figures::{ACCOUNT_SUMS_MAX, ACTIONS_SHOWN_MAX};
use postrider_model::{AccountId, ActionId, AutomationId, Clock, Timestamp};
use postrider_storage::StatisticsStore;
use postrider_storage::statistics::{ActionKey, Count, Counts, Scope, TimeStep};
use serde_json::{Value, json};

use crate::app::{App, url};

/// 2026-01-31T09:30:00Z, in Unix milliseconds: the time of an installation whose clock stands.
const NOW: Timestamp = Timestamp::from_unix_ms(1_769_851_800_000);

/// A clock that stands, so that no step begins during a test.
struct Standing(Instant);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn wall(&self) -> Timestamp {
        NOW
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

async fn standing() -> App {
    App::at_time_of(Arc::new(Standing(Instant::now()))).await
}

/// The time this many hours before [`NOW`].
fn hours_ago(hours: u64) -> Timestamp {
    NOW.before(Duration::from_secs(3_600 * hours))
}

/// Posts an event and waits until its deliveries have settled.
async fn deliver(app: &App, account: &str, event_type: &str) {
    let body = json!({"type": event_type, "data": {"total": 1}});
    let event = app.post(&format!("{account}/events"), &body).await.expect(202);
    let list = format!("{account}/deliveries?event_id={}", event["id"].as_str().unwrap());
    app.until(&list, |page| {
        let deliveries = page["data"].as_array().unwrap();
        deliveries.iter().all(|delivery| delivery["status"] != "pending")
    })
    .await;
}

/// The sum of a measure over the steps.
fn sum(data: &Value, measure: &str) -> u64 {
    let steps = data.as_array().unwrap().iter();
    steps.map(|step| step[measure].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn statistics_count_what_happened_and_nothing_else() {
    let app = App::start().await;
    let (account, other) = (app.account().await, app.account().await);
    let good = app.automation(&account, 200).await;
    let bad = app.automation(&account, 500).await;
    let conditions = json!({"all": [{"path": "/total", "op": "gt", "value": 1}]});
    let choosy = json!({
        "name": "Large", "trigger": {"event_types": ["proposal.*"], "conditions": conditions},
        "actions": [{"type": "send_webhook", "url": url(200)}],
    });
    let automations = format!("{account}/automations");
    app.post(&automations, &choosy).await.expect(201);
    for _ in 0..3 {
        deliver(&app, &account, "proposal.accepted").await;
    }
    deliver(&app, &account, "unknown.to_all").await;
    let test = format!("{automations}/{}/test", good["id"].as_str().unwrap());
    app.post(&test, &json!({"type": "proposal.accepted", "data": {}}))
        .await
        .expect(202);
    app.until(&format!("{account}/deliveries?status=succeeded"), |page| {
        page["data"].as_array().unwrap().len() == 4
    })
    .await;
    app.automation(&other, 200).await;
    deliver(&app, &other, "proposal.accepted").await;

    let of_account = app.get(&format!("{account}/statistics")).await.expect(200);
    let counted = json!({
        "events": 4, "held_back": 3, "succeeded": 3, "failed": 3, "canceled": 0, "attempts": 6,
        "attempts_failed": 3,
    });
    assert_eq!(of_account["totals"], counted);
    for (measure, count) in counted.as_object().unwrap() {
        assert_eq!(
            sum(&of_account["data"], measure),
            count.as_u64().unwrap(),
            "{measure}"
        );
    }
    assert!(of_account.get("actions").is_none());

    let grouped = format!("{account}/statistics?group_by=action&measure=failed,attempts&step=1d");
    let grouped = app.get(&grouped).await.expect(200);
    assert_eq!(grouped["totals"], json!({"failed": 3, "attempts": 6}));
    assert_eq!(grouped["actions_left_out"], 0);
    let mut actions = grouped["actions"].as_array().unwrap().clone();
    actions.sort_by_key(|action| action["totals"]["failed"].as_u64());
    for (action, (automation, failed)) in actions.iter().zip([(&good, 0), (&bad, 3)]) {
        assert_eq!(action["automation_id"], automation["id"]);
        assert_eq!(action["action_id"], automation["actions"][0]["id"]);
        assert_eq!(action["totals"], json!({"failed": failed, "attempts": 3}));
        assert_eq!(sum(&action["data"], "attempts"), 3);
    }
    check_installation(&app).await;
}

/// Checks what [`statistics_count_what_happened_and_nothing_else`] left in the installation.
async fn check_installation(app: &App) {
    let all = app.get("/v1/statistics?step=1m").await.expect(200);
    let totals = &all["totals"];
    assert_eq!((&totals["events"], &totals["succeeded"]), (&json!(5), &json!(4)));
    assert_eq!((&totals["failed"], &totals["held_back"]), (&json!(3), &json!(3)));
    let (p50, p95) = (
        totals["latency_p50_ms"].as_f64(),
        totals["latency_p95_ms"].as_f64(),
    );
    assert!(p50.unwrap() > 0.0 && p95 >= p50, "{totals}");
    assert_eq!(sum(&all["data"], "succeeded"), 4);
    let idle = &all["data"][0];
    assert_eq!(
        (&idle["events"], &idle["latency_p95_ms"]),
        (&json!(0), &json!(null))
    );
}

#[tokio::test]
async fn every_step_of_the_time_is_there_once_and_the_last_is_the_current_one() {
    let app = standing().await;
    let account = app.account().await;
    for (path, step, length_ms) in [
        ("/v1/statistics".to_owned(), "1m", 60_000),
        ("/v1/statistics".to_owned(), "1h", 3_600_000),
        (format!("{account}/statistics"), "1h", 3_600_000),
        (format!("{account}/statistics"), "1d", 86_400_000),
    ] {
        let shown = app.get(&format!("{path}?step={step}")).await.expect(200);
        let time = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap().unix_ms();
        let (after, before, as_of) = (
            time(&shown["after"]),
            time(&shown["before"]),
            time(&shown["as_of"]),
        );
        assert_eq!(shown["step"], step);
        let day_ms = 86_400_000;
        assert!(
            after <= as_of - day_ms && as_of - day_ms < after + length_ms,
            "{shown}"
        );
        assert!(as_of < before && before <= as_of + length_ms, "{shown}");
        let steps = shown["data"].as_array().unwrap();
        let starts: Vec<i64> = steps.iter().map(|step| time(&step["at"])).collect();
        let expected: Vec<i64> = (after..before)
            .step_by(usize::try_from(length_ms).unwrap())
            .collect();
        assert_eq!(starts, expected);
    }
    // Without a time to come, whatever was asked for.
    let future = app
        .get("/v1/statistics?before=2100-01-01T00:00:00Z&after=2025-12-01T00:00:00Z")
        .await;
    assert_eq!(
        future.problem(400, "invalid_query"),
        [("after".into(), "out_of_range".into())]
    );
    let after = hours_ago(1);
    let path = format!("/v1/statistics?before=2100-01-01T00:00:00Z&after={after}");
    assert_eq!(
        app.get(&path).await.expect(200)["data"].as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn what_statistics_cannot_answer_is_refused_by_its_parameter() {
    let app = standing().await;
    let account = app.account().await;
    let of_account = format!("{account}/statistics");
    let old = hours_ago(33 * 24);
    let three_days = hours_ago(72);
    let two_days = hours_ago(47);
    let hour = hours_ago(1);
    for (path, query, parameter) in [
        ("/v1/statistics", "measure=bytes".to_owned(), "measure"),
        ("/v1/statistics", "measure=".to_owned(), "measure"),
        (
            &of_account,
            format!("measure={}events", "events,".repeat(7)),
            "measure",
        ),
        ("/v1/statistics", "group_by=action".to_owned(), "group_by"),
        ("/v1/statistics", "step=2h".to_owned(), "step"),
        ("/v1/statistics", format!("step=1m&after={three_days}"), "after"),
        ("/v1/statistics", format!("step=1m&after={two_days}"), "step"),
        ("/v1/statistics", format!("step=1d&after={old}"), "after"),
        ("/v1/statistics", format!("after={hour}&before={hour}"), "before"),
        ("/v1/statistics", "after=2100-01-01T00:00:00Z".to_owned(), "after"),
        ("/v1/statistics", "limit=2".to_owned(), "limit"),
        (&of_account, "step=1m".to_owned(), "step"),
        (&of_account, "group_by=automation".to_owned(), "group_by"),
        (&of_account, "measure=latency_p50_ms".to_owned(), "measure"),
        (
            &of_account,
            "group_by=action&measure=events".to_owned(),
            "measure",
        ),
    ] {
        let faults = app
            .get(&format!("{path}?{query}"))
            .await
            .problem(400, "invalid_query");
        let places: Vec<_> = faults.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, [parameter], "{query}");
    }
    // A time to be refused by the minute is served by the hour.
    let path = format!("{of_account}?after={three_days}&step=1h");
    assert_eq!(
        app.get(&path).await.expect(200)["data"].as_array().unwrap().len(),
        73
    );
}

/// An action that did something in each of the last hours.
fn busy(account: AccountId, action: u64, hours: u64) -> Vec<Count> {
    let key = ActionKey {
        account,
        automation: AutomationId::from_u128(1),
        action: ActionId::from_u128(u128::from(action)),
    };
    let counts = Counts {
        succeeded: action,
        attempts: action,
        ..Counts::default()
    };
    let count = |hour| Count {
        scope: Scope::Action(key),
        step: TimeStep::Hour,
        at: TimeStep::Hour.start_of(hours_ago(hour)),
        counts,
    };
    (0..hours).map(count).collect()
}

#[tokio::test]
async fn an_account_with_many_actions_shows_the_busiest_and_how_many_more_there_are() {
    let app = standing().await;
    let path = app.account().await;
    let account: AccountId = path.rsplit('/').next().unwrap().parse().unwrap();
    let (actions, hours) = (ACCOUNT_SUMS_MAX as u64 / 20, 20);
    let sums: Vec<Count> = (1..=actions)
        .flat_map(|action| busy(account, action, hours))
        .collect();
    app.store.add_statistics(sums, Vec::new()).await.unwrap();

    let few = format!(
        "{path}/statistics?group_by=action&measure=succeeded&after={}",
        hours_ago(2)
    );
    let shown = app.get(&few).await.expect(200);
    let listed = shown["actions"].as_array().unwrap();
    assert_eq!(listed.len(), ACTIONS_SHOWN_MAX);
    let left_out = shown["actions_left_out"].as_u64().unwrap();
    assert_eq!(left_out, actions - ACTIONS_SHOWN_MAX as u64);
    assert_eq!(shown["totals"]["succeeded"], 3 * actions * (actions + 1) / 2);
    assert_eq!(listed[0]["totals"]["succeeded"], 3 * actions);
    assert_eq!(listed[19]["totals"]["succeeded"], 3 * (actions - 19));

    let faults = app.get(&format!("{path}/statistics")).await;
    assert_eq!(
        faults.problem(400, "invalid_query"),
        [("after".to_owned(), "out_of_range".to_owned())]
    );
}
