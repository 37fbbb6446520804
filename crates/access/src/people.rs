//! People: the operator's staff, who sign in through an identity provider (OpenID Connect Core 1.0, the
//! authorization code flow with PKCE). RFC 9700 is the checklist.
//!
//! ```text
//! begin ──► browser ──► provider ──► browser ──► finish: open flow ──► code for tokens ──► verify ID token
//! (flow sealed in a cookie)          (code, state)                      ──► role ──► session
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `transport.rs` | [`ProviderTransport`]: how requests reach the provider; the process implements it |
//! | `issuer.rs` | [`Issuer`]: who the provider is, and which of its addresses are acceptable |
//! | `metadata.rs` | what the provider publishes about itself (OpenID Connect Discovery 1.0) |
//! | `provider.rs` | the provider: its tokens, user info |
//! | `keys.rs` | the provider's keys, and when they are fetched again |
//! | `jose.rs` | signatures of ID tokens (RFC 7515, 7517, 7518, 8037) |
//! | `id_token.rs` | the claims of an ID token that must hold |
//! | `claims.rs` | the claims of ID token and user info together, and the person whom they describe |
//! | `flow.rs` | a sign-in under way, sealed in a cookie of its browser |
//! | `roles.rs` | [`RoleRules`]: which claim gives which role |
//!
//! A provider that is down stops nothing but sign-in: its metadata is fetched when it is needed.
//!
//! This module must never trust a claim before the signature, follow a URL that the provider did not publish
//! in its metadata, or show the `Display` of a [`SignInFault`] to a browser: it is for the log.

mod claims;
mod flow;
mod id_token;
mod issuer;
mod jose;
mod keys;
mod metadata;
mod provider;
mod roles;
mod transport;

use std::sync::Arc;

use postrider_model::{By, Clock, Entropy, Person};
use postrider_storage::{Sealer, StoreError};
use serde_json::{Map, Value};

pub use issuer::{Issuer, IssuerError};
pub use provider::ClientSecret;
pub use roles::{ClaimName, ClaimNameError, RoleRules};
pub use transport::{FromProvider, ProviderTransport, ToProvider, Unanswered};

use crate::access::Access;
use crate::sign_in::Session;
use crate::token::ShownToken;
use flow::{Flow, Flows, Found};
use id_token::Expected;
use metadata::Metadata;
use provider::Provider;

pub use flow::FLOW_LIFETIME;

/// What the settings say about the people and their provider.
pub struct PeopleSettings {
    /// The provider.
    pub issuer: Issuer,
    /// Our id at the provider.
    pub client_id: String,
    /// Our secret there; `None` for a public client, which PKCE protects alone.
    pub client_secret: Option<ClientSecret>,
    /// The scopes to request, separated by spaces; `openid` is among them.
    pub scopes: String,
    /// Who gets which role.
    pub rules: RoleRules,
    /// Whether people who sign out here also sign out at the provider.
    pub signs_out_there: bool,
    /// What the button of the sign-in page calls the provider.
    pub label: String,
}

/// The parts of [`People`].
pub struct PeopleParts {
    /// The sessions.
    pub access: Arc<Access>,
    /// How requests reach the provider.
    pub transport: Arc<dyn ProviderTransport>,
    /// Seals flows. All nodes have its keys, so that one can finish what another began.
    pub sealer: Sealer,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Entropy,
}

/// Signs people in and out through their identity provider.
pub struct People {
    access: Arc<Access>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    provider: Provider,
    scopes: String,
    rules: RoleRules,
    signs_out_there: bool,
    label: String,
    flows: Flows,
}

/// A sign-in that has begun.
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What the browser keeps in a cookie for [`FLOW_LIFETIME`]: letters, digits, `-` and `_`.
    pub cookie: String,
}

/// What the provider sent the browser back with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// The state of the request.
    pub state: Option<&'a str>,
    /// The authorization code.
    pub code: Option<&'a str>,
    /// Why there is no code (RFC 6749, section 4.1.2.1).
    pub error: Option<&'a str>,
    /// The issuer of the response (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// A sign-in that began in this browser, which the provider has sent back.
pub struct Returned<'a> {
    found: Found,
    answer: Answer<'a>,
}

/// A session that a person began.
pub struct SignedIn {
    /// Its token.
    pub token: ShownToken,
    /// The session.
    pub session: Session,
    /// The address that the person asked for.
    pub back: String,
}

/// How a person who has signed out here signs out at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderSignOut {
    /// Not at all: the provider has no address for it, or the settings say so.
    None,
    /// At this address of the provider.
    At(String),
    /// The provider did not say where. The person may still be signed in there.
    Unknown,
}

/// Why a sign-in failed. `Display` is for the log: it may quote the provider, bounded and escaped.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SignInFault {
    /// The response does not belong to a sign-in that this browser began in the last ten minutes, or that
    /// sign-in has ended already.
    #[error("the response does not belong to a sign-in of this browser")]
    Lost,
    /// The provider does not respond.
    #[error("the identity provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider's response cannot be used, or the settings do not fit the provider.
    #[error("the identity provider cannot be used: {0}")]
    Unusable(String),
    /// The person, or the provider's rules for them, declined.
    #[error("the identity provider denied the sign-in")]
    Denied,
    /// The provider refused the sign-in for another reason.
    #[error("the identity provider refused the sign-in: {0}")]
    Refused(String),
    /// The ID token, or the way it arrived, proves nothing.
    #[error("the identity cannot be trusted: {0}")]
    Untrusted(&'static str),
    /// The person's claims give no role, or the group that is required is missing.
    #[error("{0:?} has no role here")]
    NoRole(Person),
    /// Too many sign-ins are talking to the provider.
    #[error("too many sign-ins are waiting for the identity provider")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A sign-in that failed, and the address that the person asked for.
#[derive(Debug)]
pub struct FailedSignIn {
    /// Why.
    pub fault: SignInFault,
    /// The address; `/` if the flow is lost.
    pub back: String,
}

impl People {
    /// The people of these settings. Sends no request yet.
    pub fn new(settings: PeopleSettings, parts: PeopleParts) -> Self {
        let client = (settings.client_id, settings.client_secret);
        let provider = Provider::new(settings.issuer, client, parts.transport, Arc::clone(&parts.clock));
        Self {
            access: parts.access,
            flows: Flows::new(parts.sealer),
            clock: parts.clock,
            entropy: parts.entropy,
            provider,
            scopes: settings.scopes,
            rules: settings.rules,
            signs_out_there: settings.signs_out_there,
            label: settings.label,
        }
    }

    /// What the button of the sign-in page calls the provider.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Begins a sign-in. `redirect_uri` is where the provider sends the browser back to, `back` the address
    /// that the person asked for. With `again`, the provider asks who it is, even if somebody is signed in
    /// there.
    pub async fn begin(&self, redirect_uri: &str, back: &str, again: bool) -> Result<Begun, SignInFault> {
        let metadata = self.provider.metadata().await?;
        let flow = Flow::new(&self.entropy, redirect_uri, back, self.clock.wall());
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.provider.client_id())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &self.scopes)
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256");
        if again {
            let prompt = self.provider.issuer().prompt();
            url.query_pairs_mut().append_pair("prompt", prompt);
        }
        Ok(Begun {
            url: url.into(),
            cookie: self.flows.seal(&flow, self.entropy.bytes()),
        })
    }

    /// Whether to begin a sign-in now sends a request to the provider.
    pub fn begin_asks(&self) -> bool {
        self.provider.known_metadata().is_none()
    }

    /// The sign-in of this cookie, if the answer belongs to it. Sends no request to the provider.
    pub fn returned<'a>(
        &self,
        cookie: Option<&str>,
        answer: Answer<'a>,
    ) -> Result<Returned<'a>, FailedSignIn> {
        match self.flows.find(cookie, answer.state, self.clock.wall()) {
            Ok(found) => Ok(Returned { found, answer }),
            Err(fault) => Err(FailedSignIn {
                fault,
                back: "/".to_owned(),
            }),
        }
    }

    /// Finishes a sign-in: asks the provider who it is, and begins a session of [`OPERATOR_SESSION`], once.
    ///
    /// The actor in the audit trail is the session; `by` says from where. Strangers can make this send
    /// requests to the provider, with codes that they made up: the caller bounds how often.
    ///
    /// [`OPERATOR_SESSION`]: crate::OPERATOR_SESSION
    pub async fn finish(&self, by: &By, returned: Returned<'_>) -> Result<SignedIn, FailedSignIn> {
        let Returned { found, answer } = returned;
        let begun = self.session_of(by, &found, answer).await;
        let back = found.flow.back;
        match begun {
            Ok((token, session)) => Ok(SignedIn { token, session, back }),
            Err(fault) => Err(FailedSignIn { fault, back }),
        }
    }

    /// Where the browser goes to sign out at the provider too (OpenID Connect RP-Initiated Logout 1.0). Takes
    /// at most two seconds.
    pub async fn sign_out(&self, return_to: &str) -> ProviderSignOut {
        if !self.signs_out_there {
            return ProviderSignOut::None;
        }
        let metadata = match self.provider.metadata_for_sign_out().await {
            Ok(metadata) => metadata,
            Err(fault) => {
                tracing::warn!(%fault, "could not sign out at the identity provider");
                return ProviderSignOut::Unknown;
            }
        };
        let Some(mut url) = metadata.end_session_endpoint.clone() else {
            return ProviderSignOut::None;
        };
        url.query_pairs_mut()
            .append_pair("client_id", self.provider.client_id())
            .append_pair("post_logout_redirect_uri", return_to);
        ProviderSignOut::At(url.into())
    }

    async fn session_of(
        &self,
        by: &By,
        found: &Found,
        answer: Answer<'_>,
    ) -> Result<(ShownToken, Session), SignInFault> {
        let flow = &found.flow;
        let metadata = self.provider.metadata().await?;
        self.check_answer(&metadata, answer)?;
        let code = answer
            .code
            .ok_or_else(|| SignInFault::Refused("it sent neither a code nor an error".to_owned()))?;
        let tokens = self.provider.tokens(&metadata, code, flow).await?;
        let jws = self.provider.verified(&metadata, &tokens.id_token).await?;
        let mut claims = id_token::check(
            &jws,
            &Expected {
                issuer: self.provider.issuer().as_str(),
                client_id: self.provider.client_id(),
                nonce: &flow.nonce,
                access_token: tokens.access_token.as_deref(),
                now: self.clock.wall(),
            },
        )?;
        self.ask_for_missing(&metadata, &mut claims, tokens.access_token.as_deref())
            .await?;
        let person = claims::person(self.provider.issuer(), &claims);
        let Some(role) = self.rules.role(&claims) else {
            return Err(SignInFault::NoRole(person));
        };
        self.flows.finish(found, self.clock.wall())?;
        let begun = self.access.begin_person_session(by, person, role).await?;
        begun.ok_or(SignInFault::Busy)
    }

    /// Whether the provider itself answers (RFC 9207), and with what.
    fn check_answer(&self, metadata: &Metadata, answer: Answer<'_>) -> Result<(), SignInFault> {
        let is_other = answer
            .issuer
            .is_some_and(|issuer| issuer != self.provider.issuer().as_str());
        if is_other || (answer.issuer.is_none() && metadata.names_itself) {
            return Err(SignInFault::Untrusted("another provider responded"));
        }
        match answer.error {
            None => Ok(()),
            Some("access_denied") => Err(SignInFault::Denied),
            Some(error) => Err(SignInFault::Refused(provider::quoted(error))),
        }
    }

    /// Adds what the ID token lacks from the provider's user info, if it has that. Claims of the ID token
    /// win. If only the name is missing, a failure is logged and the sign-in goes on.
    async fn ask_for_missing(
        &self,
        metadata: &Metadata,
        claims: &mut Map<String, Value>,
        access_token: Option<&str>,
    ) -> Result<(), SignInFault> {
        let is_undecided = !self.rules.are_decided_by(claims);
        let has_name = ["name", "preferred_username", "email"]
            .into_iter()
            .any(|name| claims.contains_key(name));
        let (Some(endpoint), Some(access_token)) = (&metadata.userinfo_endpoint, access_token) else {
            return Ok(());
        };
        if !is_undecided && has_name {
            return Ok(());
        }
        let info = match self.provider.user_info(endpoint, access_token).await {
            Ok(info) => info,
            Err(fault) if is_undecided => return Err(fault),
            Err(fault) => {
                tracing::warn!(%fault, "could not read a person's name");
                return Ok(());
            }
        };
        if info.get("sub") != claims.get("sub") {
            return Err(SignInFault::Untrusted("the user info is another person's"));
        }
        claims::add_user_info(claims, info);
        Ok(())
    }
}
