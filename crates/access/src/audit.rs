//! Reading the audit trail. A reader of one account sees its entries, and learns of the staff only that it
//! was the staff.

use postrider_model::{Actor, ActorKind, AuditEntry, Scope};
use postrider_storage::{AuditFilter, Page, PageRequest, StoreResult};

use crate::access::Access;

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
