//! The identity provider: the requests that a sign-in needs.
//!
//! One sign-in at a time fetches the metadata, and the others wait for it, because strangers can begin any
//! number. Two sign-ins may fetch the same keys: only a token of the provider makes us fetch those.
//! [`REQUESTS_MAX`] bounds all requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_model::Clock;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::{Url, form_urlencoded};

use super::SignInFault;
use super::flow::Flow;
use super::issuer::Issuer;
use super::jose::{Jws, Key, Verified};
use super::keys::{self, HeldKeys};
use super::metadata::{HeldMetadata, Metadata};
use super::transport::{FromProvider, ProviderTransport, ToProvider};

/// Longest metadata, token response or user info, in bytes. A person in hundreds of groups has 20 KiB.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// Longest set of keys, in bytes. Those of the large providers have 20 KiB.
const KEYS_BYTES_MAX: usize = 256 * 1024;

/// Most requests to the provider at the same time. Bounded, because strangers can cause them.
const REQUESTS_MAX: usize = 32;

/// How long a sign-out waits for the provider. The person is signed out here already.
const SIGN_OUT_WAIT: Duration = Duration::from_secs(2);

/// Most characters of the provider's words that the log quotes.
const QUOTED_CHARS_MAX: usize = 200;

/// Our secret at the provider. It never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// The secret with this text; `None` if that is empty.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// The tokens of a sign-in.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: Option<String>,
}

/// The provider.
pub(super) struct Provider {
    issuer: Issuer,
    client_id: String,
    client_secret: Option<ClientSecret>,
    transport: Arc<dyn ProviderTransport>,
    clock: Arc<dyn Clock>,
    metadata: HeldMetadata,
    keys: HeldKeys,
    requests: Semaphore,
}

impl Provider {
    pub(super) fn new(
        issuer: Issuer,
        (client_id, client_secret): (String, Option<ClientSecret>),
        transport: Arc<dyn ProviderTransport>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            issuer,
            client_id,
            client_secret,
            transport,
            clock,
            metadata: HeldMetadata::default(),
            keys: HeldKeys::default(),
            requests: Semaphore::new(REQUESTS_MAX),
        }
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The metadata, at most [`METADATA_HELD`](super::metadata::METADATA_HELD) old.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, SignInFault> {
        if let Some(known) = self.known_metadata() {
            return known;
        }
        let _turn = self.metadata.turn().await;
        // Another sign-in may have fetched it meanwhile.
        if let Some(known) = self.known_metadata() {
            return known;
        }
        let body = self.get(self.issuer.metadata_url(), None, DOCUMENT_BYTES_MAX);
        let fetched = body.await.and_then(|body| Metadata::parse(&self.issuer, &body));
        self.metadata.put(fetched, self.clock.monotonic())
    }

    /// What [`Provider::metadata`] returns without a request, if it needs none.
    pub(super) fn known_metadata(&self) -> Option<Result<Arc<Metadata>, SignInFault>> {
        self.metadata.known(self.clock.monotonic())
    }

    /// The metadata for a sign-out: what is held, however old, because addresses rarely change and a person
    /// waits. Without it, waits for the provider for [`SIGN_OUT_WAIT`].
    pub(super) async fn metadata_for_sign_out(&self) -> Result<Arc<Metadata>, SignInFault> {
        if let Some(metadata) = self.metadata.of_any_age() {
            return Ok(metadata);
        }
        let fetched = tokio::time::timeout(SIGN_OUT_WAIT, self.metadata()).await;
        fetched.unwrap_or_else(|_| {
            Err(SignInFault::Unreachable(format!(
                "no metadata within {} s",
                SIGN_OUT_WAIT.as_secs()
            )))
        })
    }

    /// The tokens for a code (RFC 6749, section 4.1.3).
    pub(super) async fn tokens(
        &self,
        metadata: &Metadata,
        code: &str,
        flow: &Flow,
    ) -> Result<Tokens, SignInFault> {
        let answer = self.send(self.code_request(metadata, code, flow)).await?;
        if answer.status != 200 {
            return Err(refused_code(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| SignInFault::Unusable("its response to the code has no ID token".to_owned()))
    }

    fn code_request(&self, metadata: &Metadata, code: &str, flow: &Flow) -> ToProvider {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &flow.redirect_uri)
            .append_pair("code_verifier", &flow.verifier);
        let authorization = match &self.client_secret {
            None => {
                form.append_pair("client_id", &self.client_id);
                None
            }
            Some(ClientSecret(secret)) if metadata.takes_secret_in_form => {
                form.append_pair("client_id", &self.client_id)
                    .append_pair("client_secret", secret);
                None
            }
            // RFC 6749, section 2.3.1: both are encoded as in a form first.
            Some(ClientSecret(secret)) => {
                let encoded =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(&self.client_id), encoded(secret));
                Some(format!("Basic {}", STANDARD.encode(pair)))
            }
        };
        ToProvider {
            url: metadata.token_endpoint.to_string(),
            authorization,
            form: Some(form.finish()),
            bytes_max: DOCUMENT_BYTES_MAX,
        }
    }

    /// The provider's claims about the person with this access token (OpenID Connect Core 1.0, section
    /// 5.3). The caller compares the subject.
    pub(super) async fn user_info(
        &self,
        endpoint: &Url,
        access_token: &str,
    ) -> Result<Map<String, Value>, SignInFault> {
        let authorization = format!("Bearer {access_token}");
        let body = self
            .get(endpoint.to_string(), Some(authorization), DOCUMENT_BYTES_MAX)
            .await?;
        serde_json::from_slice(&body)
            .map_err(|_| SignInFault::Unusable("its user info is not a JSON object".to_owned()))
    }

    /// The token, if the provider signed it. If no held key verifies it, fetches the keys again.
    pub(super) async fn verified(&self, metadata: &Metadata, token: &str) -> Result<Verified, SignInFault> {
        let jws = Jws::parse(token)?;
        let now = self.clock.monotonic();
        let keys = match self.keys.current(now) {
            Some(keys) => keys,
            None => self.fetch_keys(metadata).await?,
        };
        if let Some(verified) = jws.verified_by(&keys) {
            return Ok(verified);
        }
        let unknown = SignInFault::Untrusted("no key of the provider verifies the ID token");
        if !self.keys.may_refetch(now) {
            // Another sign-in may have fetched newer keys meanwhile.
            let keys = self.keys.current(now).unwrap_or(keys);
            return jws.verified_by(&keys).ok_or(unknown);
        }
        let keys = self.fetch_keys(metadata).await?;
        self.keys.refetched(now);
        jws.verified_by(&keys).ok_or(unknown)
    }

    async fn fetch_keys(&self, metadata: &Metadata) -> Result<Arc<Vec<Key>>, SignInFault> {
        let body = self
            .get(metadata.jwks_uri.to_string(), None, KEYS_BYTES_MAX)
            .await?;
        Ok(self.keys.put(keys::parse(&body)?, self.clock.monotonic()))
    }

    /// The body of a successful response to a GET.
    async fn get(
        &self,
        url: String,
        authorization: Option<String>,
        bytes_max: usize,
    ) -> Result<Vec<u8>, SignInFault> {
        let shown = url.clone();
        let request = ToProvider {
            url,
            authorization,
            form: None,
            bytes_max,
        };
        let answer = self.send(request).await?;
        match answer.status {
            200 => Ok(answer.body),
            500..=599 => Err(SignInFault::Unreachable(format!(
                "{shown}: HTTP {}",
                answer.status
            ))),
            status => Err(SignInFault::Unusable(format!("{shown}: HTTP {status}"))),
        }
    }

    async fn send(&self, request: ToProvider) -> Result<FromProvider, SignInFault> {
        let _permit = self.requests.try_acquire().map_err(|_| SignInFault::Busy)?;
        let shown = request.url.clone();
        let answer = self.transport.send(request).await;
        answer.map_err(|error| SignInFault::Unreachable(format!("{shown}: {error}")))
    }
}

/// Why the provider gave no tokens (RFC 6749, section 5.2). Only `invalid_grant` is about the code.
fn refused_code(answer: &FromProvider) -> SignInFault {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = document["error"].as_str().unwrap_or_default();
    let description = document["error_description"].as_str().unwrap_or_default();
    let why = format!("HTTP {} {} {}", answer.status, quoted(error), quoted(description));
    match (answer.status, error) {
        (_, "invalid_grant") => SignInFault::Refused(why),
        (500..=599, _) => SignInFault::Unreachable(why),
        _ => SignInFault::Unusable(why),
    }
}

/// Words of the provider, for the log.
pub(super) fn quoted(words: &str) -> String {
    let words: String = words.chars().take(QUOTED_CHARS_MAX).collect();
    format!("{words:?}")
}
