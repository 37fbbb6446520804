//! What the provider publishes about itself (OpenID Connect Discovery 1.0), in memory.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::SignInFault;
use super::issuer::Issuer;
use super::provider::quoted;

/// How long metadata is held.
pub(super) const METADATA_HELD: Duration = Duration::from_secs(3600);

/// How long a failed fetch counts for later sign-ins, so that those who wait for it do not each repeat it,
/// and a provider in trouble gets few requests.
const FAILURE_HELD: Duration = Duration::from_secs(5);

/// What the provider says about itself.
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) end_session_endpoint: Option<Url>,
    /// Whether it accepts our secret only in the form.
    pub(super) takes_secret_in_form: bool,
    /// Whether each response names its issuer (RFC 9207).
    pub(super) names_itself: bool,
}

/// The metadata in memory. Times are those of the monotonic clock.
pub(super) struct HeldMetadata {
    state: RwLock<State>,
    turns: Semaphore,
}

#[derive(Default)]
struct State {
    /// The metadata last fetched, and when.
    fetched: Option<(Arc<Metadata>, Duration)>,
    /// Why the last fetch failed, and when; `None` if it did not.
    failed: Option<(SignInFault, Duration)>,
}

impl Default for HeldMetadata {
    fn default() -> Self {
        Self {
            state: RwLock::default(),
            turns: Semaphore::new(1),
        }
    }
}

impl HeldMetadata {
    /// The metadata, if it was fetched within [`METADATA_HELD`], or why it could not be fetched, if that was
    /// within [`FAILURE_HELD`].
    pub(super) fn known(&self, now: Duration) -> Option<Result<Arc<Metadata>, SignInFault>> {
        let state = self.state.read();
        let is_within = |at: Duration, held| now.saturating_sub(at) < held;
        if let Some((metadata, at)) = &state.fetched
            && is_within(*at, METADATA_HELD)
        {
            return Some(Ok(Arc::clone(metadata)));
        }
        let (fault, at) = state.failed.as_ref()?;
        is_within(*at, FAILURE_HELD).then(|| Err(fault.clone()))
    }

    /// The metadata last fetched.
    pub(super) fn of_any_age(&self) -> Option<Arc<Metadata>> {
        let state = self.state.read();
        state.fetched.as_ref().map(|(metadata, _)| Arc::clone(metadata))
    }

    /// Waits for the turn to fetch the metadata. It ends when the permit is dropped.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed, so never an error.
        self.turns.acquire().await.ok()
    }

    /// Holds what was fetched.
    pub(super) fn put(
        &self,
        fetched: Result<Metadata, SignInFault>,
        now: Duration,
    ) -> Result<Arc<Metadata>, SignInFault> {
        let mut state = self.state.write();
        match fetched {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                state.fetched = Some((Arc::clone(&metadata), now));
                state.failed = None;
                Ok(metadata)
            }
            Err(fault) => {
                // Too many requests of ours say nothing about the provider.
                if !matches!(fault, SignInFault::Busy) {
                    state.failed = Some((fault.clone(), now));
                }
                Err(fault)
            }
        }
    }
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Reads the metadata of this issuer (OpenID Connect Discovery 1.0, section 3). Its addresses must be as
    /// safe as the issuer's own.
    pub(super) fn parse(issuer: &Issuer, body: &[u8]) -> Result<Self, SignInFault> {
        let document: Document = serde_json::from_slice(body).map_err(|error| {
            SignInFault::Unusable(format!("its metadata: {}", quoted(&error.to_string())))
        })?;
        if document.issuer != issuer.as_str() {
            let named = quoted(&document.issuer);
            return Err(SignInFault::Unusable(format!(
                "its issuer is {named}: set oidc_issuer to exactly that"
            )));
        }
        let endpoint = |name: &str, text: &str| {
            issuer.endpoint(text).ok_or_else(|| {
                SignInFault::Unusable(format!("its {name} is not an https URL: {}", quoted(text)))
            })
        };
        let optional =
            |name: &str, text: &Option<String>| text.as_deref().map(|text| endpoint(name, text)).transpose();
        // Without a list, it accepts HTTP Basic (OpenID Connect Discovery 1.0, section 3).
        let takes_secret_in_form = document
            .token_endpoint_auth_methods_supported
            .is_some_and(|methods| !methods.iter().any(|method| method == "client_secret_basic"));
        Ok(Self {
            authorization_endpoint: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
            token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
            jwks_uri: endpoint("jwks_uri", &document.jwks_uri)?,
            userinfo_endpoint: optional("userinfo_endpoint", &document.userinfo_endpoint)?,
            end_session_endpoint: optional("end_session_endpoint", &document.end_session_endpoint)?,
            takes_secret_in_form,
            names_itself: document.authorization_response_iss_parameter_supported,
        })
    }
}
