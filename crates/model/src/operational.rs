//! Operational events: what Postrider reports about its own work.
//!
//! They happen in the account that they concern. Producers cannot send them, and only patterns that begin
//! with `postrider.` match them.
//!
//! To add one, add a variant and its row in [`OperationalType::row`], and describe its `data` in
//! `docs/operational-events.md`.

use crate::event_type::EventTypeName;
use crate::id::AccountId;

/// The prefix of the types of operational events.
pub const PREFIX: &str = "postrider.";

/// The `uid` of the account in which the operator's own automations are. Operational events of all accounts
/// trigger them.
pub const SYSTEM_UID: &str = "system";

/// The id of the account `system`: the same in every installation, and before those of all other accounts.
pub const SYSTEM_ACCOUNT: AccountId = AccountId::from_u128(0x0000_0000_0001_7000_8000_0000_0000_0001);

/// The type of an operational event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationalType {
    /// A delivery of an action failed for good, and none has succeeded since.
    ActionFailing,
    /// A delivery succeeded of an action that was announced as failing or disabled.
    ActionRecovered,
    /// Postrider switched an action off.
    ActionDisabled,
    /// A delivery failed for good.
    DeliveryFailed,
    /// The oldest due delivery of the installation waits for too long. Only in the account `system`.
    BacklogHigh,
    /// The signing key of an account or of an action was rotated.
    SigningKeyRotated,
}

/// What is known of a type.
struct Row {
    name: &'static str,
    description: &'static str,
    example: &'static str,
}

const ACTION: &str = concat!(
    r#""account":{"id":"acct_01jrz7n4h8e9vb0x6y5t3k2m1a","uid":"tenant-42","name":"Acme"},"#,
    r#""automation":{"id":"auto_01jrz7n4h8e9vb0x6y5t3k2m1b","uid":null,"name":"Tell the team"},"#,
    r#""action":{"id":"act_01jrz7n4h8e9vb0x6y5t3k2m1c","type":"send_webhook","target":"https://example.com/hook"}"#
);

impl OperationalType {
    /// Every type.
    pub const ALL: [Self; 6] = [
        Self::ActionFailing,
        Self::ActionRecovered,
        Self::ActionDisabled,
        Self::DeliveryFailed,
        Self::BacklogHigh,
        Self::SigningKeyRotated,
    ];

    const fn row(self) -> Row {
        match self {
            Self::ActionFailing => Row {
                name: "postrider.action.failing",
                description: "A delivery of an action failed for good, and none has succeeded since.",
                example: r#""failing_since":"2026-01-31T09:30:00.000Z","error":"The receiver responded 503""#,
            },
            Self::ActionRecovered => Row {
                name: "postrider.action.recovered",
                description: "A delivery succeeded of an action that was announced as failing or disabled.",
                example: r#""failing_since":"2026-01-31T09:30:00.000Z""#,
            },
            Self::ActionDisabled => Row {
                name: "postrider.action.disabled",
                description: "Postrider switched an action off.",
                example: r#""reason":"failing","message":"No delivery has succeeded for 5 days.""#,
            },
            Self::DeliveryFailed => Row {
                name: "postrider.delivery.failed",
                description: "A delivery failed for good.",
                example: r#""delivery":{"id":"dlv_01jrz7n4h8e9vb0x6y5t3k2m1d","event_id":"evt_01jrz7n4h8e9vb0x6y5t3k2m1e","event_type":"proposal.accepted","attempts":3},"error":"The receiver responded 503""#,
            },
            Self::BacklogHigh => Row {
                name: "postrider.backlog.high",
                description: "The oldest due delivery has waited for longer than the setting `backlog_alarm`.",
                example: r#""pending":1200,"is_more":false,"oldest_due_at":"2026-01-31T09:30:00.000Z""#,
            },
            Self::SigningKeyRotated => Row {
                name: "postrider.signing_key.rotated",
                description: "The signing key of an account or of an action was rotated.",
                example: r#""signing_key":{"id":"key_01jrz7n4h8e9vb0x6y5t3k2m1f","algorithm":"hmac"},"old_key_expires_at":"2026-02-01T09:30:00.000Z""#,
            },
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Its name, as the type of an event.
    pub fn name(self) -> EventTypeName {
        self.as_str().parse().expect("names are within the alphabet")
    }

    /// What it means, for people.
    pub const fn description(self) -> &'static str {
        self.row().description
    }

    /// An example of its `data`: a JSON object.
    pub fn example(self) -> String {
        let own = self.row().example;
        match self {
            Self::BacklogHigh => format!("{{{own}}}"),
            _ => format!("{{{ACTION},{own}}}"),
        }
    }

    /// The type with this name.
    pub fn of(name: &EventTypeName) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_the_prefix_and_is_found_by_its_name() {
        for known in OperationalType::ALL {
            assert!(known.name().is_operational());
            assert_eq!(OperationalType::of(&known.name()), Some(known));
            assert!(postrider_json::Value::read(&known.example()).is_ok());
        }
    }
}
