//! An account of a server under test, and the calls that tests need most.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Api, ApiResponse};
use crate::wait::{SOON, until};

/// An account and the API that serves it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The API through which the account is called.
    pub api: Api,
    /// The account's id.
    pub id: String,
}

impl Account {
    /// A new account.
    pub async fn create(api: Api) -> Self {
        let account = api
            .post("/v1/accounts", json!({"name": "Acme"}))
            .await
            .expect(201);
        Self {
            api,
            id: id_of(&account),
        }
    }

    /// The same account through another API, such as that of the restarted server.
    #[must_use]
    pub fn through(&self, api: Api) -> Self {
        Self {
            api,
            id: self.id.clone(),
        }
    }

    /// A path below the account's path: `account.at("/events")`.
    pub fn at(&self, rest: &str) -> String {
        format!("/v1/accounts/{}{rest}", self.id)
    }

    /// The secret of the account's current signing key.
    pub async fn secret(&self) -> String {
        let keys = self.api.get(self.at("/signing-keys")).await.expect(200);
        keys["data"][0]["secret"]
            .as_str()
            .expect("a key has a secret")
            .to_owned()
    }

    /// A new automation on every event type, with the one action that `action` describes.
    pub async fn automation(&self, action: Value) -> Value {
        self.automation_on("*", action).await
    }

    /// A new automation on the event types of one pattern, with one action.
    pub async fn automation_on(&self, pattern: &str, mut action: Value) -> Value {
        action["type"] = "send_webhook".into();
        let body = json!({"name": "Notify", "trigger": {"event_types": [pattern]}, "actions": [action]});
        self.api.post(self.at("/automations"), body).await.expect(201)
    }

    /// A new automation with these retry delays that sends to `url`.
    pub async fn automation_with_delays(&self, url: &str, delays_s: &[u32]) -> Value {
        let body = json!({
            "name": "Notify",
            "trigger": {"event_types": ["*"]},
            "actions": [{"type": "send_webhook", "url": url}],
            "retry_delays_s": delays_s,
        });
        self.api.post(self.at("/automations"), body).await.expect(201)
    }

    /// Reports an event and returns the server's response. `data` is JSON text that reaches the server byte
    /// for byte.
    pub async fn post_event(&self, event_type: &str, data: &str) -> ApiResponse {
        let body = format!(r#"{{"type":"{event_type}","data":{data}}}"#);
        self.api.post(self.at("/events"), body).await
    }

    /// Reports an event that the server must accept, and returns its id.
    pub async fn send(&self, event_type: &str, data: &str) -> String {
        id_of(&self.post_event(event_type, data).await.expect(202))
    }

    /// Reports an event under an idempotency key.
    pub async fn post_event_once(&self, idempotency_key: &str, event_type: &str, data: &str) -> ApiResponse {
        let body = format!(r#"{{"type":"{event_type}","data":{data}}}"#);
        let call = self.api.call_with(Method::POST, self.at("/events"), body);
        call.header("idempotency-key", idempotency_key).send().await
    }

    /// One event.
    pub async fn event(&self, id: &str) -> Value {
        self.api.get(self.at(&format!("/events/{id}"))).await.expect(200)
    }

    /// The deliveries of an event, without their attempts.
    pub async fn deliveries_of(&self, event: &str) -> Vec<Value> {
        let page = self
            .api
            .get(self.at(&format!("/deliveries?event_id={event}&limit=250")))
            .await
            .expect(200);
        page["data"].as_array().expect("a list has data").clone()
    }

    /// The id of the one delivery of an event.
    pub async fn delivery_id_of(&self, event: &str) -> String {
        let deliveries = self.deliveries_of(event).await;
        assert_eq!(deliveries.len(), 1, "{deliveries:?}");
        id_of(&deliveries[0])
    }

    /// One delivery with its attempts.
    pub async fn delivery(&self, id: &str) -> Value {
        self.api
            .get(self.at(&format!("/deliveries/{id}")))
            .await
            .expect(200)
    }

    /// One delivery with its attempts, once it has this status.
    pub async fn delivery_once(&self, id: &str, status: &str) -> Value {
        let what = format!("delivery {id} is {status}");
        let probe = async || Some(self.delivery(id).await).filter(|delivery| delivery["status"] == status);
        until(&what, SOON, probe).await
    }

    /// The one delivery of an event with its attempts, once it has this status.
    pub async fn wait_for_delivery(&self, event: &str, status: &str) -> Value {
        let id = self.delivery_id_of(event).await;
        self.delivery_once(&id, status).await
    }

    /// Every object of a list, page by page.
    pub async fn all(&self, list: &str) -> Vec<Value> {
        let mut objects = Vec::new();
        let mut query = "limit=250".to_owned();
        loop {
            let page = self
                .api
                .get(self.at(&format!("/{list}?{query}")))
                .await
                .expect(200);
            objects.extend(page["data"].as_array().expect("a list has data").iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else {
                return objects;
            };
            query = format!("limit=250&cursor={cursor}");
        }
    }

    /// How many objects a list of the account holds, counting only the first page.
    pub async fn count(&self, list: &str) -> usize {
        let page = self
            .api
            .get(self.at(&format!("/{list}?limit=250")))
            .await
            .expect(200);
        page["data"].as_array().expect("a list has data").len()
    }
}

/// The `id` of an object.
#[track_caller]
pub fn id_of(object: &Value) -> String {
    object["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {object}"))
        .to_owned()
}

/// The attempts of a delivery.
#[track_caller]
pub fn attempts_of(delivery: &Value) -> &[Value] {
    delivery["attempts"]
        .as_array()
        .unwrap_or_else(|| panic!("no attempts: {delivery}"))
}
