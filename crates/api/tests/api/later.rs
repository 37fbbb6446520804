//! Events with a time of delivery and headers of their own; canceling an event; sending what was missed.

use postrider_engine::SystemClock;
use postrider_model::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::app::App;

/// A time this many seconds from now.
fn in_s(seconds: i64) -> String {
    let now = SystemClock::new().now();
    Timestamp::from_unix_ms(now.unix_ms() + seconds * 1000).to_string()
}

fn event(members: Value) -> Value {
    let mut event = json!({"type": "proposal.accepted", "data": {"total": 1}});
    let members = members.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(members);
    event
}

#[tokio::test]
async fn deliver_at_and_headers_are_kept_shown_and_part_of_the_event() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let events = format!("{account}/events");
    let body = event(json!({
        "deliver_at": "2000-01-31T10:30:00.25+01:00",
        "headers": {"X-Tenant": "42", "x-empty": ""},
        "id": "evt_01h455vb4pex5vsknk084sn02q",
    }));
    let accepted = app.post(&events, &body).await.expect(202);
    assert_eq!(app.post(&events, &body).await.expect(200), accepted);
    let path = format!("{events}/evt_01h455vb4pex5vsknk084sn02q");
    let read = app.get(&path).await.expect(200);
    assert_eq!(read["deliver_at"], "2000-01-31T09:30:00.250Z");
    assert_eq!(read["headers"], json!({"X-Tenant": "42", "x-empty": ""}));
    assert_eq!((&read["missed"], &read["canceled"]), (&json!(0), &json!(false)));
    for (member, other) in [
        ("deliver_at", json!(null)),
        ("deliver_at", json!("2000-01-31T09:30:00.251Z")),
        ("headers", json!({"X-Tenant": "43", "x-empty": ""})),
        ("headers", json!({})),
    ] {
        let mut changed = body.clone();
        changed[member] = other;
        app.post(&events, &changed).await.problem(409, "event_conflict");
    }
    let plain = app.post(&events, &event(json!({}))).await.expect(202);
    let plain = app
        .get(&format!("{events}/{}", plain["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(
        (&plain["deliver_at"], &plain["headers"]),
        (&json!(null), &json!({}))
    );
}

#[tokio::test]
async fn a_waiting_delivery_shows_when_it_is_due() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let at = in_s(3_600);
    let accepted = app
        .post(&format!("{account}/events"), &event(json!({"deliver_at": at})))
        .await
        .expect(202);
    assert_eq!(accepted["deliveries"], 1);
    let listed = app.get(&format!("{account}/deliveries")).await.expect(200);
    let delivery = &listed["data"][0];
    assert_eq!(
        (&delivery["status"], &delivery["next_attempt_at"]),
        (&json!("pending"), &json!(at))
    );
}

#[tokio::test]
async fn times_and_headers_that_cannot_be_kept_are_refused_with_their_place() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    let many: serde_json::Map<_, _> = (0..21).map(|n| (format!("x-{n}"), json!("v"))).collect();
    let cases = [
        (json!({"deliver_at": "tomorrow"}), "/deliver_at", "invalid_value"),
        (json!({"deliver_at": 5}), "/deliver_at", "wrong_type"),
        (
            json!({"deliver_at": in_s(30 * 86_400 + 60)}),
            "/deliver_at",
            "invalid_value",
        ),
        (
            json!({"headers": {"Webhook-Id": "x"}}),
            "/headers/Webhook-Id",
            "reserved_header",
        ),
        (
            json!({"headers": {"Host": "x"}}),
            "/headers/Host",
            "reserved_header",
        ),
        (
            json!({"headers": {"x-a": "a\r\nb: c"}}),
            "/headers/x-a",
            "invalid_value",
        ),
        (json!({"headers": {"x a": "v"}}), "/headers/x a", "invalid_value"),
        (
            json!({"headers": {"x-a": "1", "X-A": "2"}}),
            "/headers/X-A",
            "duplicate",
        ),
        (
            json!({"headers": {"x-a": "v".repeat(1_100)}}),
            "/headers/x-a",
            "too_long",
        ),
        (json!({"headers": many}), "/headers", "too_many"),
        (json!({"headers": ["x-a"]}), "/headers", "wrong_type"),
        (json!({"headers": null}), "/headers", "wrong_type"),
    ];
    for (members, pointer, code) in cases {
        let faults = app
            .post(&events, &event(members.clone()))
            .await
            .problem(422, "invalid_body");
        assert_eq!(faults[0], (pointer.to_owned(), code.to_owned()), "{members}");
    }
    let batch = json!({"events": [event(json!({})), event(json!({"deliver_at": in_s(31 * 86_400)}))]});
    let results = app.post(&format!("{events}/batch"), &batch).await.expect(202);
    assert_eq!(results["data"][0]["status"], 202);
    assert_eq!(
        results["data"][1]["error"]["errors"][0]["pointer"],
        "/events/1/deliver_at"
    );
    app.post(&events, &event(json!({"deliver_at": in_s(30 * 86_400 - 60)})))
        .await
        .expect(202);
}

#[tokio::test]
async fn a_waiting_event_is_canceled_and_one_that_was_attempted_is_not() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let events = format!("{account}/events");
    let waiting = event(json!({"deliver_at": in_s(3_600), "id": "evt_01h455vb4pex5vsknk084sn02q"}));
    let accepted = app.post(&events, &waiting).await.expect(202);
    let path = format!("{events}/evt_01h455vb4pex5vsknk084sn02q");
    for _ in 0..2 {
        assert_eq!(app.delete(&path).await.status, 204);
    }
    assert_eq!(app.get(&path).await.expect(200)["canceled"], true);
    let listed = app.get(&format!("{account}/deliveries")).await.expect(200);
    assert_eq!(listed["data"][0]["status"], "canceled");
    assert_eq!(
        app.post(&events, &waiting).await.expect(200),
        accepted,
        "the id stays used"
    );

    let sent = app.post(&events, &event(json!({}))).await.expect(202);
    let list = format!("{account}/deliveries?status=succeeded");
    app.until(&list, |page| page["data"][0].is_object()).await;
    let path = format!("{events}/{}", sent["id"].as_str().unwrap());
    app.delete(&path).await.problem(409, "event_attempted");
    assert_eq!(app.get(&path).await.expect(200)["canceled"], false);
    app.delete(&format!("{events}/evt_01h455vb4pex5vsknk084sn02r"))
        .await
        .problem(404, "event_not_found");
}

#[tokio::test]
async fn missed_events_are_counted_and_sent_once() {
    let app = App::start().await;
    let account = app.account().await;
    let events = format!("{account}/events");
    for total in [1, 2, 3] {
        let body = json!({"type": "proposal.accepted", "data": {"total": total}});
        app.post(&events, &body).await.expect(202);
    }
    app.post(&events, &json!({"type": "order.paid", "data": {}}))
        .await
        .expect(202);
    let automation = app.automation(&account, 200).await;
    let id = automation["id"].as_str().unwrap();
    let path = format!("{account}/automations/{id}/send-missed");
    let all = json!({"after": "2000-01-01T00:00:00Z"});
    let dry = json!({"after": "2000-01-01T00:00:00Z", "dry_run": true});
    assert_eq!(app.post(&path, &dry).await.expect(202), json!({"count": 3}));
    let past = json!({"after": "2000-01-01T00:00:00Z", "before": "2000-01-02T00:00:00Z"});
    assert_eq!(app.post(&path, &past).await.expect(202), json!({"count": 0}));
    let other = json!({"after": "2000-01-01T00:00:00Z", "event_type": "order.paid", "dry_run": true});
    assert_eq!(app.post(&path, &other).await.expect(202), json!({"count": 0}));
    assert_eq!(app.post(&path, &all).await.expect(202), json!({"count": 3}));
    assert_eq!(app.post(&path, &all).await.expect(202), json!({"count": 0}));
    let list = format!("{account}/deliveries?status=succeeded");
    let listed = app.until(&list, |page| page["data"][2].is_object()).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);
    let read = app
        .get(&format!(
            "{events}/{}",
            listed["data"][0]["event_id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!((&read["deliveries"], &read["missed"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn what_cannot_be_sent_as_missed_is_refused() {
    let app = App::start().await;
    let account = app.account().await;
    let automation = app.automation(&account, 200).await;
    let id = automation["id"].as_str().unwrap();
    let automations = format!("{account}/automations");
    let path = format!("{automations}/{id}/send-missed");
    for (body, pointer, code) in [
        (json!({}), "/after", "required"),
        (json!({"after": "soon"}), "/after", "invalid_value"),
        (
            json!({"after": "2000-01-01T00:00:00Z", "before": "soon"}),
            "/before",
            "invalid_value",
        ),
        (
            json!({"after": "2000-01-01T00:00:00Z", "event_type": "a b"}),
            "/event_type",
            "invalid_value",
        ),
        (
            json!({"after": "2000-01-01T00:00:00Z", "limit": 5}),
            "/limit",
            "unknown_member",
        ),
    ] {
        let faults = app.post(&path, &body).await.problem(422, "invalid_body");
        assert_eq!(faults[0], (pointer.to_owned(), code.to_owned()), "{body}");
    }
    let all = json!({"after": "2000-01-01T00:00:00Z"});
    let unknown = format!("{automations}/auto_01h455vb4pex5vsknk084sn02q/send-missed");
    app.post(&unknown, &all)
        .await
        .problem(404, "automation_not_found");
    app.patch(&format!("{automations}/{id}"), &json!({"enabled": false}))
        .await
        .expect(200);
    app.post(&path, &all).await.problem(409, "automation_disabled");
    let dry = json!({"after": "2000-01-01T00:00:00Z", "dry_run": true});
    app.post(&path, &dry).await.problem(409, "automation_disabled");
}
