//! Rows of events to import.

use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::rows::{AttemptRow, DeliveryRow, EventRow};
use postrider_storage::transfer::{DeliveryRows, EventRows};

use super::id;

/// An event accepted at this time, with a delivery that succeeded.
pub fn event(seq: i64, ms: i64) -> EventRows {
    let attempt = AttemptRow {
        number: 1,
        started_at: ms,
        duration_ns: 5,
        outcome: 1,
        is_fenced: false,
        exchange: 0,
        status_code: Some(204),
        error: None,
        url: "http://a.example/".to_owned(),
        request_headers: Vec::new(),
        response_headers: Vec::new(),
        response_truncated: false,
        response_body: Vec::new(),
    };
    let delivery = DeliveryRow {
        id: id(ms, 2),
        automation: id(1, 3),
        action: id(1, 4),
        account: id(1, 1),
        body: 1,
        owner: None,
        state_at: ms,
        last_status_code: Some(204),
        last_outcome: Some(1),
        progress: ProgressRow {
            status: 1,
            attempts: 1,
            resends: 0,
            resend_of: None,
        },
    };
    let event = EventRow {
        account: id(1, 1),
        id: id(ms, 1),
        event_type: "a".to_owned(),
        created_at: ms,
        occurred_at: None,
        flags: 0,
        warning_code: None,
        warning_pointer: None,
        first_delivery: Some(delivery.id),
        delivery_count: 1,
        missed_count: None,
        deliver_at: Some(ms + 1),
        headers: Some(br#"[["X-Tenant","1"]]"#.to_vec()),
        data: b"1".to_vec(),
    };
    EventRows {
        seq,
        event,
        idempotency_key: Some(format!("key {seq}")),
        deliveries: vec![DeliveryRows {
            delivery,
            attempts: vec![attempt],
        }],
    }
}
