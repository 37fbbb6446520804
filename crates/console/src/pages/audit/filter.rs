//! The filters of the audit trail.

use postrider_model::{AccountId, AuditAction};
use postrider_storage::{ActionPattern, AuditFilter};

use crate::pages::deliveries::moment::MomentField;
use crate::query::Query;

/// The filters that an address asks for, and the fields of the form.
pub struct Filters {
    /// What they come to.
    pub filter: AuditFilter,
    /// The kinds of targets, then every action.
    pub actions: Vec<Choice>,
    /// The account, in the trail of the installation.
    pub account: AccountField,
    /// The id of the actor, as typed.
    pub actor: String,
    /// The id of the target, as typed.
    pub target: String,
    /// The time from which on.
    pub after: MomentField,
    /// The time before which.
    pub before: MomentField,
    /// Whether any filter is set.
    pub is_active: bool,
}

/// The id of an account as typed, and as parsed. The account may have been deleted.
pub struct AccountField {
    /// The text for the field.
    pub text: String,
    /// The id; `None` if the field is empty or holds no id.
    pub id: Option<AccountId>,
}

impl AccountField {
    fn of(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default().trim().to_owned();
        let id = text.parse().ok();
        Self { text, id }
    }

    /// Whether the text is not an id of an account.
    pub fn is_wrong(&self) -> bool {
        self.id.is_none() && !self.text.is_empty()
    }
}

/// A choice of a list.
pub struct Choice {
    /// What the address carries, and the label.
    pub value: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

impl Filters {
    /// Reads an address. What cannot be read is ignored. `has_account`: whether the address may name an
    /// account.
    pub fn of(query: &Query, has_account: bool) -> Self {
        let account = AccountField::of(query.get("account").filter(|_| has_account));
        let chosen = query
            .get("action")
            .and_then(|text| Some((text, ActionPattern::parse(text)?)));
        let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
        let (actor, target) = (text("actor"), text("target"));
        let (after, before) = (
            MomentField::of(query.get("after")),
            MomentField::of(query.get("before")),
        );
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let filter = AuditFilter {
            account: account.id,
            action: chosen.as_ref().map(|(_, pattern)| pattern.clone()),
            actor: some(&actor),
            hides_staff: false,
            target: some(&target),
            after: after.at,
            before: before.at,
        };
        let chosen = chosen.map(|(text, _)| text);
        Self {
            is_active: filter != AuditFilter::default(),
            actions: choices(chosen),
            filter,
            account,
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
