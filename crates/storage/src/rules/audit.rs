//! What the entries of the audit trail say: the differences between two states of an object, without their
//! secrets.

mod shown;

use postrider_model::{
    AccountId, AuditAction, AuditEntry, AuditId, AutomationId, By, DeliveryStatus, EventType, EventTypeName,
    GrantId, Outcome, Target, Timestamp,
};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use crate::{DeliveryFilter, DisableAction};

pub use shown::{Shown, changes, details};

/// Completes the entry of a replaced event type: whether it is new, and what changed. `None` if nothing but
/// the time of the update would change.
pub fn event_type_put(
    audit: &AuditEntry,
    before: Option<&EventType>,
    after: &EventType,
) -> Option<AuditEntry> {
    let details = changes(before.map(shown_event_type), Some(shown_event_type(after)))?;
    let action = match before {
        Some(_) => AuditAction::EventTypeUpdated,
        None => AuditAction::EventTypeCreated,
    };
    Some(AuditEntry {
        action,
        details: Some(details),
        ..audit.clone()
    })
}

/// Completes the entry of a session that began: `ended` lists the sessions that ended because their origin
/// has as many as it may have.
pub fn session_begun(audit: &AuditEntry, mut ended: Vec<GrantId>) -> AuditEntry {
    if ended.is_empty() {
        return audit.clone();
    }
    ended.sort_unstable();
    let shown = audit.details.as_deref().map(serde_json::from_str::<Map<_, _>>);
    let mut shown = shown.and_then(Result::ok).unwrap_or_default();
    let ended: Vec<_> = ended.iter().map(ToString::to_string).collect();
    shown.insert("ended".to_owned(), ended.into());
    audit.clone().with_details(Some(details(&shown.into())))
}

/// An event type as entries show it. Its JSON is text, so that no number loses a digit.
fn shown_event_type(event_type: &EventType) -> Shown {
    Shown::object([
        ("description", Shown::from(event_type.description.as_str())),
        ("example", Shown::from(event_type.example.as_deref())),
        ("schema", Shown::from(event_type.schema.as_deref())),
        ("visible", Shown::from(event_type.visible)),
    ])
}

/// The entry of an action that the result of an attempt switched off. The step that records the result may be
/// repeated after a failure; then the id is the same.
pub fn action_disabled(
    account: AccountId,
    automation: (AutomationId, &str),
    disable: &DisableAction,
    at: Timestamp,
) -> AuditEntry {
    let (automation, name) = automation;
    let mut hashed = b"action.disabled".to_vec();
    hashed.extend(disable.action.as_bytes());
    hashed.extend(disable.target.as_bytes());
    hashed.extend(at.unix_ms().to_be_bytes());
    let hash = digest(&SHA256, &hashed);
    let mut random = [0; 16];
    random.copy_from_slice(&hash.as_ref()[..16]);
    // RFC 9562, section 5.7: 48 bits of time, version 7, 12 random bits, variant 0b10, 62 random bits.
    let random = u128::from_be_bytes(random) & ((1 << 76) - 1) & !(0b11 << 62);
    let id = AuditId::first_at(at).as_u128() | (7 << 76) | (0b10 << 62) | random;
    let shown = json!({
        "reason": disable.reason.as_str(),
        "url": disable.target,
        "automation": automation.to_string(),
    });
    By::NODE
        .did(
            AuditId::from_u128(id),
            AuditAction::ActionDisabled,
            Some(account),
            Target::named(disable.action, name),
        )
        .with_details(Some(details(&shown)))
}

/// The details of a replay or of canceling: the filter, as the API takes it.
pub fn delivery_filter(filter: &DeliveryFilter) -> String {
    let shown = json!({
        "status": filter.status.map(DeliveryStatus::as_str),
        "event_id": filter.event.map(|id| id.to_string()),
        "automation_id": filter.automation.map(|id| id.to_string()),
        "action_id": filter.action.map(|id| id.to_string()),
        "event_type": filter.event_type.as_ref().map(|name| name.as_str()),
        "after": filter.after,
        "before": filter.before,
        "status_code": filter.status_code.map(|codes| codes.to_string()),
        "outcome": filter.outcome.map(Outcome::as_str),
    });
    let mut members = match shown {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.retain(|_, value| !value.is_null());
    details(&json!({ "filter": members }))
}

/// The details of sending missed events: which ones.
pub fn missed(after: Timestamp, before: Option<Timestamp>, event_type: Option<&EventTypeName>) -> String {
    let mut filter = Map::new();
    filter.insert("after".to_owned(), json!(after));
    if let Some(before) = before {
        filter.insert("before".to_owned(), json!(before));
    }
    if let Some(name) = event_type {
        filter.insert("event_type".to_owned(), json!(name.as_str()));
    }
    details(&json!({ "filter": filter }))
}

#[cfg(test)]
mod tests {
    use postrider_model::ActionId;
    use postrider_model::automation::DisabledReason;

    use super::*;

    #[test]
    fn a_disabled_action_has_one_id_for_each_time_and_action() {
        let entry = |action, ms| {
            let disable = DisableAction {
                action: ActionId::from_u128(action),
                target: "https://a.example".to_owned(),
                reason: DisabledReason::Gone,
            };
            let account = AccountId::from_u128(9);
            let automation = (AutomationId::from_u128(8), "Orders");
            action_disabled(account, automation, &disable, Timestamp::from_unix_ms(ms))
        };
        let first = entry(1, 1_768_435_200_123);
        assert_eq!(first, entry(1, 1_768_435_200_123));
        assert_ne!(first.id, entry(2, 1_768_435_200_123).id);
        assert_eq!(first.at(), Timestamp::from_unix_ms(1_768_435_200_123));
        let number = first.id.as_u128();
        assert_eq!((number >> 76 & 0xf, number >> 62 & 0b11), (7, 0b10));
    }

    #[test]
    fn a_replay_shows_the_members_of_its_filter() {
        let filter = DeliveryFilter {
            status: Some(DeliveryStatus::Failed),
            after: Some(Timestamp::from_unix_ms(0)),
            ..DeliveryFilter::default()
        };
        assert_eq!(
            delivery_filter(&filter),
            r#"{"filter":{"status":"failed","after":"1970-01-01T00:00:00.000Z"}}"#
        );
    }

    #[test]
    fn a_replaced_event_type_shows_what_changed() {
        let at = Timestamp::from_unix_ms(1);
        let before = EventType {
            name: "a.b".parse().unwrap(),
            description: "Old".to_owned(),
            example: Some("{\"n\":1.10}".to_owned()),
            schema: None,
            visible: true,
            created_at: at,
            updated_at: at,
        };
        let audit = By::NODE.did(
            AuditId::from_u128(1),
            AuditAction::EventTypeUpdated,
            None,
            Target::of("a.b"),
        );
        let put_again = EventType {
            updated_at: Timestamp::from_unix_ms(2),
            ..before.clone()
        };
        assert_eq!(event_type_put(&audit, Some(&before), &put_again), None);
        let after = EventType {
            example: Some("{\"n\":1.1}".to_owned()),
            ..before.clone()
        };
        let updated = event_type_put(&audit, Some(&before), &after).unwrap();
        assert_eq!(updated.action, AuditAction::EventTypeUpdated);
        assert_eq!(
            updated.details.as_deref(),
            Some(r#"{"before":{"example":"{\"n\":1.10}"},"after":{"example":"{\"n\":1.1}"}}"#)
        );
        let created = event_type_put(&audit, None, &after).unwrap();
        assert_eq!(created.action, AuditAction::EventTypeCreated);
    }
}
