//! Actions whose URL has a secret in its query.

use serde_json::json;

use crate::app::{App, url};

#[tokio::test]
async fn a_new_secret_query_is_checked_like_a_new_url() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let with_query = |query: &str| {
        let url = format!("{}?{query}", url(200));
        json!({"type": "send_webhook", "url": url, "secret_query": true})
    };
    let body = json!({
        "name": "Tell them",
        "trigger": {"event_types": ["proposal.accepted"]},
        "actions": [with_query("token=1")],
    });
    let automation = app.post(&automations, &body).await.expect(201);
    let path = format!("{automations}/{}", automation["id"].as_str().unwrap());
    let id = &automation["actions"][0]["id"];
    let patch = async |query: &str| {
        let mut action = with_query(query);
        action["id"] = id.clone();
        app.patch(&path, &json!({"actions": [action]})).await
    };
    let long = "x".repeat(2_100);
    for query in ["token=2#fragment", &long] {
        let faults = patch(query).await.problem(422, "invalid_body");
        assert_eq!(faults[0].0, "/actions/0/url", "{query}");
    }
    for query in ["token=2", "••••"] {
        patch(query).await.expect(200);
    }
}
