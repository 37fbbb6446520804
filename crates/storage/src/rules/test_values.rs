//! Values for the unit tests of rules.

use std::time::Duration;

use bytes::Bytes;
use postrider_model::delivery::{BodySpec, Progress};
use postrider_model::{
    Action, Attempt, Automation, BodyContent, BodyStyle, Delivery, DeliveryId, DeliveryStatus, Does, Event,
    EventHeaders, Exchange, FixedPoints, HttpExchange, HttpRequest, HttpResponse, IdGenerator, Origin,
    Outcome, SendWebhook, Timestamp, Trigger, WebhookBody,
};

const AT: Timestamp = Timestamp::from_unix_ms(1_000);

/// An attempt that started `started_ms` milliseconds after the start of 1970.
pub(super) fn attempt(number: u32, started_ms: i64) -> Attempt {
    Attempt {
        number,
        started_at: Timestamp::from_unix_ms(started_ms),
        duration: Duration::from_millis(120),
        outcome: Outcome::BadStatus,
        error: None,
        exchange: Exchange::Http(HttpExchange {
            request: HttpRequest {
                url: "https://receiver.example/".to_owned(),
                headers: Vec::new(),
            },
            response: Some(HttpResponse {
                status: 503,
                headers: Vec::new(),
                body: Bytes::new(),
                truncated: false,
            }),
        }),
    }
}

/// An event without deliveries.
pub(crate) fn event() -> Event {
    let ids = IdGenerator::new(1);
    Event {
        id: ids.event(AT),
        account: ids.account(AT),
        event_type: "proposal.accepted".parse().unwrap(),
        data: Bytes::from_static(b"{}"),
        occurred_at: None,
        created_at: AT,
        origin: Origin::Producer,
        fixed_points: FixedPoints::default(),
        warning: None,
        deliveries: 0,
        deliver_at: None,
        headers: EventHeaders::default(),
        trace: None,
        missed: 0,
        is_canceled: false,
    }
}

/// A delivery in this status.
pub(super) fn delivery(status: DeliveryStatus, attempts: u32) -> Delivery {
    let ids = IdGenerator::new(1);
    Delivery {
        id: DeliveryId::from_u128(ids.next_block(AT)),
        account: ids.account(AT),
        event: ids.event(AT),
        event_type: "proposal.accepted".parse().unwrap(),
        automation: ids.automation(AT),
        action: ids.action(AT),
        body: BodySpec::BuiltIn {
            content: BodyContent::Envelope,
            style: BodyStyle::Js,
        },
        progress: Progress {
            status,
            attempts,
            ..Progress::new()
        },
        next_attempt_at: None,
        created_at: AT,
        settled_at: None,
        last_status_code: None,
        last_outcome: None,
    }
}

/// An automation with one action, which is switched on.
pub(super) fn automation() -> Automation {
    let ids = IdGenerator::new(1);
    Automation {
        id: ids.automation(AT),
        uid: None,
        name: "Automation".to_owned(),
        description: String::new(),
        metadata: "{}".to_owned(),
        enabled: true,
        trigger: Trigger {
            event_types: Vec::new(),
            conditions: None,
        },
        actions: vec![Action {
            id: ids.action(AT),
            enabled: true,
            disabled_reason: None,
            rate_limit: None,
            does: Does::SendWebhook(SendWebhook {
                url: "https://receiver.example/".to_owned(),
                body: WebhookBody::BuiltIn {
                    content: BodyContent::Envelope,
                    style: BodyStyle::Js,
                },
                headers: Vec::new(),
                secret_query: None,
                timeout_s: None,
                signature: Default::default(),
                connection: None,
            }),
        }],
        retry_delays: None,
        created_at: AT,
        updated_at: AT,
        version: 1,
    }
}
