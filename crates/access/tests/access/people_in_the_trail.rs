//! What the audit trail says of people.

use postrider_access::Access;
use postrider_model::{AuditAction, AuditEntry, By, Scope};
use postrider_storage::{AuditFilter, PermittedSessions};
use serde_json::{Value, json};

use crate::provider::*;
use crate::sign_in::FIRST_PAGE;
use crate::support::Node;

const ZOE: &str = "Zoë Müller <zoe@example.com>";

/// The entries, oldest first.
async fn trail(access: &Access) -> Vec<AuditEntry> {
    let page = access.audit(Scope::All, AuditFilter::default(), FIRST_PAGE).await;
    page.unwrap().items.into_iter().rev().collect()
}

#[tokio::test(start_paused = true)]
async fn a_person_is_named_in_the_entries_of_their_sessions() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    let first = signed_in(&people, &provider).await.unwrap();
    let ended = node.access.sign_out(&By::NODE, first.token.expose()).await;
    assert!(ended.unwrap().is_some());
    provider.claim(json!({"email_verified": false}));
    signed_in(&people, &provider).await.unwrap();
    let permitted = PermittedSessions {
        issuer: None,
        by_key: true,
    };
    for expected in [1, 0] {
        assert_eq!(node.access.keep_sessions(permitted.clone()).await, Ok(expected));
    }

    let entries = trail(&node.access).await;
    let names: Vec<_> = entries
        .iter()
        .map(|entry| (entry.action, entry.actor.name.as_deref()))
        .collect();
    let expected = [
        (AuditAction::SessionBegun, Some(ZOE)),
        (AuditAction::SessionEnded, Some(ZOE)),
        (AuditAction::SessionBegun, Some("Zoë Müller (u1)")),
        (AuditAction::SessionsEnded, None),
    ];
    assert_eq!(names, expected);
    assert!(entries.iter().all(|entry| entry.actor.is_staff));
    let details: Value = serde_json::from_str(entries[0].details.as_ref().unwrap()).unwrap();
    assert_eq!(details["person"], json!({"issuer": ISSUER, "subject": "u1"}));
}
