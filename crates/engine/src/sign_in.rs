//! Signing in to the console: with an API key, or by a link; and the session that comes of it.
//!
//! A token is a prefix and 256 random bits. The store has its SHA-256 alone, so that whoever reads the store can sign
//! in as nobody, and has it for all nodes. Tokens are never logged, and print only through [`ShownToken::expose`].
//!
//! Links and sessions are told apart twice: by the prefix of the token, and by the kind of the grant.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrider_model::{AccountId, ApiKeyId, Grant, GrantKind, Theme, Timestamp, Visitor};
use postrider_storage::StoreResult;
use sha2::{Digest, Sha256};

use crate::engine::Engine;

/// What the token of a link starts with.
pub const LINK_PREFIX: &str = "prl_";

/// What the token of a session starts with.
pub const SESSION_PREFIX: &str = "prs_";

/// Length of a token, in bytes: the prefix, and 32 random bytes in base64url without padding.
pub const TOKEN_BYTES: usize = 4 + 43;

/// How long an operator's session lasts: a working day, so that nobody signs in twice in one, and a browser that was left
/// open is signed out overnight.
pub const OPERATOR_SESSION: Duration = Duration::from_secs(12 * 3600);

/// How long a customer's link can last, in seconds: long enough to be followed, at most 7 days, as it may be passed on.
pub const LINK_LIFETIME_S: RangeInclusive<u64> = 60..=7 * 86_400;

/// The verbs of signing in; see [`Engine::sign_in`].
#[derive(Clone, Copy)]
pub struct SignIn<'a>(&'a Engine);

impl Engine {
    /// Links and sessions of the console.
    pub fn sign_in(&self) -> SignIn<'_> {
        SignIn(self)
    }
}

impl SignIn<'_> {
    /// Makes a link that begins one session. `None` where the visitor's account is gone.
    pub async fn make_one_time_link(
        &self,
        visitor: Visitor,
        lifetime: Duration,
    ) -> StoreResult<Option<(ShownToken, Grant)>> {
        self.make_link(GrantKind::OneTimeLink, visitor, lifetime).await
    }

    /// Makes a link that begins sessions of a customer's until it ends. `None` where the account is gone.
    pub async fn make_account_link(
        &self,
        account: AccountId,
        read_only: bool,
        theme: Option<Theme>,
        lifetime: Duration,
    ) -> StoreResult<Option<(ShownToken, Grant)>> {
        let visitor = Visitor::Customer {
            account,
            read_only,
            theme,
        };
        self.make_link(GrantKind::AccountLink, visitor, lifetime).await
    }

    /// Begins the session that a link is for; `None` where there is no such link, or it has ended or was used up. An
    /// operator's session lasts [`OPERATOR_SESSION`], a customer's until the link's end.
    ///
    /// A one-time link is gone even if the session then cannot be stored: it never begins two.
    pub async fn open_link(&self, token: &str) -> StoreResult<Option<(ShownToken, Grant)>> {
        let Some(sha256) = hash(token, LINK_PREFIX) else {
            return Ok(None);
        };
        let now = self.0.clock().now();
        let link = match self.0.store().grant(&sha256, now).await? {
            Some(grant) if grant.kind == GrantKind::AccountLink => Some(grant),
            Some(grant) if grant.kind == GrantKind::OneTimeLink => {
                self.0.store().take_grant(&sha256, now).await?
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

    /// Begins the session of an operator who showed this API key. `None` where the key is gone.
    pub async fn with_api_key(&self, api_key: ApiKeyId) -> StoreResult<Option<(ShownToken, Grant)>> {
        let now = self.0.clock().now();
        let expires_at = now.after(OPERATOR_SESSION);
        self.begin_session(Visitor::Operator, Some(api_key), now, expires_at)
            .await
    }

    /// The session of this token, while it lasts.
    pub async fn session(&self, token: &str) -> StoreResult<Option<Grant>> {
        let Some(sha256) = hash(token, SESSION_PREFIX) else {
            return Ok(None);
        };
        let grant = self.0.store().grant(&sha256, self.0.clock().now()).await?;
        Ok(grant.filter(|grant| grant.kind == GrantKind::Session))
    }

    /// Ends a session. False where there is none.
    pub async fn end_session(&self, token: &str) -> StoreResult<bool> {
        match hash(token, SESSION_PREFIX) {
            Some(sha256) => self.0.store().delete_grant(&sha256).await,
            None => Ok(false),
        }
    }

    async fn make_link(
        &self,
        kind: GrantKind,
        visitor: Visitor,
        lifetime: Duration,
    ) -> StoreResult<Option<(ShownToken, Grant)>> {
        let token = ShownToken::from_random(LINK_PREFIX, self.0.random());
        let now = self.0.clock().now();
        let grant = Grant {
            sha256: token.sha256(),
            kind,
            visitor,
            api_key: None,
            created_at: now,
            expires_at: now.after(lifetime),
        };
        self.put_grant(token, grant).await
    }

    async fn begin_session(
        &self,
        visitor: Visitor,
        api_key: Option<ApiKeyId>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<Option<(ShownToken, Grant)>> {
        let token = ShownToken::from_random(SESSION_PREFIX, self.0.random());
        let grant = Grant {
            sha256: token.sha256(),
            kind: GrantKind::Session,
            visitor,
            api_key,
            created_at: now,
            expires_at,
        };
        self.put_grant(token, grant).await
    }

    async fn put_grant(&self, token: ShownToken, grant: Grant) -> StoreResult<Option<(ShownToken, Grant)>> {
        let put = self.0.store().put_grant(grant.clone()).await?;
        Ok(put.then_some((token, grant)))
    }
}

/// The hash by which the store knows this token. What cannot be one is refused before anything is hashed.
fn hash(token: &str, prefix: &str) -> Option<[u8; 32]> {
    let fits = token.len() == TOKEN_BYTES && token.starts_with(prefix);
    fits.then(|| Sha256::digest(token).into())
}

/// A token in the clear, to be handed to whom it is for, once. It prints only through [`ShownToken::expose`].
#[derive(PartialEq, Eq)]
pub struct ShownToken(String);

impl ShownToken {
    fn from_random(prefix: &str, bytes: [u8; 32]) -> Self {
        Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The token. Whoever calls this decides where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.0.get(..LINK_PREFIX.len()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_by_its_own_prefix_and_never_printed() {
        let token = ShownToken::from_random(LINK_PREFIX, [7; 32]);
        assert_eq!(token.expose().len(), TOKEN_BYTES);
        assert_eq!(hash(token.expose(), LINK_PREFIX), Some(token.sha256()));
        assert_eq!(hash(token.expose(), SESSION_PREFIX), None);
        assert_eq!(format!("{token:?}"), "prl_…");
    }

    #[test]
    fn what_has_another_length_is_not_even_hashed() {
        let token = ShownToken::from_random(SESSION_PREFIX, [7; 32]);
        let longer = format!("{}A", token.expose());
        for other in ["", SESSION_PREFIX, &token.expose()[..TOKEN_BYTES - 1], &longer] {
            assert_eq!(hash(other, SESSION_PREFIX), None, "{other}");
        }
    }
}
