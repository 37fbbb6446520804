//! The values that the tests store, with ids from one seed and times from one base.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use postrider_model::delivery::{BodySpec, Ended, Next, Progress};
use postrider_model::{
    Account, Action, ActionId, Attempt, AuditAction, AuditEntry, Automation, BodyContent, BodyStyle, By,
    Delivery, DeliveryStatus, Does, EventTypeName, Exchange, HttpExchange, HttpRequest, HttpResponse,
    IdGenerator, Outcome, Schedule, SendWebhook, SigningKey, SigningSecret, Target, Timestamp, Trigger,
    WebhookBody,
};

use postrider_storage::{Change, DeliveryKey, Finished, FirstAttempt, NewEvent};

/// The seed of all ids. Each test has a store of its own, so one seed serves all of them.
pub const SEED: u64 = 0x5eed;

/// The time at which every test begins: 2026-01-15T00:00:00Z.
pub const BASE_MS: i64 = 1_768_435_200_000;

/// Before every time of a test.
pub const ALL_TIME: Timestamp = Timestamp::EPOCH;

/// A lease that outlives every test, whether the store uses its own clock or the times that tests pass.
pub const LONG_LEASE: Duration = Duration::from_secs(20 * 365 * 24 * 3600);

/// More room than any test needs.
pub const ROOM: usize = 10_000;

/// The time `s` seconds after the base.
pub const fn at(s: i64) -> Timestamp {
    Timestamp::from_unix_ms(BASE_MS + s * 1000)
}

/// An entry of the audit trail, with an id of its own: for the verbs of tests that say nothing about it.
pub fn audit() -> AuditEntry {
    static IDS: LazyLock<IdGenerator> = LazyLock::new(|| IdGenerator::new(SEED));
    By::NODE.did(
        IDS.audit(at(0)),
        AuditAction::AccountUpdated,
        None,
        Target::default(),
    )
}

/// Parses the name of an event type.
pub fn event_type(text: &str) -> EventTypeName {
    text.parse().expect("the tests use valid names")
}

/// How to render the bodies of the scene's deliveries.
pub const BODY: BodySpec = BodySpec::BuiltIn {
    content: BodyContent::Envelope,
    style: BodyStyle::Js,
};

/// The key of an event's delivery at this index.
pub fn key_of(event: &NewEvent, index: usize) -> DeliveryKey {
    DeliveryKey {
        account: event.event.account,
        delivery: event.deliveries[index].id,
    }
}

/// An event's delivery at this index as it reads right after it was appended.
pub fn delivery_of(event: &NewEvent, index: usize) -> Delivery {
    let new = event.deliveries[index];
    Delivery {
        id: new.id,
        account: event.event.account,
        event: event.event.id,
        event_type: event.event.event_type.clone(),
        automation: new.automation,
        action: new.action,
        body: new.body,
        progress: Progress::new(),
        next_attempt_at: (new.first_attempt == FirstAttempt::Waiting).then_some(event.event.due_at()),
        created_at: event.event.created_at,
        settled_at: None,
        last_status_code: None,
        last_outcome: None,
    }
}

/// An account without a uid, created `s` seconds after the base.
pub fn new_account(ids: &IdGenerator, s: i64) -> Account {
    Account {
        id: ids.account(at(s)),
        uid: None,
        name: format!("Account {s}"),
        metadata: "{}".to_owned(),
        retry_delays: None,
        created_at: at(s),
        updated_at: at(s),
        version: 1,
    }
}

/// A current signing key, with a secret derived from `s`.
pub fn new_key(ids: &IdGenerator, s: i64) -> SigningKey {
    let mut bytes = [0xa5; 24];
    bytes[..8].copy_from_slice(&s.to_be_bytes());
    SigningKey {
        id: ids.signing_key(at(s)),
        secret: SigningSecret::from_random(bytes).into(),
        created_at: at(s),
        expires_at: None,
    }
}

/// An automation with this many actions, created `s` seconds after the base.
pub fn new_automation(ids: &IdGenerator, s: i64, actions: usize) -> Automation {
    Automation {
        id: ids.automation(at(s)),
        uid: None,
        name: format!("Automation {s}"),
        description: String::new(),
        metadata: "{}".to_owned(),
        enabled: true,
        trigger: Trigger {
            event_types: vec!["*".parse().expect("a pattern")],
            conditions: None,
        },
        actions: (0..actions).map(|n| new_action(ids, s, n)).collect(),
        retry_delays: None,
        created_at: at(s),
        updated_at: at(s),
        version: 1,
    }
}

/// An action that is switched on.
pub fn new_action(ids: &IdGenerator, s: i64, n: usize) -> Action {
    Action {
        id: ids.action(at(s)),
        enabled: true,
        disabled_reason: None,
        rate_limit: None,
        does: Does::SendWebhook(SendWebhook {
            url: format!("https://receiver.example/{s}/{n}"),
            body: WebhookBody::BuiltIn {
                content: BodyContent::Envelope,
                style: BodyStyle::Js,
            },
            headers: Vec::new(),
            secret_query: None,
            timeout_s: None,
            signature: Default::default(),
        }),
    }
}

/// How long the tests' attempts take.
pub const ATTEMPT_DURATION: Duration = Duration::from_millis(120);

/// An attempt that started `s` seconds after the base.
pub fn attempt(number: u32, s: i64, outcome: Outcome) -> Attempt {
    let status_code = match outcome {
        Outcome::Succeeded => Some(204),
        Outcome::BadStatus => Some(503),
        _ => None,
    };
    Attempt {
        number,
        started_at: at(s),
        duration: ATTEMPT_DURATION,
        outcome,
        error: status_code
            .is_none()
            .then(|| format!("{} at {s}", outcome.as_str())),
        exchange: Exchange::Http(HttpExchange {
            request: HttpRequest {
                url: "https://receiver.example/".to_owned(),
                headers: vec![("webhook-id".to_owned(), format!("{number}"))],
            },
            response: status_code.map(|status| HttpResponse {
                status,
                headers: Vec::new(),
                body: Bytes::from(format!("response {s}")),
                truncated: false,
            }),
        }),
    }
}

/// A report about an attempt that started `s` seconds after the base, with the progress by the model's rules.
pub fn attempted(key: DeliveryKey, action: ActionId, from: &Progress, s: i64, outcome: Outcome) -> Finished {
    let attempt = attempt(from.next_number(), s, outcome);
    let ended = Ended {
        outcome,
        at: attempt.started_at.after(attempt.duration),
        retry_after: None,
        is_final: false,
        first_due: Timestamp::EPOCH,
    };
    let (progress, next) = from.after_attempt(ended, &Schedule::default());
    Finished {
        key,
        action,
        change: Change::Attempted {
            attempt: Box::new(attempt),
            progress,
            next,
            disables: None,
            report: None,
        },
    }
}

/// A report that settles a delivery without earlier attempts.
pub fn settled(key: DeliveryKey, action: ActionId, s: i64, status: DeliveryStatus) -> Finished {
    let (outcome, status) = match status {
        DeliveryStatus::Canceled => {
            let change = Change::Canceled { at: at(s), status };
            return Finished { key, action, change };
        }
        DeliveryStatus::Succeeded => (Outcome::Succeeded, status),
        DeliveryStatus::Failed => (Outcome::BadStatus, status),
        DeliveryStatus::Pending => panic!("pending is not settled"),
    };
    let progress = Progress {
        status,
        attempts: 1,
        ..Progress::new()
    };
    let change = Change::Attempted {
        attempt: Box::new(attempt(1, s, outcome)),
        progress,
        next: Next::Settle(status),
        disables: None,
        report: None,
    };
    Finished { key, action, change }
}

/// A time by which everything is due, even if the store set due times by its own clock.
pub fn far_ahead() -> Timestamp {
    at(0).after(LONG_LEASE / 2)
}
