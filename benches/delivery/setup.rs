//! Accounts, automations and API calls outside of the measurements.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::Outcome;
use crate::node::ADMIN_KEY;
use crate::payload::EVENT_TYPE;
use crate::wire::Inbox;

/// How long the server may take to record the last results.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// How long an idle connection may be reused.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// Connections over which accounts are created.
const SETUP_CONNECTIONS: usize = 32;

/// A client of the API with one connection.
pub struct Client {
    address: SocketAddr,
    connection: Option<Kept>,
}

struct Kept {
    stream: TcpStream,
    inbox: Inbox,
    used_at: Instant,
}

/// A complete request to the API.
pub fn request(address: SocketAddr, method: &str, path: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The request that posts an event or, with a body of several, a batch.
pub fn post_event(address: SocketAddr, account: &str, what: &str, body: &str) -> Vec<u8> {
    request(address, "POST", &format!("/v1/accounts/{account}/{what}"), body)
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connection: None,
        }
    }

    /// Calls the API. Any status other than 2xx is an error.
    pub async fn call(&mut self, method: &str, path: &str, body: &str) -> Outcome<Value> {
        // The server closes connections that are idle for half a minute.
        let kept = self
            .connection
            .take()
            .filter(|kept| kept.used_at.elapsed() < IDLE_MAX);
        let (mut stream, mut inbox) = match kept {
            Some(kept) => (kept.stream, kept.inbox),
            None => (TcpStream::connect(self.address).await?, Inbox::new()),
        };
        stream
            .write_all(&request(self.address, method, path, body))
            .await?;
        let response = inbox.response(&mut stream).await?;
        if !(200..300).contains(&response.status) {
            let body = String::from_utf8_lossy(response.body);
            return Err(format!("{method} {path} got {}: {body}", response.status).into());
        }
        let value = serde_json::from_slice(response.body)?;
        if !response.closes {
            self.connection = Some(Kept {
                stream,
                inbox,
                used_at: Instant::now(),
            });
        }
        Ok(value)
    }

    /// Creates an account with a [`chosen`] automation. Returns the account's id.
    pub async fn chosen_account(&mut self, url: &str) -> Outcome<String> {
        let account = self.empty_account().await?;
        let path = format!("/v1/accounts/{account}/automations");
        self.call("POST", &path, &chosen(url).to_string()).await?;
        Ok(account)
    }

    /// Creates an account with an automation that sends each event to these URLs. Returns the account's id.
    pub async fn account(&mut self, urls: &[String], retry_delays_s: &[u32]) -> Outcome<String> {
        let account = self.empty_account().await?;
        self.automation(&account, EVENT_TYPE, urls, retry_delays_s)
            .await?;
        Ok(account)
    }

    /// Creates an account without automations. Returns its id.
    pub async fn empty_account(&mut self) -> Outcome<String> {
        let account = self
            .call("POST", "/v1/accounts", r#"{"name":"Benchmark"}"#)
            .await?;
        let id = account["id"].as_str().ok_or("an account without an id")?;
        Ok(id.to_owned())
    }

    /// Creates an automation that sends each event of a type to these URLs.
    pub async fn automation(
        &mut self,
        account: &str,
        event_type: &str,
        urls: &[String],
        retry_delays_s: &[u32],
    ) -> Outcome<()> {
        let actions: Vec<Value> = urls
            .iter()
            .map(|url| json!({"type": "send_webhook", "url": url}))
            .collect();
        let automation = json!({
            "name": "Benchmark",
            "trigger": {"event_types": [event_type]},
            "actions": actions,
            "retry_delays_s": retry_delays_s,
        });
        let path = format!("/v1/accounts/{account}/automations");
        self.call("POST", &path, &automation.to_string()).await?;
        Ok(())
    }

    /// Whether an account has pending deliveries.
    pub async fn has_pending(&mut self, account: &str) -> Outcome<bool> {
        let path = format!("/v1/accounts/{account}/deliveries?status=pending&limit=1");
        let page = self.call("GET", &path, "").await?;
        Ok(!page["data"].as_array().is_some_and(Vec::is_empty))
    }

    /// Waits until an account has no pending deliveries.
    pub async fn wait_until_settled(&mut self, account: &str) -> Outcome<()> {
        let until = Instant::now() + SETTLED_WITHIN;
        loop {
            if !self.has_pending(account).await? {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("deliveries are still pending after {SETTLED_WITHIN:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// An automation with five conditions, which all events of [`crate::payload`] meet, and a template.
fn chosen(url: &str) -> Value {
    let template = r#"{"n":"{{ data.n }}","text":"{{ data.proposal.customer.name }} accepted {{ data.proposal.title }} for {{ data.proposal.amount }}"}"#;
    json!({
        "name": "Benchmark",
        "trigger": {"event_types": [EVENT_TYPE], "conditions": {"all": [
            {"path": "/proposal/amount", "op": "gte", "value": 1000},
            {"path": "/proposal/currency", "op": "in", "value": ["EUR", "CHF"]},
            {"path": "/proposal/customer/vip", "op": "eq", "value": false},
            {"path": "/proposal/title", "op": "contains", "value": "roof"},
            {"path": "/proposal/lines/0/sku", "op": "starts_with", "value": "PV-"},
        ]}},
        "actions": [{
            "type": "send_webhook", "url": url, "body": "template", "template": template,
            "content_type": "application/json",
        }],
        "retry_delays_s": DEFAULT_DELAYS,
    })
}

/// The retry schedule if no delivery is expected to fail.
pub const DEFAULT_DELAYS: &[u32] = &[10, 100];

/// Creates an account for each item of `urls`, with one automation for those URLs. Returns the accounts' ids.
pub async fn accounts(address: SocketAddr, urls: Vec<Vec<String>>) -> Outcome<Vec<String>> {
    let share = urls.len().div_ceil(SETUP_CONNECTIONS).max(1);
    let mut tasks = tokio::task::JoinSet::new();
    for (index, urls) in urls.chunks(share).map(<[Vec<String>]>::to_vec).enumerate() {
        tasks.spawn(async move {
            let mut client = Client::new(address);
            let mut ids = Vec::with_capacity(urls.len());
            for urls in urls {
                ids.push(client.account(&urls, DEFAULT_DELAYS).await?);
            }
            Outcome::Ok((index, ids))
        });
    }
    let mut parts = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        parts.push(joined??);
    }
    parts.sort_unstable();
    Ok(parts.into_iter().flat_map(|(_, ids)| ids).collect())
}
