//! Signing in to the console with an API key or a link, and the session that this begins.
//!
//! A token is a prefix and 256 random bits. The store holds its SHA-256, for all nodes. Links and sessions
//! differ twice: in the prefix of the token, and in the kind of the grant.

use std::ops::RangeInclusive;
use std::time::Duration;

use postrider_model::{
    AccountId, ApiKeyId, Caller, Grant, GrantKind, Permission, Permissions, Scope, Theme, Timestamp, Visitor,
    Who,
};
use postrider_storage::StoreResult;

use crate::access::Access;
use crate::token::{LINK_PREFIX, SESSION_PREFIX, ShownToken, token_sha256};

/// How long an operator's session lasts: a working day, so that people sign in once a day, and a browser that
/// was left open is signed out overnight.
pub const OPERATOR_SESSION: Duration = Duration::from_secs(12 * 3600);

/// How long a portal link can last, in seconds: at least long enough to open it, at most 7 days, because it
/// may be passed on.
pub const LINK_LIFETIME_S: RangeInclusive<u64> = 60..=7 * 86_400;

/// A session of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Who is signed in.
    pub caller: Caller,
    /// The theme that the link requested; `None` follows the person's system setting.
    pub theme: Option<Theme>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Access {
    /// Creates a link that begins one session of the operator's staff.
    pub async fn create_operator_link(&self, lifetime: Duration) -> StoreResult<ShownToken> {
        let (token, grant) = self.link(GrantKind::OneTimeLink, Visitor::Operator, lifetime);
        // The result is always true: it is false only if the grant's account or API key was deleted, and this
        // link has neither.
        self.store.put_grant(grant).await?;
        Ok(token)
    }

    /// Creates a portal link, which begins sessions in one account until it expires. Also returns when it
    /// expires. Returns `None` if the account does not exist.
    pub async fn create_portal_link(
        &self,
        account: AccountId,
        read_only: bool,
        theme: Option<Theme>,
        lifetime: Duration,
    ) -> StoreResult<Option<(ShownToken, Timestamp)>> {
        let visitor = Visitor::Customer {
            account,
            read_only,
            theme,
        };
        let (token, grant) = self.link(GrantKind::AccountLink, visitor, lifetime);
        let expires_at = grant.expires_at;
        let is_put = self.store.put_grant(grant).await?;
        Ok(is_put.then_some((token, expires_at)))
    }

    /// Begins the session of a link. Returns `None` if the link does not exist, has expired or was used up.
    /// An operator's session lasts [`OPERATOR_SESSION`], a customer's until the link expires.
    ///
    /// A one-time link is used up even if the session then cannot be stored, so that it never begins two.
    pub async fn open_link(&self, token: &str) -> StoreResult<Option<(ShownToken, Session)>> {
        let Some(sha256) = token_sha256(token, LINK_PREFIX) else {
            return Ok(None);
        };
        let now = self.now();
        let link = match self.store.grant(&sha256, now).await? {
            Some(grant) if grant.kind == GrantKind::AccountLink => Some(grant),
            Some(grant) if grant.kind == GrantKind::OneTimeLink => {
                self.store.take_grant(&sha256, now).await?
            }
            _ => None,
        };
        let Some(link) = link else {
            return Ok(None);
        };
        let expires_at = match link.visitor {
            Visitor::Operator => now.after(OPERATOR_SESSION),
            Visitor::Customer { .. } => link.expires_at,
        };
        self.begin_session(link.visitor, link.api_key, now, expires_at)
            .await
    }

    /// Begins the session of an operator who presents this API key. Returns `None` if the key does not exist
    /// or was just deleted.
    pub async fn sign_in(&self, key: &str) -> StoreResult<Option<(ShownToken, Session)>> {
        let Some(Who::ApiKey(id)) = self.caller_of_key(key).map(|caller| caller.who) else {
            return Ok(None);
        };
        let now = self.now();
        let expires_at = now.after(OPERATOR_SESSION);
        self.begin_session(Visitor::Operator, Some(id), now, expires_at)
            .await
    }

    /// The session of this token, while it lasts.
    pub async fn session(&self, token: &str) -> StoreResult<Option<Session>> {
        let Some(sha256) = token_sha256(token, SESSION_PREFIX) else {
            return Ok(None);
        };
        let grant = self.store.grant(&sha256, self.now()).await?;
        let grant = grant.filter(|grant| grant.kind == GrantKind::Session);
        Ok(grant.as_ref().map(Session::of))
    }

    /// Ends a session. Returns false if there is none.
    pub async fn end_session(&self, token: &str) -> StoreResult<bool> {
        match token_sha256(token, SESSION_PREFIX) {
            Some(sha256) => self.store.delete_grant(&sha256).await,
            None => Ok(false),
        }
    }

    fn link(&self, kind: GrantKind, visitor: Visitor, lifetime: Duration) -> (ShownToken, Grant) {
        let token = ShownToken::from_random(LINK_PREFIX, self.entropy.bytes());
        let now = self.now();
        let grant = Grant {
            sha256: token.sha256(),
            kind,
            visitor,
            api_key: None,
            created_at: now,
            expires_at: now.after(lifetime),
        };
        (token, grant)
    }

    async fn begin_session(
        &self,
        visitor: Visitor,
        api_key: Option<ApiKeyId>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<Option<(ShownToken, Session)>> {
        let token = ShownToken::from_random(SESSION_PREFIX, self.entropy.bytes());
        let grant = Grant {
            sha256: token.sha256(),
            kind: GrantKind::Session,
            visitor,
            api_key,
            created_at: now,
            expires_at,
        };
        let session = Session::of(&grant);
        let is_put = self.store.put_grant(grant).await?;
        Ok(is_put.then_some((token, session)))
    }
}

impl Session {
    fn of(grant: &Grant) -> Self {
        let (scope, permissions, theme) = match grant.visitor {
            Visitor::Operator => (Scope::All, Permissions::ALL, None),
            Visitor::Customer {
                account,
                read_only,
                theme,
            } => (Scope::Account(account), customer_permissions(read_only), theme),
        };
        Self {
            caller: Caller {
                who: Who::Session {
                    api_key: grant.api_key,
                },
                scope,
                permissions,
            },
            theme,
            expires_at: grant.expires_at,
        }
    }
}

fn customer_permissions(read_only: bool) -> Permissions {
    if read_only {
        Permissions::of(&[Permission::Read])
    } else {
        Permissions::of(&[Permission::Read, Permission::Manage])
    }
}
