//! Reading the audit trail. A reader of one account sees its entries without what concerns the operator
//! alone: which member of the staff it was, what the account's own people do not see of the account, and how
//! many others were refused.

use postrider_model::{Actor, ActorKind, AuditAction, AuditEntry, Scope};
use postrider_storage::{AuditFilter, Page, PageRequest, StoreResult};
use serde_json::{Map, Value};

use crate::access::Access;

/// The members of an account that a customer sees, as the console shows the account to them. `metadata` and
/// `uid` are the operator's own.
const ACCOUNT_MEMBERS: [&str; 2] = ["name", "retry_delays_s"];

/// The members of a refusal that a customer sees: `refused_since` counts the refusals of other accounts too.
const REFUSAL_MEMBERS: [&str; 3] = ["reason", "method", "route"];

impl Access {
    /// A page of the audit trail as a reader of this scope may see it, newest first.
    pub async fn audit(
        &self,
        reader: Scope,
        filter: AuditFilter,
        page: PageRequest,
    ) -> StoreResult<Page<AuditEntry>> {
        let Scope::Account(account) = reader else {
            return self.store.audit(&filter, page).await;
        };
        let filter = AuditFilter {
            account: Some(account),
            hides_staff: true,
            ..filter
        };
        let mut page = self.store.audit(&filter, page).await?;
        for entry in &mut page.items {
            if entry.actor.is_staff {
                hide_staff(entry);
            }
            entry.details = entry
                .details
                .take()
                .and_then(|details| shown_details(entry.action, details));
        }
        Ok(page)
    }
}

fn hide_staff(entry: &mut AuditEntry) {
    entry.actor = Actor {
        kind: ActorKind::Staff,
        id: None,
        name: None,
        is_staff: true,
    };
    entry.client = None;
    entry.request_id = None;
}

/// What a customer sees of an entry's details; `None` if nothing remains.
fn shown_details(action: AuditAction, details: String) -> Option<String> {
    match action {
        AuditAction::AccountCreated | AuditAction::AccountUpdated | AuditAction::AccountDeleted => {
            let mut states = members(&details)?;
            states.retain(|_, state| {
                let Value::Object(state) = state else { return false };
                retain(state, &ACCOUNT_MEMBERS);
                !state.is_empty()
            });
            text(states)
        }
        AuditAction::RequestRefused | AuditAction::SessionRefused => {
            let mut refusal = members(&details)?;
            retain(&mut refusal, &REFUSAL_MEMBERS);
            text(refusal)
        }
        // Only a newer version can judge what it wrote.
        AuditAction::Unknown => None,
        _ => Some(details),
    }
}

fn members(details: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(details).ok()
}

fn retain(members: &mut Map<String, Value>, names: &[&str]) {
    members.retain(|name, _| names.contains(&name.as_str()));
}

fn text(members: Map<String, Value>) -> Option<String> {
    (!members.is_empty()).then(|| Value::Object(members).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(action: AuditAction, details: &str) -> Option<String> {
        shown_details(action, details.to_owned())
    }

    #[test]
    fn a_customer_sees_only_the_listed_members_of_an_account() {
        let updated =
            r#"{"before":{"name":"A","uid":"u","metadata":"{}","new":1},"after":{"name":"B","uid":null}}"#;
        assert_eq!(
            shown(AuditAction::AccountUpdated, updated).as_deref(),
            Some(r#"{"before":{"name":"A"},"after":{"name":"B"}}"#)
        );
        for nothing in [
            r#"{"before":{"metadata":"{}"},"after":{"metadata":"{\"a\":1}"}}"#,
            r#"{"cut":"the change is too large to be shown"}"#,
            "[]",
        ] {
            assert_eq!(shown(AuditAction::AccountUpdated, nothing), None, "{nothing}");
        }
        let other = r#"{"before":{"metadata":"{}"}}"#;
        assert_eq!(
            shown(AuditAction::AutomationUpdated, other).as_deref(),
            Some(other)
        );
    }
}
