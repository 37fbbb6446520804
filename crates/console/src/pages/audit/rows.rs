//! Entries of the audit trail in words, with what they changed.

use postrider_model::{AccountId, Actor, ActorKind, AuditAction, AuditEntry, Timestamp};
use serde_json::Value;

use crate::view::body::visible;
use crate::view::id::short;
use crate::view::time::Moment;

/// Most values that an entry shows. Its details have at most 16 KiB.
const VALUES_MAX: usize = 500;

/// An entry.
pub struct Row {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Moment,
    /// Who.
    pub who: String,
    /// The id of whom, if there is one.
    pub who_id: Option<String>,
    /// What was done: `updated automation`.
    pub did: &'static str,
    /// To what: its name, or else its id.
    pub target: Option<String>,
    /// The target's id.
    pub target_id: Option<String>,
    /// The name of the action, as filters and the API have it.
    pub action: &'static str,
    /// The account, for readers who see all, and the address of its entries: it may have been deleted.
    pub account: Option<(String, String)>,
    /// From where.
    pub client: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// Whether values have a before and an after.
    pub is_change: bool,
    /// The values.
    pub values: Vec<Changed>,
}

/// A value of an entry.
pub struct Changed {
    /// Where it is: `actions / act_… / url`.
    pub name: String,
    /// The value before; the value, if it did not change.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
}

impl Row {
    /// An entry as seen at `now`. `account`: whether to name its account.
    pub fn of(entry: AuditEntry, now: Timestamp, names_account: bool) -> Self {
        let account = entry.account.filter(|_| names_account);
        let (is_change, values) = values(entry.details.as_deref());
        let refused = (entry.action == AuditAction::RequestRefused).then(|| request(&values));
        // "Zoë signed in" needs no id of the session that this began.
        let shown_target = (entry.action != AuditAction::SessionBegun).then_some(&entry.target);
        let target = shown_target.and_then(|target| target.name.as_deref().or(target.id.as_deref()));
        Self {
            at: Moment::new(entry.id.time(), now),
            id: entry.id.to_string(),
            who: who(&entry.actor),
            who_id: entry.actor.id,
            did: did(entry.action),
            target: refused.flatten().or_else(|| target.map(visible)),
            target_id: entry.target.id.as_deref().map(visible),
            action: entry.action.as_str(),
            account: account.map(named),
            client: entry.client.map(|address| address.to_string()),
            request_id: entry.request_id,
            is_change,
            values,
        }
    }
}

/// The request that was refused: `GET /v1/accounts`.
fn request(values: &[Changed]) -> Option<String> {
    let value = |name| values.iter().find(|value| value.name == name)?.after.as_deref();
    Some(format!("{} {}", value("method")?, value("route")?))
}

fn named(account: AccountId) -> (String, String) {
    (short(account), format!("/audit?account={account}"))
}

/// The actor, as sentences begin.
pub fn who(actor: &Actor) -> String {
    match (&actor.name, actor.kind) {
        (Some(name), ActorKind::ApiKey) => format!("API key {}", visible(name)),
        (Some(name), _) => visible(name),
        (None, ActorKind::ApiKey) => "An API key".to_owned(),
        (None, ActorKind::Session) if actor.is_staff => "Staff".to_owned(),
        (None, ActorKind::Session) => "A visitor of a portal link".to_owned(),
        (None, ActorKind::Link) => "A sign-in link".to_owned(),
        (None, ActorKind::CommandLine) => "The server’s settings".to_owned(),
        (None, ActorKind::Node) => "Postrider".to_owned(),
        (None, ActorKind::Staff) => "Support staff".to_owned(),
        (None, ActorKind::Unknown) => "Somebody unknown".to_owned(),
    }
}

/// The words before the target's name.
const fn did(action: AuditAction) -> &'static str {
    match action {
        AuditAction::AccountCreated => "created account",
        AuditAction::AccountUpdated => "updated account",
        AuditAction::AccountDeleted => "deleted account",
        AuditAction::AutomationCreated => "created automation",
        AuditAction::AutomationUpdated => "updated automation",
        AuditAction::AutomationDeleted => "deleted automation",
        AuditAction::AutomationTested => "tested automation",
        AuditAction::ActionDisabled => "switched off a URL (410 Gone) of automation",
        AuditAction::SigningKeyRotated => "rotated to signing key",
        AuditAction::SigningKeyRevealed => "revealed the secret of the signing key",
        AuditAction::ConnectionCreated => "created connection",
        AuditAction::ConnectionUpdated => "updated connection",
        AuditAction::ConnectionDeleted => "deleted connection",
        AuditAction::EventTypeCreated => "created event type",
        AuditAction::EventTypeUpdated => "updated event type",
        AuditAction::EventTypeDeleted => "deleted event type",
        AuditAction::ApiKeyCreated => "created API key",
        AuditAction::ApiKeyDeleted => "deleted API key",
        AuditAction::ApiKeyConfigured => "configured API key",
        AuditAction::PortalLinkCreated => "created portal link",
        AuditAction::PortalLinkRevoked => "revoked portal link",
        AuditAction::SignInLinkCreated => "created a one-time sign-in link",
        AuditAction::SignInLinkUsed => "was used to sign in",
        AuditAction::SessionBegun => "signed in",
        AuditAction::SessionEnded => "ended session",
        AuditAction::SessionsEnded => "ended all sessions",
        AuditAction::SessionRefused => "failed to sign in",
        AuditAction::AutomationMissedSent => "sent missed events to automation",
        AuditAction::EventCanceled => "canceled event",
        AuditAction::DeliveryResent => "resent delivery",
        AuditAction::DeliveriesReplayed => "replayed deliveries",
        AuditAction::DeliveriesCanceled => "canceled deliveries",
        AuditAction::MasterKeyRotated => "rotated to master key",
        AuditAction::RequestRefused => "was refused",
        AuditAction::Unknown => "did something that only a newer version of Postrider knows",
    }
}

/// The values of an entry's details, and whether they are a change.
fn values(details: Option<&str>) -> (bool, Vec<Changed>) {
    let details = details.and_then(|text| serde_json::from_str(text).ok());
    let Some(Value::Object(mut members)) = details else {
        return (false, Vec::new());
    };
    let states = (members.remove("before"), members.remove("after"));
    let is_change = states.0.is_some() || states.1.is_some();
    let (before, after) = match states {
        (Some(before), Some(after)) => (Some(before), Some(after)),
        // Of what is new or removed, the members without a value say nothing.
        (before, after) => (before.map(without_nulls), after.map(without_nulls)),
    };
    let rest_of = without_nulls(Value::Object(members));
    let (mut old, mut new, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    flatten("", before.as_ref(), &mut old);
    flatten("", after.as_ref(), &mut new);
    flatten("", Some(&rest_of), &mut rest);
    let mut values: Vec<Changed> = Vec::new();
    for (name, before) in old {
        let at = new.iter().position(|(other, _)| *other == name);
        let after = at.map(|at| new.remove(at).1);
        values.push(Changed {
            name,
            before: Some(before),
            after,
        });
    }
    values.extend(new.into_iter().map(|(name, after)| Changed {
        name,
        before: None,
        after: Some(after),
    }));
    values.extend(rest.into_iter().map(|(name, value)| Changed {
        name,
        before: None,
        after: Some(value),
    }));
    (is_change, values)
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            members
                .map(|(name, value)| (name, without_nulls(value)))
                .collect()
        }
        value => value,
    }
}

/// The scalars of a value, each with its place. Arrays of scalars are one value.
fn flatten(place: &str, value: Option<&Value>, into: &mut Vec<(String, String)>) {
    let Some(value) = value.filter(|_| into.len() < VALUES_MAX) else {
        return;
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let name = visible(name);
                let inner = if place.is_empty() {
                    name
                } else {
                    format!("{place} / {name}")
                };
                flatten(&inner, Some(member), into);
            }
        }
        Value::Object(_) if place.is_empty() => {}
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(text).collect();
            into.push((place.to_owned(), items.join(", ")));
        }
        value => into.push((place.to_owned(), text(value))),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Null => "–".to_owned(),
        Value::Object(members) if members.is_empty() => "none".to_owned(),
        other => visible(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(details: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let (_, values) = values(Some(details));
        values
            .into_iter()
            .map(|value| (value.name, value.before, value.after))
            .collect()
    }

    #[test]
    fn of_what_is_new_or_removed_members_without_a_value_are_left_out() {
        let value = || Some("A".to_owned());
        let removed = shown(r#"{"before":{"name":"A","uid":null}}"#);
        assert_eq!(removed, [("name".to_owned(), value(), None)]);
        let new = shown(r#"{"after":{"name":"A","uid":null}}"#);
        assert_eq!(new, [("name".to_owned(), None, value())]);
        let changed = shown(r#"{"before":{"uid":null},"after":{"uid":"A"}}"#);
        assert_eq!(changed[0].2, value());
    }

    #[test]
    fn a_change_is_a_line_for_each_value() {
        let lines = shown(
            r#"{"before":{"enabled":true,"actions":{"act_1":{"url":"https://a"}},"gone":1},"after":{"enabled":false,"actions":{"act_1":{"url":"https://b"}}}}"#,
        );
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            lines,
            [
                ("enabled".to_owned(), some("true"), some("false")),
                (
                    "actions / act_1 / url".to_owned(),
                    some("https://a"),
                    some("https://b")
                ),
                ("gone".to_owned(), some("1"), None),
            ]
        );
        assert_eq!(
            shown(r#"{"filter":{"status":"failed"}}"#),
            [("filter / status".to_owned(), None, some("failed"))]
        );
        assert_eq!(
            shown(r#"{"after":{"name":"a","actions":{"act_1":{"url":"b","timeout_s":null}}}}"#),
            [
                ("name".to_owned(), None, some("a")),
                ("actions / act_1 / url".to_owned(), None, some("b"))
            ]
        );
        assert_eq!(
            shown(r#"{"before":{"limit":1},"after":{"limit":null}}"#),
            [("limit".to_owned(), some("1"), some("–"))]
        );
        assert_eq!(shown("[]"), []);
    }

    #[test]
    fn characters_that_deceive_are_visible_and_values_are_bounded() {
        let [(name, _, value)] = &shown("{\"after\":{\"na\u{202e}me\":\"a\u{202e}b\"}}")[..] else {
            panic!("one value");
        };
        assert!(!name.contains('\u{202e}') && !value.as_ref().unwrap().contains('\u{202e}'));
        let many: Vec<String> = (0..600).map(|n| format!("\"{n}\":1")).collect();
        assert_eq!(
            shown(&format!("{{\"after\":{{{}}}}}", many.join(","))).len(),
            VALUES_MAX
        );
    }
}
