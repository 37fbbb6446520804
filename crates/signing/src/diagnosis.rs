//! Which signatures of a request match its body, and why none does.
//!
//! * `received`: the headers that count. `search`: looks for the mistakes that make a signature match.
//! * `alteration`: what happens to bodies in transit. `printer`: programs that print JSON again, in the style
//!   of `writer` and with the numbers of `number`.
//! * `derivation`: keys, messages and functions. `spelling`: how the bytes of a signature are written.
//!
//! To add an explanation: add a variant to `alteration`, `derivation` or `spelling`, or a row to `printer`;
//! take its example from the program that makes the mistake.
//!
//! The caller may not know the keys. No finding and no explanation contains a key or a signature that was
//! not in the request, and signatures are compared in constant time. Somebody without the keys learns only
//! whether a signature that they already have is right.
//!
//! The work is bounded: a body is hashed at most twice for each key, and a search for mistakes has a bound of
//! its own and takes bodies of up to [`BODY_BYTES_MAX`].

mod alteration;
mod derivation;
mod number;
mod printer;
mod received;
mod search;
mod spelling;
mod writer;

use postrider_model::SigningSecret;
use subtle::ConstantTimeEq as _;

use crate::standard_webhooks::TOLERANCE_S;
use crate::{postrider_scheme, standard_webhooks};

pub use alteration::with_carriage_returns;
pub use received::{Received, ReceivedError, Scheme, Signature, header_line};

/// Largest body that mistakes are searched for in, in bytes: twice the largest event of an installation that
/// sets no other limit.
pub const BODY_BYTES_MAX: usize = 512 * 1024;

/// The result for one signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It matches.
    Matches {
        /// The index of the key.
        key: usize,
    },
    /// It matches, but the timestamp is too far from now.
    OffTime {
        /// The index of the key.
        key: usize,
        /// How old the timestamp is, in seconds; negative in the future.
        off_s: i64,
    },
    /// It does not match.
    Differs,
}

/// All signatures with their findings, and explanations if none matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The signatures, in their order.
    pub findings: Vec<(Signature, Finding)>,
    /// Why none matches: sentences for people, which may contain line breaks.
    pub explanations: Vec<String>,
}

impl Diagnosis {
    /// Checks every signature. `now_s` is the time in Unix seconds; `None` accepts a request of any age.
    pub fn of(secrets: &[SigningSecret], received: &Received, body: &[u8], now_s: Option<i64>) -> Self {
        let mut diagnosis = Self::unexplained(secrets, received, body, now_s);
        let is_mismatch = |(_, finding): &(Signature, Finding)| *finding == Finding::Differs;
        if diagnosis.findings.iter().all(is_mismatch) {
            diagnosis.explanations = Self::explanations(secrets, received, body);
        }
        diagnosis
    }

    /// Why no signature matches: sentences for people.
    pub fn explanations(secrets: &[SigningSecret], received: &Received, body: &[u8]) -> Vec<String> {
        match too_large(body) {
            Some(said) => vec![said],
            None => search::explain(secrets, received, body),
        }
    }

    /// Checks every signature, and does not look for the reason if none matches.
    pub fn unexplained(
        secrets: &[SigningSecret],
        received: &Received,
        body: &[u8],
        now_s: Option<i64>,
    ) -> Self {
        // Once for each key, and not for each signature: a body may be large, and the signatures many.
        let expected: Vec<_> = secrets
            .iter()
            .map(|secret| Expected::of(secret, received, body))
            .collect();
        let found = |signature: &Signature| find(&expected, received, signature, now_s);
        let signatures = received.signatures.iter();
        Self {
            findings: signatures
                .map(|signature| (signature.clone(), found(signature)))
                .collect(),
            explanations: vec![],
        }
    }

    /// Whether a signature matches, and its time is near enough.
    pub fn is_verified(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|(_, finding)| matches!(finding, Finding::Matches { .. }))
    }
}

/// Why no signature of a profile matches, where `matches` says whether one does for another body: a
/// paragraph. It looks for changes of the body alone. `hashes`: how often `matches` hashes its argument.
///
/// `matches` has to compare in constant time, as [`crate::profile::ProfileVerifier`] does.
pub fn explain_change(body: &[u8], hashes: usize, matches: impl FnMut(&[u8]) -> bool) -> String {
    too_large(body).unwrap_or_else(|| search::explain_change(body, hashes, matches))
}

fn too_large(body: &[u8]) -> Option<String> {
    (body.len() > BODY_BYTES_MAX).then(|| {
        format!(
            "No signature matches. Mistakes are searched for in bodies of up to {} KiB.",
            BODY_BYTES_MAX / 1024
        )
    })
}

/// The signatures of a body by one key, of the kinds that the request has.
struct Expected {
    postrider: Option<String>,
    standard: Option<String>,
}

impl Expected {
    fn of(secret: &SigningSecret, received: &Received, body: &[u8]) -> Self {
        let has = |scheme| received.signatures.iter().any(|it| it.scheme == scheme);
        let signed_as = received.signed_as().filter(|_| has(Scheme::Standard));
        Self {
            postrider: has(Scheme::Postrider).then(|| postrider_scheme::sign(secret, body)),
            standard: signed_as
                .map(|(id, timestamp_s)| standard_webhooks::sign(secret, id, timestamp_s, body)),
        }
    }

    fn is(&self, signature: &Signature) -> bool {
        let expected = match signature.scheme {
            Scheme::Postrider => &self.postrider,
            Scheme::Standard => &self.standard,
        };
        let value = signature.value.as_bytes();
        let expected = expected.as_deref().map(str::as_bytes);
        expected.is_some_and(|expected| expected.ct_eq(value).into())
    }
}

fn find(expected: &[Expected], received: &Received, signature: &Signature, now_s: Option<i64>) -> Finding {
    let Some(key) = expected.iter().position(|expected| expected.is(signature)) else {
        return Finding::Differs;
    };
    match (signature.scheme, received.signed_as(), now_s) {
        (Scheme::Standard, Some((_, sent_s)), Some(now_s)) if sent_s.abs_diff(now_s) > TOLERANCE_S => {
            Finding::OffTime {
                key,
                off_s: now_s.saturating_sub(sent_s),
            }
        }
        _ => Finding::Matches { key },
    }
}

#[cfg(test)]
mod tests;
