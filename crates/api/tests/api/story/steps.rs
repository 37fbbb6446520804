//! The steps of the story.

use http::Method;
use postrider_access::OpenLink;
use postrider_model::By;
use serde_json::{Value, json};

use super::{EVENT, Story};
use crate::app::KEY;

const ACCOUNT: &str = "/v1/accounts/tenant-42";

/// Tells the story.
pub async fn tell(story: &mut Story) {
    account(story).await;
    catalogue(story).await;
    connection(story).await;
    let automation = automation(story).await;
    events(story).await;
    deliveries(story, &automation).await;
    statistics(story).await;
    signing_keys(story, &automation).await;
    access(story).await;
    audit(story).await;
    operations(story).await;
    listening(story);
    end(story).await;
}

async fn account(story: &mut Story) {
    let account = json!({"uid": "tenant-42", "name": "Acme Ltd.", "metadata": {"plan": "pro"}});
    story.post("/v1/accounts", account, 201).await;
    story.get("/v1/accounts?limit=1").await;
    story.get(ACCOUNT).await;
    let patch = json!({"name": "Acme Inc.", "metadata": {"plan": "enterprise"}});
    story.call(Method::PATCH, ACCOUNT, Some(patch), 200).await;
}

async fn catalogue(story: &mut Story) {
    let event_type = json!({
        "description": "A customer accepted a proposal.",
        "example": {"proposal_id": 42, "total": 1200},
        "schema": {"type": "object", "required": ["proposal_id"]},
    });
    let path = "/v1/event-types/proposal.accepted";
    for status in [201, 200] {
        story
            .call(Method::PUT, path, Some(event_type.clone()), status)
            .await;
    }
    story.get("/v1/event-types?limit=1").await;
    story.get(path).await;
}

async fn connection(story: &mut Story) {
    let connection = json!({
        "name": "CRM", "type": "bearer", "token": "a-token-of-the-crm", "hosts": ["crm.example.com"],
    });
    let connections = format!("{ACCOUNT}/connections");
    let connection = story.post(&connections, connection, 201).await;
    story.get(&connections).await;
    let path = format!("{connections}/{}", text(&connection["id"]));
    story.get(&path).await;
    let patch = json!({"token": "another-token-of-the-crm"});
    story.call(Method::PATCH, &path, Some(patch), 200).await;
    story.delete(&path).await;
}

/// The automation, as it was created.
async fn automation(story: &mut Story) -> Value {
    let automations = format!("{ACCOUNT}/automations");
    let draft = json!({
        "uid": "tell-the-crm",
        "name": "Tell the CRM",
        "trigger": {"event_types": ["proposal.*"]},
        "actions": [{"type": "send_webhook", "url": "https://crm.example.com/hooks/postrider"}],
    });
    let preview = json!({
        "automation": {
            "name": "Tell the CRM",
            "trigger": {
                "event_types": ["proposal.accepted"],
                "conditions": {"path": "/total", "op": "gte", "value": 1000},
            },
            "actions": [{"type": "send_webhook", "url": "https://crm.example.com/hooks/postrider"}],
        },
        "data": {"proposal_id": 42, "total": 1200},
    });
    story.post(&format!("{automations}/preview"), preview, 200).await;
    let created = story.post(&automations, draft, 201).await;
    let path = format!("{automations}/tell-the-crm");
    story.get(&format!("{automations}?limit=1")).await;
    story.get(&path).await;
    let patch = json!({"description": "Sales wants to know at once.", "retry_delays_s": [10, 100, 1000]});
    story.call(Method::PATCH, &path, Some(patch), 200).await;
    let put = json!({
        "name": "Tell sales",
        "trigger": {
            "event_types": ["proposal.accepted"],
            "conditions": {"path": "/total", "op": "gte", "value": 1000},
        },
        "actions": [{
            "type": "send_webhook",
            "url": "https://chat.example.com/hooks/sales",
            "body": "template",
            "template": "{\"text\": \"Proposal {{ data.proposal_id }} was accepted.\"}",
        }],
    });
    for status in [201, 200] {
        let path = format!("{automations}/tell-sales");
        story.call(Method::PUT, &path, Some(put.clone()), status).await;
    }
    created
}

async fn events(story: &mut Story) {
    let events = format!("{ACCOUNT}/events");
    let event = json!({
        "id": EVENT,
        "type": "proposal.accepted",
        "data": {"proposal_id": 42, "total": 1200},
    });
    for status in [202, 200] {
        story.post(&events, event.clone(), status).await;
        settled(story, 2).await;
    }
    story.get(&format!("{events}?limit=1")).await;
    let path = format!("{events}/{}", text(&event["id"]));
    story.get(&path).await;
    story.get(&format!("{path}/automations")).await;
    let test = json!({"type": "proposal.accepted", "data": {"proposal_id": 1, "total": 0}});
    let path = format!("{ACCOUNT}/automations/tell-the-crm");
    story.post(&format!("{path}/test"), test, 202).await;
    settled(story, 3).await;
    let batch = json!({"events": [
        {"type": "proposal.rejected", "data": {"proposal_id": 43}},
        {"type": "proposal.accepted", "data": {"total": 90}},
    ]});
    story.post(&format!("{events}/batch"), batch, 202).await;
    settled(story, 4).await;
    let later = json!({"type": "proposal.accepted", "data": {"proposal_id": 44},
        "deliver_at": "2026-02-01T08:00:00.000Z"});
    let later = story.post(&events, later, 202).await;
    story.delete(&format!("{events}/{}", text(&later["id"]))).await;
    let missed = json!({"after": "2026-01-31T00:00:00.000Z", "dry_run": true});
    let path = format!("{ACCOUNT}/automations/tell-the-crm");
    story.post(&format!("{path}/send-missed"), missed, 202).await;
}

/// Waits until this many deliveries have succeeded, so that each step begins when all is quiet.
async fn settled(story: &Story, deliveries: usize) {
    let path = format!("{ACCOUNT}/deliveries?status=succeeded");
    let is_settled = |page: &Value| page["data"].as_array().unwrap().len() == deliveries;
    story.app.until(&path, is_settled).await;
}

async fn deliveries(story: &mut Story, automation: &Value) {
    let deliveries = format!("{ACCOUNT}/deliveries");
    let automation = text(&automation["id"]);
    let filter = format!("event_id={EVENT}&automation_id={automation}");
    let page = story.get(&format!("{deliveries}?{filter}&limit=1")).await;
    let path = format!("{deliveries}/{}", text(&page["data"][0]["id"]));
    story.get(&path).await;
    story
        .get("/v1/deliveries?event_type=proposal.accepted&limit=1")
        .await;
    for form in ["csv", "ndjson"] {
        story.get_text(&format!("{deliveries}.{form}?{filter}")).await;
    }
    let search = format!("/v1/search?q={}", text(&page["data"][0]["id"]));
    story.get(&search).await;
    let resend = format!("{path}/resend");
    story.call(Method::POST, &resend, None, 202).await;
    let is_resent = |delivery: &Value| delivery["attempts"].as_array().unwrap().len() == 2;
    story.app.until(&path, is_resent).await;
    let filter =
        json!({"status": "failed", "event_type": "proposal.accepted", "after": "2026-01-31T00:00:00.000Z"});
    story.post(&format!("{deliveries}/replay"), filter, 202).await;
    let filter = json!({"event_type": "proposal.accepted", "before": "2026-01-31T00:00:00.000Z"});
    story.post(&format!("{deliveries}/cancel"), filter, 202).await;
}

async fn statistics(story: &mut Story) {
    // Latencies are those of this machine, so the example does without them.
    let day = "step=1d&after=2026-01-31T00:00:00.000Z&measure=succeeded,failed,attempts";
    story.get(&format!("/v1/statistics?{day}")).await;
    story
        .get(&format!("{ACCOUNT}/statistics?{day}&group_by=action"))
        .await;
}

async fn signing_keys(story: &mut Story, automation: &Value) {
    let keys = format!("{ACCOUNT}/signing-keys");
    story.get(&keys).await;
    story
        .post(&format!("{keys}/rotate"), json!({"overlap_s": 86400}), 201)
        .await;
    let mut own = automation["actions"].clone();
    own[0]["signing_key"] = "own_hmac".into();
    for read_only in ["health", "disabled_reason"] {
        own[0].as_object_mut().unwrap().remove(read_only);
    }
    let automation_path = format!("{ACCOUNT}/automations/tell-the-crm");
    story
        .call(
            Method::PATCH,
            &automation_path,
            Some(json!({"actions": own})),
            200,
        )
        .await;
    let keys = format!("{automation_path}/actions/{}/signing-keys", text(&own[0]["id"]));
    story.get(&keys).await;
    story
        .post(&format!("{keys}/rotate"), json!({"overlap_s": 86400}), 201)
        .await;
}

async fn access(story: &mut Story) {
    let links = format!("{ACCOUNT}/portal-links");
    let link = story.post(&links, json!({"expires_in_s": 3600}), 201).await;
    story.get(&links).await;
    let token = text(&link["url"]).rsplit('/').next().unwrap().to_owned();
    for kind in ["staff", "customer"] {
        let sessions = match kind {
            "staff" => {
                for _ in 0..2 {
                    story.app.access.sign_in(&By::NODE, KEY).await.unwrap();
                }
                "/v1/sessions".to_owned()
            }
            _ => {
                let opened = story.app.access.open_link(&By::NODE, &token).await.unwrap();
                assert!(matches!(opened, OpenLink::Begun(..)));
                format!("{ACCOUNT}/sessions")
            }
        };
        let page = story.get(&format!("{sessions}?limit=1")).await;
        let session = format!("{sessions}/{}", text(&page["data"][0]["id"]));
        story.delete(&session).await;
        story.call(Method::DELETE, &sessions, None, 200).await;
    }
    let id = text(&link["id"]).to_owned();
    story.delete(&format!("{links}/{id}")).await;
    let key = json!({"name": "billing service", "permissions": ["events:write"], "account": "tenant-42"});
    let key = story.post("/v1/api-keys", key, 201).await;
    story.get("/v1/api-keys?limit=1").await;
    story.delete(&format!("/v1/api-keys/{}", text(&key["id"]))).await;
}

async fn audit(story: &mut Story) {
    story.get("/v1/audit?limit=1").await;
    story
        .get(&format!("{ACCOUNT}/audit?action=automation.updated&limit=1"))
        .await;
}

async fn operations(story: &mut Story) {
    story.get("/v1/master-key").await;
    story.post("/v1/master-key/rotate", json!({}), 202).await;
    story.get("/healthz").await;
    story.get("/readyz").await;
    story.say(
        "openapi_document",
        &json!({"openapi": "3.1.0", "info": {"title": "Postrider"}}),
    );
    let metrics = "# TYPE postrider_events_accepted_total counter\npostrider_events_accepted_total 1200\n";
    story.say("metrics", &json!(metrics));
}

/// The stream of requests, which does not end, and the response to its request.
fn listening(story: &mut Story) {
    let hello = json!({"node": "0f3a9c21d5e88b04", "nodes": 1, "response_bytes_kept": 16384});
    let request = json!({
        "id": "0f3a9c21d5e88b04-17", "target": "/hooks",
        "headers": [{"name": "webhook-id", "value": EVENT}], "body_base64": "e30=", "timeout_ms": 15000,
    });
    let stream = format!("event: hello\ndata: {hello}\n\nevent: request\ndata: {request}\n\n");
    story.say("listen_to_automation", &json!(stream));
    let response = json!({
        "status_code": 200, "headers": [{"name": "content-type", "value": "text/plain"}],
        "body_base64": "b2s=", "truncated": false, "duration_ms": 12,
    });
    story
        .told
        .insert("respond_to_request".to_owned(), json!({"request": response}));
}

async fn end(story: &mut Story) {
    story.delete("/v1/event-types/proposal.rejected").await;
    story.delete(&format!("{ACCOUNT}/automations/tell-sales")).await;
    story.delete(ACCOUNT).await;
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
