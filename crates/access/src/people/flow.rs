//! A sign-in under way. Its secrets are sealed in a cookie of the browser that began it, so that strangers
//! who begin sign-ins write nothing, and any node can finish what another began.
//!
//! Another site cannot finish a flow that its own visitor did not begin: it does not have the cookie (login
//! CSRF; RFC 9700, section 4.7). A flow cannot be forged, because only the nodes can seal one.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use postrider_model::{Entropy, Timestamp};
use postrider_storage::Sealer;
use postrider_storage::sealing::{Context, What};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::SignInFault;

/// How long a person may take at the provider: long enough for a password and a second factor.
pub const FLOW_LIFETIME: Duration = Duration::from_secs(600);

/// Longest address to return to, in bytes; for a longer one, the person returns to the first page. Browsers
/// keep cookies up to 4 KiB.
const BACK_BYTES_MAX: usize = 1_024;

/// Most finished flows that a node remembers, each for [`FLOW_LIFETIME`]: 16 sign-ins a second.
const FINISHED_MAX: usize = 10_000;

/// The sealed part of the cookie has the flow's id in front: it derives the key, so that each flow has one.
const ID_BYTES: usize = 16;

/// What Postrider must know when the browser returns.
#[derive(Serialize, Deserialize)]
pub(super) struct Flow {
    /// Ties the provider's answer to this flow.
    pub(super) state: String,
    /// Ties the ID token to this flow.
    pub(super) nonce: String,
    /// Proves to the provider that we began it (PKCE, RFC 7636).
    pub(super) verifier: String,
    /// Where the provider sends the browser back to.
    pub(super) redirect_uri: String,
    /// The address that the person asked for.
    pub(super) back: String,
    begun_ms: i64,
}

impl Flow {
    /// A fresh flow.
    pub(super) fn new(entropy: &Entropy, redirect_uri: &str, back: &str, now: Timestamp) -> Self {
        let secret = || URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
        let back = if back.len() <= BACK_BYTES_MAX { back } else { "/" };
        Self {
            state: secret(),
            nonce: secret(),
            verifier: secret(),
            redirect_uri: redirect_uri.to_owned(),
            back: back.to_owned(),
            begun_ms: now.unix_ms(),
        }
    }

    /// What the provider learns of the verifier beforehand (`S256`: RFC 7636, section 4.2).
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

/// A flow whose browser has come back.
pub(super) struct Found {
    id: [u8; ID_BYTES],
    ends_ms: i64,
    pub(super) flow: Flow,
}

/// Seals flows, and lets each begin one session.
pub(super) struct Flows {
    sealer: Sealer,
    /// Flows that were finished on this node, with their ends in Unix milliseconds. On another node, the
    /// provider refuses the code, which it exchanges once (RFC 6749, section 4.1.2).
    finished: Mutex<HashMap<[u8; ID_BYTES], i64>>,
}

impl Flows {
    pub(super) fn new(sealer: Sealer) -> Self {
        let finished = Mutex::default();
        Self { sealer, finished }
    }

    /// The value of the flow's cookie. `id` is random.
    pub(super) fn seal(&self, flow: &Flow, id: [u8; ID_BYTES]) -> String {
        let text = serde_json::to_vec(flow).expect("texts and a number are JSON");
        let sealed = self.sealer.seal(&context(id), &text);
        URL_SAFE_NO_PAD.encode([&id[..], &sealed].concat())
    }

    /// The flow of this cookie, if it has this state, has not expired and was not finished before.
    pub(super) fn find(
        &self,
        cookie: Option<&str>,
        state: Option<&str>,
        now: Timestamp,
    ) -> Result<Found, SignInFault> {
        let (id, flow) = cookie
            .and_then(|cookie| self.open(cookie))
            .ok_or(SignInFault::Lost)?;
        let begun = Timestamp::from_unix_ms(flow.begun_ms);
        let ends_ms = begun.after(FLOW_LIFETIME).unix_ms();
        let is_state = flow.state.as_bytes().ct_eq(state.unwrap_or_default().as_bytes());
        let is_finished = self.finished.lock().contains_key(&id);
        if !bool::from(is_state) || now.unix_ms() >= ends_ms || is_finished {
            return Err(SignInFault::Lost);
        }
        Ok(Found { id, ends_ms, flow })
    }

    /// Ends a flow, of which one caller begins a session. Only flows that the provider has confirmed are
    /// remembered: strangers can begin any number of others.
    pub(super) fn finish(&self, found: &Found, now: Timestamp) -> Result<(), SignInFault> {
        let mut finished = self.finished.lock();
        if finished.len() >= FINISHED_MAX {
            finished.retain(|_, ends_ms| *ends_ms > now.unix_ms());
        }
        if finished.len() >= FINISHED_MAX {
            return Err(SignInFault::Busy);
        }
        match finished.insert(found.id, found.ends_ms) {
            None => Ok(()),
            Some(_) => Err(SignInFault::Lost),
        }
    }

    fn open(&self, cookie: &str) -> Option<([u8; ID_BYTES], Flow)> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (id, sealed) = bytes.split_first_chunk()?;
        let text = self.sealer.open(&context(*id), sealed).ok()?;
        Some((*id, serde_json::from_slice(&text).ok()?))
    }
}

const fn context(id: [u8; ID_BYTES]) -> Context {
    Context::of_installation(What::SignIn, id)
}

#[cfg(test)]
mod tests {
    use postrider_model::Entropy;
    use postrider_storage::sealing::known_sealer;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_767_225_600_000);

    fn flow() -> Flow {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        Flow::new(&entropy, "https://a.example/callback", "/accounts", NOW)
    }

    #[test]
    fn the_challenge_is_the_hash_of_the_verifier() {
        // RFC 7636, appendix B.
        let flow = Flow {
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            ..flow()
        };
        assert_eq!(flow.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_flow_begins_one_session_by_its_state_and_within_its_time() {
        let flows = Flows::new(known_sealer());
        let flow = flow();
        let state = Some(flow.state.as_str());
        let cookie = flows.seal(&flow, [1; 16]);
        let end = NOW.after(FLOW_LIFETIME);
        for (cookie, state, now) in [
            (None, state, NOW),
            (Some(cookie.as_str()), None, NOW),
            (Some(&cookie), Some("other"), NOW),
            (Some(&cookie), state, end),
            (Some(&cookie[1..]), state, NOW),
            (Some(""), state, NOW),
        ] {
            assert!(matches!(flows.find(cookie, state, now), Err(SignInFault::Lost)));
        }
        let found = flows.find(Some(&cookie), state, NOW).ok().unwrap();
        let again = flows.find(Some(&cookie), state, NOW).ok().unwrap();
        assert_eq!(found.flow.back, "/accounts");
        assert!(flows.finish(&found, NOW).is_ok());
        assert!(
            matches!(flows.finish(&again, NOW), Err(SignInFault::Lost)),
            "at the same moment"
        );
        assert!(matches!(
            flows.find(Some(&cookie), state, NOW),
            Err(SignInFault::Lost)
        ));
    }

    #[test]
    fn a_cookie_holds_no_secret_that_can_be_read_and_fits_into_a_browser() {
        let flows = Flows::new(known_sealer());
        let back = format!("/{}", "x".repeat(BACK_BYTES_MAX - 1));
        let flow = Flow { back, ..flow() };
        let cookie = flows.seal(&flow, [1; 16]);
        let bytes = URL_SAFE_NO_PAD.decode(&cookie).unwrap();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!holds(&flow.verifier) && !holds(&flow.nonce) && !holds(&flow.state));
        assert!(cookie.len() < 3_500, "{}", cookie.len());
    }

    #[test]
    fn finished_flows_are_forgotten_after_their_time_and_bounded() {
        let flows = Flows::new(known_sealer());
        let flow = flow();
        let ends_ms = NOW.after(FLOW_LIFETIME).unix_ms();
        let some = (0..u128::try_from(FINISHED_MAX).unwrap()).map(|n| (n.to_be_bytes(), ends_ms));
        flows.finished.lock().extend(some);
        let cookie = flows.seal(&flow, [0xff; 16]);
        let found = flows.find(Some(&cookie), Some(&flow.state), NOW).ok().unwrap();
        assert!(matches!(flows.finish(&found, NOW), Err(SignInFault::Busy)));
        let ends = flows
            .finished
            .lock()
            .values_mut()
            .map(|ends_ms| *ends_ms = NOW.unix_ms())
            .count();
        assert_eq!(ends, FINISHED_MAX);
        assert!(flows.finish(&found, NOW).is_ok());
        assert_eq!(flows.finished.lock().len(), 1);
    }
}
