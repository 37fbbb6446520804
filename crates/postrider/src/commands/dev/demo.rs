//! The demo's account, created and fed through the API like any other account.

use std::collections::HashSet;

use http::Method;
use postrider_model::{EventId, SigningSecret};
use serde_json::{Value, json};

use postrider_cli::Failure;
use postrider_cli::client::{Call, Client};

/// The account's uid.
pub const ACCOUNT: &str = "demo";

/// The type of its events.
pub const EVENT_TYPE: &str = "proposal.accepted";

/// Most sample events that the demo remembers until their deliveries have ended.
const SAMPLES_MAX: usize = 100_000;

/// Customers who accept proposals, with title and price.
const PROPOSALS: [(&str, &str, f64); 5] = [
    ("Zoë Müller", "Roof, 12 panels", 8_400.0),
    ("Łukasz Nowak", "Heat pump", 12_950.5),
    ("佐藤 美咲", "Wallbox 11 kW", 1_190.0),
    ("Aoife O’Brien", "Battery, 10 kWh", 6_720.25),
    ("Ngozi Adébáyọ̀", "Inverter exchange 🔧", 2_310.0),
];

/// The account.
pub struct Demo {
    client: Client,
    account_id: String,
    secret: SigningSecret,
    sent: u64,
    samples: HashSet<EventId>,
}

/// A sample event that was accepted.
pub struct Sample {
    /// The event's id.
    pub id: String,
    /// What happened.
    pub story: String,
}

impl Demo {
    /// Creates the account, documents its event type, and creates an automation that calls `receiver_url`.
    pub async fn set_up(mut client: Client, receiver_url: &str) -> Result<Self, Failure> {
        let account = Call::new(Method::POST, &["accounts"]).json(&json!({ "uid": ACCOUNT, "name": "Demo" }));
        let account = client.call(account).await?.json;
        let description = "A customer accepted a proposal";
        let event_type = json!({ "description": description, "example": sample(0) });
        client
            .call(Call::new(Method::PUT, &["event-types", EVENT_TYPE]).json(&event_type))
            .await?;
        let automation = json!({
            "name": "Demo receiver",
            "trigger": { "event_types": [EVENT_TYPE] },
            "actions": [{ "type": "send_webhook", "url": receiver_url }],
        });
        client
            .call(Call::new(Method::POST, &["accounts", ACCOUNT, "automations"]).json(&automation))
            .await?;
        let keys = client
            .call(Call::new(Method::GET, &["accounts", ACCOUNT, "signing-keys"]))
            .await?
            .json;
        let secret = keys["data"][0]["secret"]
            .as_str()
            .and_then(|secret| secret.parse().ok());
        Ok(Self {
            client,
            account_id: account["id"].as_str().unwrap_or_default().to_owned(),
            secret: secret
                .ok_or_else(|| Failure::Failed("the demo account has no signing key".to_owned()))?,
            sent: 0,
            samples: HashSet::new(),
        })
    }

    /// Sends the next sample event.
    pub async fn send_sample(&mut self) -> Result<Sample, Failure> {
        self.sent += 1;
        let data = sample(self.sent);
        let word = |name: &str| data[name].as_str().unwrap_or_default();
        let story = format!("{} accepted “{}”", word("customer"), word("title"));
        let body = json!({ "type": EVENT_TYPE, "data": data });
        let response = self
            .client
            .call(Call::new(Method::POST, &["accounts", ACCOUNT, "events"]).json(&body))
            .await?;
        let id = response.json["id"].as_str().unwrap_or_default().to_owned();
        if self.samples.len() < SAMPLES_MAX {
            self.samples.extend(id.parse::<EventId>());
        }
        Ok(Sample { id, story })
    }

    /// How many sample events were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether the event is one of the samples, not one sent by hand.
    pub fn is_sample(&self, event: EventId) -> bool {
        self.samples.contains(&event)
    }

    /// The account's id.
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The account's signing key.
    pub fn secret(&self) -> &SigningSecret {
        &self.secret
    }
}

/// The data of the `number`-th sample event.
fn sample(number: u64) -> Value {
    let index = usize::try_from(number).unwrap_or(0) % PROPOSALS.len();
    let (customer, title, total) = PROPOSALS[index];
    json!({
        "proposal_id": format!("p_{}", 1_000 + number),
        "customer": customer,
        "title": title,
        "total": total,
        "currency": "EUR",
    })
}
