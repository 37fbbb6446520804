//! Portal links: each begins sessions in one account, until it expires or is revoked.

use std::ops::RangeInclusive;
use std::time::Duration;

use postrider_model::{
    AccountId, ApiKeyId, AuditAction, By, Grant, GrantId, GrantKind, Permission, Permissions, Scope, Target,
    Theme, Timestamp,
};
use postrider_storage::{GrantFilter, Page, PageRequest, PutGrant, StoreResult};

use crate::access::Access;
use crate::grants::Rights;
use crate::token::ShownToken;

/// How long a portal link can last, in seconds: at least long enough to open it, at most 7 days, because it
/// may be passed on.
pub const LINK_LIFETIME_S: RangeInclusive<u64> = 60..=7 * 86_400;

/// A new portal link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortalLinkDraft {
    /// The account that its visitors see.
    pub account: AccountId,
    /// Whether they may only read.
    pub read_only: bool,
    /// The theme of their pages; `None` follows their own system.
    pub theme: Option<Theme>,
    /// How long the link lasts, within [`LINK_LIFETIME_S`].
    pub lifetime: Duration,
}

/// The result of creating a portal link.
#[derive(Debug, PartialEq, Eq)]
pub enum CreatePortalLink {
    /// The link, which can be shown only now.
    Created(ShownToken, Grant),
    /// The account or the API key no longer exists.
    Gone,
    /// The account has [`PORTAL_LINKS_MAX`](postrider_storage::PORTAL_LINKS_MAX) links.
    TooMany,
}

impl PortalLinkDraft {
    /// What the link's visitors may do.
    pub fn permissions(&self) -> Permissions {
        if self.read_only {
            Permissions::of(&[Permission::Read])
        } else {
            Permissions::of(&[Permission::Read, Permission::Manage])
        }
    }
}

impl Access {
    /// Creates a link that begins one session of the operator's staff.
    pub async fn create_operator_link(&self, by: &By, lifetime: Duration) -> StoreResult<ShownToken> {
        let rights = Rights {
            scope: Scope::All,
            permissions: Permissions::ALL,
            theme: None,
            api_key: None,
        };
        let (token, grant) = self.draw(GrantKind::OneTimeLink, rights, self.now().after(lifetime));
        // Always `Put`: the link depends on no account, API key or other link that could be deleted.
        let audit = self.link_created(by, &grant);
        self.store.put_grant(grant, audit).await?;
        Ok(token)
    }

    /// Creates a portal link, which ends with `api_key`, the key that creates it, if any.
    pub async fn create_portal_link(
        &self,
        by: &By,
        draft: PortalLinkDraft,
        api_key: Option<ApiKeyId>,
    ) -> StoreResult<CreatePortalLink> {
        let rights = Rights {
            scope: Scope::Account(draft.account),
            permissions: draft.permissions(),
            theme: draft.theme,
            api_key,
        };
        let expires_at = self.no_later_than_key(self.now().after(draft.lifetime), api_key);
        let (token, link) = self.draw(GrantKind::PortalLink, rights, expires_at);
        let audit = self.link_created(by, &link);
        Ok(match self.store.put_grant(link.clone(), audit).await? {
            PutGrant::Put => CreatePortalLink::Created(token, link),
            PutGrant::Gone => CreatePortalLink::Gone,
            PutGrant::TooMany => CreatePortalLink::TooMany,
        })
    }

    /// A page of the portal links of an account that have not expired, newest first.
    pub async fn portal_links(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Grant>> {
        self.store.grants(links_of(account), self.now(), page).await
    }

    /// Revokes a portal link, and ends its sessions. Returns false if it does not exist.
    pub async fn revoke_portal_link(&self, by: &By, account: AccountId, id: GrantId) -> StoreResult<bool> {
        let scope = Scope::Account(account);
        let audit = self.did(by, AuditAction::PortalLinkRevoked, scope, Target::of(id));
        self.store.delete_grant(links_of(account), id, audit).await
    }

    /// This time, or when the key expires if that is sooner.
    pub(crate) fn no_later_than_key(&self, time: Timestamp, key: Option<ApiKeyId>) -> Timestamp {
        let key_expires_at = key.and_then(|key| self.held.expires_at(key));
        key_expires_at.map_or(time, |expires_at| time.min(expires_at))
    }
}

fn links_of(account: AccountId) -> GrantFilter {
    GrantFilter {
        kind: GrantKind::PortalLink,
        scope: Scope::Account(account),
    }
}
