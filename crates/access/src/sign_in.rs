//! Signing in to the console with an API key, with a link or as a person ([`crate::people`]), and the session
//! that this begins.
//!
//! A token is a prefix and 256 random bits. The store holds its SHA-256, for all nodes. Links and sessions
//! differ twice: in the prefix of the token, and in the kind of the grant.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{
    Actor, ActorKind, AuditAction, By, Caller, Grant, GrantId, GrantKind, Permission, Person, Role, Scope,
    Target, Theme, Timestamp, Who,
};
use postrider_storage::{BeginSession, PutGrant, SessionLimits, StoreResult};

use crate::access::Access;
use crate::grants::Rights;
use crate::token::{LINK_PREFIX, SESSION_PREFIX, ShownToken, token_sha256};

/// How long an operator's session lasts: a working day, so that people sign in once a day, and a browser that
/// was left open is signed out overnight.
pub const OPERATOR_SESSION: Duration = Duration::from_secs(12 * 3600);

/// Sessions of one portal link. A link is for one person, or for the few who work on one account: 100
/// sessions are more than they open, and 20 a minute more than a page that shows the console in a frame.
const LINK_LIMITS: SessionLimits = SessionLimits {
    live_max: 100,
    per_minute_max: Some(20),
};

/// Sessions of one API key. A right key always signs in, so that only their number is bounded: without it,
/// one key could fill the store.
const KEY_LIMITS: SessionLimits = SessionLimits {
    live_max: 100,
    per_minute_max: None,
};

/// Sessions of one person: more browsers than a person uses in half a day.
const PERSON_LIMITS: SessionLimits = SessionLimits {
    live_max: 20,
    per_minute_max: None,
};

/// A session of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: GrantId,
    /// Who is signed in.
    pub caller: Caller,
    /// The person who signed in through the identity provider; `None` for keys and links.
    pub person: Option<Arc<Person>>,
    /// The theme that the link requested; `None` follows the person's system setting.
    pub theme: Option<Theme>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The result of signing in with an API key.
#[derive(Debug, PartialEq, Eq)]
pub enum SignIn {
    /// A session began.
    Begun(ShownToken, Session),
    /// The key does not exist or has expired.
    UnknownKey,
    /// The key lacks the permission to read, so it could see nothing.
    MayNotRead,
}

/// The result of opening a link.
#[derive(Debug, PartialEq, Eq)]
pub enum OpenLink {
    /// A session began.
    Begun(ShownToken, Session),
    /// The link does not exist, has expired, was revoked or was used up.
    Dead,
    /// The link began too many sessions within a minute.
    TooMany,
}

impl Access {
    /// The accounts that the sessions of a link see. Returns `None` if the link is dead. Changes nothing.
    pub async fn link(&self, token: &str) -> StoreResult<Option<Scope>> {
        let Some(sha256) = token_sha256(token, LINK_PREFIX) else {
            return Ok(None);
        };
        let grant = self.store.grant(&sha256, self.now()).await?;
        let link = grant.filter(|grant| grant.kind != GrantKind::Session);
        Ok(link.map(|link| link.scope))
    }

    /// Begins the session of a link. An operator's session lasts [`OPERATOR_SESSION`], a customer's until the
    /// link expires.
    ///
    /// A one-time link is used up even if the session then cannot be stored, so that it never begins two.
    ///
    /// The actor in the audit trail is the session that begins; `by` says from where.
    pub async fn open_link(&self, by: &By, token: &str) -> StoreResult<OpenLink> {
        let Some(sha256) = token_sha256(token, LINK_PREFIX) else {
            return Ok(OpenLink::Dead);
        };
        let now = self.now();
        let Some(grant) = self.store.grant(&sha256, now).await? else {
            return Ok(OpenLink::Dead);
        };
        match grant.kind {
            GrantKind::OneTimeLink => {
                let Some(link) = self.use_up(by, &grant, now).await? else {
                    return Ok(OpenLink::Dead);
                };
                let expires_at = now.after(OPERATOR_SESSION);
                let (token, grant) = self.draw(GrantKind::Session, Rights::of(&link), expires_at);
                let session = Session::of(&grant);
                let audit = self.session_begins(by, &grant);
                Ok(match self.store.put_grant(grant, audit).await? {
                    PutGrant::Put => OpenLink::Begun(token, session),
                    PutGrant::Gone | PutGrant::TooMany => OpenLink::Dead,
                })
            }
            GrantKind::PortalLink => self.begin_session_of(by, &grant).await,
            GrantKind::Session => Ok(OpenLink::Dead),
        }
    }

    /// Uses up a one-time link.
    async fn use_up(&self, by: &By, link: &Grant, now: Timestamp) -> StoreResult<Option<Grant>> {
        let by = By {
            actor: Actor {
                kind: ActorKind::Link,
                id: Some(link.id.to_string()),
                name: None,
                is_staff: true,
            },
            ..by.clone()
        };
        let audit = self.did(&by, AuditAction::SignInLinkUsed, link.scope, Target::of(link.id));
        self.store.take_grant(&link.sha256, now, audit).await
    }

    async fn begin_session_of(&self, by: &By, link: &Grant) -> StoreResult<OpenLink> {
        let (token, mut grant) = self.draw(GrantKind::Session, Rights::of(link), link.expires_at);
        grant.link = Some(link.id);
        let session = Session::of(&grant);
        let audit = self.session_begins(by, &grant);
        Ok(match self.store.begin_session(grant, LINK_LIMITS, audit).await? {
            BeginSession::Begun => OpenLink::Begun(token, session),
            BeginSession::OriginGone => OpenLink::Dead,
            BeginSession::TooMany => OpenLink::TooMany,
        })
    }

    /// Begins the session of a person who presents this API key, with the key's scope and permissions.
    /// The actor in the audit trail is the session that begins; `by` says from where.
    pub async fn sign_in(&self, by: &By, key: &str) -> StoreResult<SignIn> {
        let Some(caller) = self.caller_of_key(key) else {
            return Ok(SignIn::UnknownKey);
        };
        let Who::ApiKey(id) = caller.who else {
            return Ok(SignIn::UnknownKey);
        };
        if !caller.permissions.contains(Permission::Read) {
            return Ok(SignIn::MayNotRead);
        }
        let rights = Rights {
            scope: caller.scope,
            permissions: caller.permissions,
            theme: None,
            api_key: Some(id),
        };
        let expires_at = self.no_later_than_key(self.now().after(OPERATOR_SESSION), Some(id));
        let (token, grant) = self.draw(GrantKind::Session, rights, expires_at);
        let session = Session::of(&grant);
        let audit = self.session_begins(by, &grant);
        Ok(match self.store.begin_session(grant, KEY_LIMITS, audit).await? {
            BeginSession::Begun => SignIn::Begun(token, session),
            BeginSession::OriginGone | BeginSession::TooMany => SignIn::UnknownKey,
        })
    }

    /// Begins the session of a person of the staff, with the permissions of the role. `None` if it could not
    /// be stored. The actor in the audit trail is the session; `by` says from where.
    pub(crate) async fn begin_person_session(
        &self,
        by: &By,
        person: Person,
        role: Role,
    ) -> StoreResult<Option<(ShownToken, Session)>> {
        let rights = Rights {
            scope: Scope::All,
            permissions: role.permissions(),
            theme: None,
            api_key: None,
        };
        let expires_at = self.now().after(OPERATOR_SESSION);
        let (token, mut grant) = self.draw(GrantKind::Session, rights, expires_at);
        grant.person = Some(Arc::new(person));
        let session = Session::of(&grant);
        let audit = self.session_begins(by, &grant);
        let begun = self.store.begin_session(grant, PERSON_LIMITS, audit).await?;
        Ok((begun == BeginSession::Begun).then_some((token, session)))
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
}

impl Session {
    fn of(grant: &Grant) -> Self {
        Self {
            id: grant.id,
            caller: Caller {
                who: Who::Session {
                    id: grant.id,
                    api_key: grant.api_key,
                },
                scope: grant.scope,
                permissions: grant.permissions,
            },
            person: grant.person.clone(),
            theme: grant.theme,
            expires_at: grant.expires_at,
        }
    }
}
