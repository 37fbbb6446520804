//! Sends a webhook with the credentials of its action's connection.
//!
//! The whole attempt has the action's timeout: fetching an access token takes its time from it. A token
//! endpoint is the receiver's: if it fails, the attempt has failed. What waits for resources of ours does not
//! count, here as elsewhere.
//!
//! A receiver that responds 401 to a token from memory gets the request once more, with a new token: tokens
//! are revoked, and servers lose their keys. It has not processed the request, and every request of an
//! attempt carries the same `webhook-id`.

use std::time::Duration;

use postrider_configuration::{Credentials, NoCredentials, OAuth2Client};
use postrider_egress::NotSent;
use postrider_model::attempt::{CONNECTION_UNUSABLE, NO_ACCESS_TOKEN};
use postrider_model::{AccountId, Clock, ConnectionId, CustomHeader, Outcome, SendWebhook};
use postrider_signing::is_same_header;

use super::tokens::{Asking, Got, Token, TokenFailure};
use super::{SERVICE_UNAVAILABLE, TOO_MANY_REQUESTS, Transport, WebhookCarrier, unsent};
use crate::carry::body::Body;
use crate::carry::{Carried, Job};

/// "401 Unauthorized" (RFC 9110, section 15.5.2).
const UNAUTHORIZED: u16 = 401;

/// The header of an access token.
const AUTHORIZATION: &str = "Authorization";

/// Why a connection is of no use beside the signature profile.
const TAKEN: &str = "The signature profile sets the same header";

/// Why a connection is of no use for a URL.
const NOT_FOR_HOST: &str = "Its hosts do not include the host of the URL";

/// A client of a token endpoint, and the account of its connection.
type Client<'a> = (&'a OAuth2Client, AccountId);

impl<T: Transport> WebhookCarrier<T> {
    /// Sends the webhook with the credentials of this connection; nothing without them.
    pub(super) async fn carry_authenticated(
        &self,
        job: &Job<'_>,
        webhook: &SendWebhook,
        body: &Body,
        connection: ConnectionId,
    ) -> Result<Carried, NotSent> {
        // Settings and connections change after the action was saved. What cannot be signed asks for no
        // token: a token endpoint that fails would spend an attempt of a delivery that waits.
        let Ok(signers) = job.entry.signers(job.action) else {
            return Err(NotSent::Postponed);
        };
        let is_taken = |name: &str| self.sets(signers.at(self.clock.now()).profile(), name);
        let timeout = webhook.timeout(job.timeout);
        let owner = match job.installation {
            Some(installation) if !job.entry.has_connection(connection) => installation,
            _ => job.entry,
        };
        // No credentials are given out for a host that may not receive them.
        let credentials = match owner.credentials(connection, &webhook.call_url()) {
            Ok(credentials) => credentials,
            // The stores refuse to save such an action, and to delete a connection that is in use.
            Err(NoCredentials::Missing) => return Ok(unusable(webhook, "It does not exist any more")),
            Err(NoCredentials::NotForHost) => return Ok(unusable(webhook, NOT_FOR_HOST)),
        };
        match credentials {
            Credentials::Header(header) if is_taken(&header.name) => Ok(unusable(webhook, TAKEN)),
            Credentials::OAuth2(_) if is_taken(AUTHORIZATION) => Ok(unusable(webhook, TAKEN)),
            Credentials::Header(header) => {
                let webhook = with_header(webhook, header.clone());
                self.carry_once(job, &webhook, body, None, timeout).await
            }
            Credentials::Certificate(identity) => {
                self.carry_once(job, webhook, body, Some(identity.clone()), timeout)
                    .await
            }
            Credentials::OAuth2(client) => {
                let owner = owner.config.account.id;
                self.carry_with_token(job, webhook, body, (client, owner)).await
            }
            Credentials::Unusable(reason) => Ok(unusable(webhook, reason)),
        }
    }

    async fn carry_with_token(
        &self,
        job: &Job<'_>,
        webhook: &SendWebhook,
        body: &Body,
        client: Client<'_>,
    ) -> Result<Carried, NotSent> {
        let mut time = Time::new(&*self.clock, webhook.timeout(job.timeout));
        let Got { token, is_new } = match self.token(job, client, None, &mut time).await? {
            Ok(got) => got,
            Err(failure) => return Ok(without_token(webhook, &failure, time.waited)),
        };
        let mut carried = self.carry_with(job, webhook, body, &token, &mut time).await?;
        if is_unauthorized(&carried) && !is_new {
            // Whatever goes wrong from here on, the 401 is what the receiver said: the repeat has only what
            // is left of the time.
            let renewed = self.token(job, client, Some(&token), &mut time).await;
            if let Ok(Ok(Got { token, .. })) = renewed
                && let Ok(again) = self.carry_with(job, webhook, body, &token, &mut time).await
                && again.exchange.status_code().is_some()
            {
                carried = again;
            }
        }
        carried.waited = time.waited;
        Ok(carried)
    }

    async fn carry_with(
        &self,
        job: &Job<'_>,
        webhook: &SendWebhook,
        body: &Body,
        token: &Token,
        time: &mut Time<'_>,
    ) -> Result<Carried, NotSent> {
        let header = CustomHeader::secret(AUTHORIZATION, format!("Bearer {}", token.expose()));
        let webhook = with_header(webhook, header);
        let carried = self.carry_once(job, &webhook, body, None, time.left()).await?;
        time.waited += carried.waited;
        Ok(carried)
    }

    async fn token(
        &self,
        job: &Job<'_>,
        (client, owner): Client<'_>,
        refused: Option<&Token>,
        time: &mut Time<'_>,
    ) -> Result<Result<Got, TokenFailure>, NotSent> {
        let asking = Asking {
            transport: &self.transport,
            user_agent: &self.header_names.user_agent,
            tenant: owner.as_u128(),
            timeout: time.left(),
            may_leave: job.may_leave,
        };
        let (got, waited) = self.tokens.get(client, refused, &asking).await?;
        time.waited += waited;
        Ok(got)
    }
}

/// The time of an attempt that sends several requests.
struct Time<'a> {
    clock: &'a dyn Clock,
    began: Duration,
    timeout: Duration,
    /// How long its requests waited for resources of ours.
    waited: Duration,
}

impl<'a> Time<'a> {
    fn new(clock: &'a dyn Clock, timeout: Duration) -> Self {
        Self {
            clock,
            began: clock.monotonic(),
            timeout,
            waited: Duration::ZERO,
        }
    }

    /// What is left of the timeout.
    fn left(&self) -> Duration {
        let elapsed = self.clock.monotonic().saturating_sub(self.began);
        self.timeout.saturating_sub(elapsed.saturating_sub(self.waited))
    }
}

/// The webhook with this header in place of its own of that name.
fn with_header(webhook: &SendWebhook, header: CustomHeader) -> SendWebhook {
    let mut webhook = webhook.clone();
    webhook
        .headers
        .retain(|own| !is_same_header(&own.name, &header.name));
    webhook.headers.push(header);
    webhook
}

fn is_unauthorized(carried: &Carried) -> bool {
    carried.exchange.status_code() == Some(UNAUTHORIZED)
}

fn without_token(webhook: &SendWebhook, failure: &TokenFailure, waited: Duration) -> Carried {
    let error = format!("{NO_ACCESS_TOKEN}: {}", failure.error);
    let mut carried = Carried::unauthenticated(unsent(webhook), failure.outcome, error);
    carried.advice.retry_after = failure.retry_after;
    carried.advice.overloaded = failure.status_code == Some(SERVICE_UNAVAILABLE);
    carried.advice.rate_limited = failure.status_code == Some(TOO_MANY_REQUESTS);
    carried.waited = waited;
    carried
}

fn unusable(webhook: &SendWebhook, reason: &str) -> Carried {
    let error = format!("{CONNECTION_UNUSABLE}: {reason}");
    Carried::unauthenticated(unsent(webhook), Outcome::ProtocolError, error)
}
