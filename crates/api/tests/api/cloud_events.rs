//! CloudEvents: accepted in each mode, kept, and sent in each mode.

use http::{Method, Request};
use serde_json::{Value, json};

use crate::app::{ApiResponse, App, KEY};

const STRUCTURED: (&str, &str) = ("content-type", "application/cloudevents+json; charset=utf-8");
const BATCH: (&str, &str) = ("content-type", "application/cloudevents-batch+json");

/// Posts a body with these headers alone, beside the key.
async fn post(app: &App, path: &str, body: &str, headers: &[(&str, &str)]) -> ApiResponse {
    let mut request = Request::builder().method(Method::POST).uri(path);
    request = request.header("authorization", format!("Bearer {KEY}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(body.to_owned().into()).unwrap()).await
}

fn event(members: Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": "A234-1234",
        "source": "https://shop.example.com/orders",
        "type": "proposal.accepted",
        "time": "2026-01-31T10:30:00+01:00",
        "subject": "Käse 7",
        "tenant": 42,
        "data": {"total": 1},
    });
    if let Value::Object(members) = members {
        event.as_object_mut().unwrap().extend(members);
    }
    event
}

/// The same event in binary mode, its headers in another order.
const BINARY: [(&str, &str); 8] = [
    ("ce-tenant", "42"),
    ("ce-subject", "K%C3%A4se%207"),
    ("ce-time", "2026-01-31T09:30:00.000Z"),
    ("CE-Type", "proposal.accepted"),
    ("ce-source", "https://shop.example.com/orders"),
    ("ce-id", "A234-1234"),
    ("ce-specversion", "1.0"),
    ("content-type", "application/json"),
];

#[tokio::test]
async fn an_event_is_the_same_in_each_mode_and_repeats_get_the_first_response() {
    let app = App::start().await;
    let account = app.account().await;
    app.automation(&account, 200).await;
    let events = format!("{account}/events");
    let body = event(json!({})).to_string();
    let first = post(&app, &events, &body, &[STRUCTURED]).await.expect(202);
    assert_eq!(first["deliveries"], 1);
    assert_eq!(post(&app, &events, &body, &[STRUCTURED]).await.expect(200), first);
    let binary = post(&app, &events, " {\"total\": 1.0}", &BINARY).await;
    assert_eq!(binary.expect(200), first);
    for (path, status) in [(events.clone(), 207), (format!("{events}/batch"), 202)] {
        let batch = post(&app, &path, &format!("[{body}]"), &[BATCH])
            .await
            .expect(status);
        assert_eq!(
            (&batch["data"][0]["status"], &batch["data"][0]["id"]),
            (&json!(200), &first["id"])
        );
    }
    let read = app
        .get(&format!("{events}/{}", first["id"].as_str().unwrap()))
        .await
        .expect(200);
    assert_eq!(read["occurred_at"], "2026-01-31T09:30:00.000Z");
    assert_eq!(
        read["headers"],
        json!({
            "ce-source": "https://shop.example.com/orders",
            "ce-subject": "K%C3%A4se%207",
            "ce-originid": "A234-1234",
            "ce-tenant": "42",
        })
    );

    for other in [
        json!({"data": {"total": 2}}),
        json!({"type": "b"}),
        json!({"tenant": 43}),
        json!({"time": null}),
    ] {
        let body = event(other).to_string();
        post(&app, &events, &body, &[STRUCTURED])
            .await
            .problem(409, "event_conflict");
    }
    for other in [json!({"id": "B"}), json!({"source": "/other"})] {
        let other = post(&app, &events, &event(other).to_string(), &[STRUCTURED]).await;
        assert_ne!(other.expect(202)["id"], first["id"]);
    }
    // Its own key is one of its own.
    let keyed = post(&app, &events, &body, &[STRUCTURED, ("idempotency-key", "k")]).await;
    assert_ne!(keyed.expect(202)["id"], first["id"]);
}

#[tokio::test]
async fn an_id_of_postriders_form_becomes_the_events() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    let id = "evt_01h455vb4pex5vsknk084sn02q";
    let body = event(json!({"id": id})).to_string();
    let first = post(&app, &events, &body, &[STRUCTURED]).await.expect(202);
    assert_eq!(first["id"], id);
    assert_eq!(post(&app, &events, &body, &[STRUCTURED]).await.expect(200), first);
    let elsewhere = event(json!({"id": id, "source": "/other"})).to_string();
    post(&app, &events, &elsewhere, &[STRUCTURED])
        .await
        .problem(409, "event_conflict");
}

#[tokio::test]
async fn invalid_events_are_refused_with_a_pointer_to_the_attribute() {
    let app = App::start().await;
    let events = format!("{}/events", app.account().await);
    let (long, many) = ("x".repeat(1_020), "x".repeat(900));
    let many: Vec<_> = (0..5).map(|n| (format!("x{n}"), json!(many))).collect();
    let names: Vec<_> = (0..19).map(|n| (format!("x{n}"), json!(1))).collect();
    for (members, pointer, code) in [
        (json!({"specversion": "0.3"}), "/specversion", "invalid_value"),
        (json!({"specversion": null}), "/specversion", "required"),
        (json!({"type": "com.example/accepted"}), "/type", "invalid_value"),
        (json!({"source": ""}), "/source", "invalid_value"),
        (
            json!({"datacontenttype": "text/xml"}),
            "/datacontenttype",
            "invalid_value",
        ),
        (json!({"tenant": {}}), "/tenant", "wrong_type"),
        (json!({"not_allowed": "x"}), "/not_allowed", "invalid_value"),
        (json!({"subject": long}), "/subject", "too_long"),
        (many.into_iter().collect(), "", "too_long"),
        (names.into_iter().collect(), "", "too_many"),
    ] {
        let body = event(members).to_string();
        let problem = post(&app, &events, &body, &[STRUCTURED]).await;
        let faults = problem.problem(422, "invalid_body");
        assert_eq!(faults, [(pointer.to_owned(), code.to_owned())], "{body}");
    }
    let operational = event(json!({"type": "postrider.action.failing"})).to_string();
    let refused = post(&app, &events, &operational, &[STRUCTURED]).await;
    assert_eq!(refused.problem(422, "invalid_body")[0].0, "/type");

    let faulty: Vec<_> = BINARY.into_iter().filter(|(name, _)| *name != "ce-id").collect();
    let refused = post(&app, &events, "1", &faulty).await;
    assert_eq!(refused.problem(422, "invalid_body")[0].0, "/id");
    let mut text = BINARY;
    text[7].1 = "text/plain";
    post(&app, &events, "1", &text)
        .await
        .problem(415, "unsupported_media_type");
    let compressed = [STRUCTURED, ("content-encoding", "gzip")];
    post(&app, &events, "1", &compressed)
        .await
        .problem(415, "unsupported_media_type");
    let batch = format!("{events}/batch");
    post(&app, &batch, "{}", &[STRUCTURED])
        .await
        .problem(415, "unsupported_media_type");

    let items = format!(
        "[{},{}]",
        event(json!({"subject": long})),
        event(json!({"source": " "}))
    );
    let batch = post(&app, &events, &items, &[BATCH]).await.expect(207);
    assert_eq!(batch["data"][0]["error"]["errors"][0]["pointer"], "/0/subject");
    assert_eq!(batch["data"][1]["error"]["errors"][0]["pointer"], "/1/source");
    assert_eq!(
        post(&app, &events, "[]", &[BATCH]).await.expect(207),
        json!({"data": []})
    );
    let listed = app.get(&events).await.expect(200);
    assert_eq!(listed["data"], json!([]));
}

/// The one request after `earlier` ones.
async fn sent(app: &App, account: &str, event: &Value, earlier: usize) -> postrider_egress::Request {
    let path = format!("{account}/deliveries?event_id={}", event["id"].as_str().unwrap());
    app.until(&path, |list| list["data"][0]["status"] == "succeeded")
        .await;
    let sent = app.sent.lock().clone();
    assert_eq!(sent.len(), earlier + 1);
    sent[earlier].clone()
}

fn attributes(request: &postrider_egress::Request) -> Value {
    let headers = request.headers.iter();
    let attributes = headers.filter(|(name, _)| name.starts_with("ce-"));
    attributes
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect()
}

#[tokio::test]
async fn an_action_sends_cloud_events_in_either_mode() {
    let app = App::start().await;
    let account = app.account().await;
    let (events, automations) = (format!("{account}/events"), format!("{account}/automations"));
    let mut automation = json!({
        "name": "Tell them",
        "trigger": {"event_types": ["*"]},
        "actions": [{"type": "send_webhook", "url": "https://receiver.example/", "body": "cloudevents"}],
    });
    let put = format!("{automations}/tell-them");
    let stored = app.put(&put, &automation).await.expect(201);
    assert_eq!(stored["actions"][0]["body"], "cloudevents");

    let kept = post(&app, &events, &event(json!({})).to_string(), &[STRUCTURED])
        .await
        .expect(202);
    let request = sent(&app, &account, &kept, 0).await;
    let id = kept["id"].as_str().unwrap();
    let body = std::str::from_utf8(&request.body).unwrap();
    assert_eq!(
        body,
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"https://shop.example.com/orders","type":"proposal.accepted","time":"2026-01-31T09:30:00.000Z","datacontenttype":"application/json","subject":"Käse 7","originid":"A234-1234","tenant":"42","data":{{"total":1}}}}"#
        )
    );
    let header = |request: &postrider_egress::Request, name: &str| {
        let mut headers = request.headers.iter();
        headers
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(header(&request, "content-type"), "application/cloudevents+json");
    assert_eq!(header(&request, "webhook-id"), id);
    assert_eq!(attributes(&request), json!({}), "the body has them");

    automation["actions"][0]["body"] = json!("cloudevents_binary");
    let stored = app.put(&put, &automation).await.expect(200);
    assert_eq!(stored["actions"][0]["body"], "cloudevents_binary");
    let plain = json!({"type": "b", "data": {"total": 1.50}, "headers": {"X-Tenant": "1", "ce-id": "other"}});
    let plain = app.post(&events, &plain).await.expect(202);
    let request = sent(&app, &account, &plain, 1).await;
    assert_eq!(request.body, r#"{"total":1.5}"#);
    let source = account.strip_prefix("/v1").unwrap();
    assert_eq!(
        attributes(&request),
        json!({
            "ce-specversion": "1.0",
            "ce-id": plain["id"],
            "ce-source": source,
            "ce-type": "b",
            "ce-time": plain["created_at"],
        })
    );
    assert_eq!(
        request.headers.iter().filter(|(name, _)| name == "ce-id").count(),
        1
    );
    assert_eq!(header(&request, "content-type"), "application/json");
    assert_eq!(header(&request, "x-tenant"), "1");

    refuses_own_attributes(&app, &put, automation).await;
}

async fn refuses_own_attributes(app: &App, put: &str, mut automation: Value) {
    automation["actions"][0]["headers"] = json!({"ce-source": "mine"});
    let refused = app.put(put, &automation).await.problem(422, "invalid_body");
    assert_eq!(
        refused[0],
        (
            "/actions/0/headers/ce-source".to_owned(),
            "reserved_header".to_owned()
        )
    );
}

#[tokio::test]
async fn a_preview_shows_the_attributes_of_the_binary_mode() {
    let app = App::start().await;
    let account = app.account().await;
    let accepted = post(
        &app,
        &format!("{account}/events"),
        &event(json!({})).to_string(),
        &[STRUCTURED],
    )
    .await;
    let preview = |body: &str| {
        json!({"event_id": accepted.expect(202)["id"], "automation": {
            "name": "Tell them",
            "trigger": {"event_types": ["*"]},
            "actions": [{"type": "send_webhook", "url": "https://receiver.example/", "body": body}],
        }})
    };
    let path = format!("{account}/automations/preview");
    let binary = app.post(&path, &preview("cloudevents_binary")).await.expect(200);
    let request = &binary["requests"][0];
    assert_eq!(request["attribute_headers"]["ce-subject"], "K%C3%A4se%207");
    assert_eq!(request["body"], r#"{"total":1}"#);
    let structured = app.post(&path, &preview("cloudevents")).await.expect(200);
    assert_eq!(
        structured["requests"][0]["content_type"],
        "application/cloudevents+json"
    );
    assert_eq!(structured["requests"][0]["attribute_headers"], json!({}));
}
