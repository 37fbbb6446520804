//! The filters of the audit trail.

use postrider_model::AuditAction;
use postrider_storage::{ActionPattern, AuditFilter};

use crate::ignored::{Ignored, parsed};
use crate::pages::deliveries::moment::MomentField;
use crate::query::Query;

/// The filters that an address asks for, and the fields of the form.
pub struct Filters {
    /// What they come to.
    pub filter: AuditFilter,
    /// The kinds of targets, then every action.
    pub actions: Vec<Choice>,
    /// The id of the account as typed, in the trail of the installation.
    pub account: String,
    /// The id of the actor, as typed.
    pub actor: String,
    /// The id of the target, as typed.
    pub target: String,
    /// The time from which on.
    pub after: MomentField,
    /// The time before which.
    pub before: MomentField,
    /// The filters of the address that do not apply.
    pub ignored: Ignored,
    /// Whether any filter is set.
    pub is_active: bool,
}

/// A choice of a list.
pub struct Choice {
    /// What the address carries, and the label.
    pub value: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

impl Filters {
    /// Reads an address. `has_account`: whether the address may name an account.
    pub fn of(query: &Query, has_account: bool) -> Self {
        let mut ignored = Ignored::default();
        let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
        let account = if has_account {
            let is_not = "is not the id of an account. Such ids begin with acct_.";
            ignored.read(query, "account", parsed, is_not)
        } else {
            ignored.unsupported(query, "account", "It has the entries of one account.");
            None
        };
        let pattern = |text: &str| ActionPattern::parse(text);
        let action = ignored.read(query, "action", pattern, "is not an action of the audit trail.");
        let chosen = query.get("action").filter(|_| action.is_some());
        let (actor, target) = (text("actor"), text("target"));
        let (after, before) = (ignored.moment(query, "after"), ignored.moment(query, "before"));
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let filter = AuditFilter {
            account,
            action,
            actor: some(&actor),
            hides_staff: false,
            target: some(&target),
            after: after.at,
            before: before.at,
        };
        Self {
            is_active: filter != AuditFilter::default() || !ignored.is_empty(),
            actions: choices(chosen),
            filter,
            account: text("account"),
            ignored,
            actor,
            target,
            after,
            before,
        }
    }
}

fn choices(chosen: Option<&str>) -> Vec<Choice> {
    let mut values: Vec<String> = Vec::new();
    for action in AuditAction::stored() {
        let kind = format!("{}.*", action.target_kind());
        if !values.contains(&kind) {
            values.push(kind);
        }
        values.push(action.as_str().to_owned());
    }
    values
        .into_iter()
        .map(|value| Choice {
            is_chosen: chosen == Some(value.as_str()),
            value,
        })
        .collect()
}
