//! What a known request with an `Idempotency-Key` means for its repetition.

use postrider_model::Timestamp;

use crate::requests::{Claimed, REQUEST_HANDLED_WITHIN, REQUESTS_LAST, RequestClaim};
use crate::sealing::{Context, Sealer, What};

/// A request that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRequest {
    /// See [`RequestClaim::fingerprint`].
    pub fingerprint: Vec<u8>,
    /// See [`RequestClaim::claim`].
    pub claim: Vec<u8>,
    /// When it was claimed.
    pub at: Timestamp,
    /// The sealed response, if it was handled.
    pub response: Option<Vec<u8>>,
}

/// Requests of this time or earlier are forgotten.
pub fn forgotten(now: Timestamp) -> Timestamp {
    now.before(REQUESTS_LAST)
}

/// What a claim finds.
pub fn judge(known: KnownRequest, claim: &RequestClaim, sealer: &Sealer) -> Claimed {
    if known.claim == claim.claim {
        // The claim was stored, and the connection broke before the store said so.
        return Claimed::Ours;
    }
    if known.fingerprint != claim.fingerprint {
        return Claimed::Other;
    }
    match known.response {
        // A response that a removed master key sealed does not open any more.
        Some(sealed) => match sealer.open(&context(claim.sha256), &sealed) {
            Ok(response) => Claimed::Handled(response),
            Err(_) => Claimed::Unknown,
        },
        None if claim.at < known.at.after(REQUEST_HANDLED_WITHIN) => Claimed::Running,
        None => Claimed::Unknown,
    }
}

/// A response as the store keeps it: it may hold a secret, such as a new API key.
///
/// It is not sealed again after a rotation of the master key, because it is kept for a day only.
pub fn seal(sha256: [u8; 32], response: &[u8], sealer: &Sealer) -> Vec<u8> {
    sealer.seal(&context(sha256), response)
}

fn context(sha256: [u8; 32]) -> Context {
    let mut row = [0; 16];
    row.copy_from_slice(&sha256[..16]);
    Context::of_installation(What::Response, row)
}

#[cfg(test)]
mod tests {
    use postrider_model::ApiKeyId;

    use super::*;
    use crate::sealing::known_sealer;

    #[test]
    fn a_repeated_request_gets_its_response_and_is_never_handled_twice() {
        let sealer = known_sealer();
        let at = Timestamp::from_unix_ms(1_800_000_000_000);
        let claim = RequestClaim {
            sha256: [1; 32],
            api_key: ApiKeyId::from_u128(1),
            fingerprint: [2; 32],
            claim: [3; 16],
            at,
        };
        let known = KnownRequest {
            fingerprint: vec![2; 32],
            claim: vec![4; 16],
            at,
            response: None,
        };
        let handled = KnownRequest {
            response: Some(seal([1; 32], b"done", &sealer)),
            ..known.clone()
        };
        let elsewhere = KnownRequest {
            response: Some(seal([9; 32], b"done", &sealer)),
            ..known.clone()
        };
        let own = KnownRequest {
            claim: vec![3; 16],
            ..known.clone()
        };
        let other = KnownRequest {
            fingerprint: vec![9; 32],
            ..handled.clone()
        };
        let later = RequestClaim {
            at: at.after(REQUEST_HANDLED_WITHIN),
            ..claim.clone()
        };
        for (known, claim, expected) in [
            (&known, &claim, Claimed::Running),
            (&known, &later, Claimed::Unknown),
            (&own, &later, Claimed::Ours),
            (&handled, &later, Claimed::Handled(b"done".to_vec())),
            (&elsewhere, &later, Claimed::Unknown),
            (&other, &claim, Claimed::Other),
        ] {
            assert_eq!(judge(known.clone(), claim, &sealer), expected);
        }
    }
}
