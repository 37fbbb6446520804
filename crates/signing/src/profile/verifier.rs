//! A receiver's side: which headers of a request are signed with a key, as the profile writes them.
//!
//! Id and time are taken from the request as its headers hold them. Signatures are compared in constant time;
//! the work is linear in the headers and the body.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_model::ed25519::{Ed25519Error, Ed25519Public, KeyMaterial, KeyMaterialError, PUBLIC_PREFIX};
use postrider_model::hex;
use subtle::ConstantTimeEq as _;

use super::format::{Captured, Placeholder};
use super::key::{ExpandedKey, Scheme, is_signed, public_key};
use super::signers::{ExpandedKeys, KeyKindError};
use super::{Header, Overlap, Profile, Token};
use crate::standard_webhooks::TOLERANCE_S;

/// Most elements of a value that are looked at. A sender has two live keys; each element of an Ed25519
/// signature's form costs a verification.
const ELEMENTS_MAX: usize = 32;

/// What a receiver verifies with.
#[derive(Debug, Clone)]
pub enum VerifierKey {
    /// A signing key.
    Signing(KeyMaterial),
    /// The public key of an Ed25519 signing key.
    Public(Ed25519Public),
}

/// A string that is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// It begins with `whpk_`.
    #[error(transparent)]
    Public(#[from] Ed25519Error),
    /// Everything else.
    #[error(transparent)]
    Signing(#[from] KeyMaterialError),
}

/// Why a header does not verify, in the order of how close the request came: [`ProfileVerifier::verify`]
/// reports the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum VerifyError {
    /// The request does not have the header.
    #[error("the request does not have the header")]
    Missing,
    /// No element of the value has the profile's form.
    #[error("the value does not have the form of the profile")]
    Malformed,
    /// The id is signed, and no header holds it.
    #[error("no header holds the id, which is signed")]
    MissingId,
    /// The time is signed, and no header holds it as a whole number of seconds.
    #[error("no header holds the time in whole seconds, which is signed")]
    MissingTimestamp,
    /// The request was not signed with this key, or has been changed since.
    #[error("no signature matches the request")]
    NoMatch,
    /// The signature matches, and was made more than [`TOLERANCE_S`] ago.
    #[error("the request was sent too long ago")]
    TimestampTooOld,
    /// The signature matches, and its time is more than [`TOLERANCE_S`] in the future.
    #[error("the request was sent too far in the future")]
    TimestampTooNew,
}

/// What one header of a request proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'p> {
    /// The header's name, as the profile spells it.
    pub header: &'p str,
    /// Whether the request was signed with one of the keys.
    pub result: Result<(), VerifyError>,
}

/// Verifies requests of one profile with some keys.
#[derive(Debug, Clone)]
pub struct ProfileVerifier<'p> {
    profile: &'p Profile,
    keys: Vec<Key>,
}

#[derive(Debug, Clone)]
enum Key {
    Hmac(ExpandedKeys),
    Public(Ed25519Public),
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        if text.starts_with(PUBLIC_PREFIX) {
            Ok(Self::Public(text.parse()?))
        } else {
            Ok(Self::Signing(text.parse()?))
        }
    }
}

/// A request as it was received: names and values of its headers, in any case and order.
type Headers<'a> = &'a [(&'a str, &'a str)];

impl<'p> ProfileVerifier<'p> {
    /// Expands the keys.
    ///
    /// # Errors
    /// A header of the profile is not signed with keys of this kind.
    pub fn new(profile: &'p Profile, keys: &[VerifierKey]) -> Result<Self, KeyKindError> {
        let expanded = keys.iter().map(|key| match key {
            VerifierKey::Signing(KeyMaterial::Ed25519(secret)) => Key::public(profile, public_key(secret)),
            VerifierKey::Public(public) => Key::public(profile, *public),
            VerifierKey::Signing(key) => ExpandedKeys::new(profile, key).map(Key::Hmac),
        });
        Ok(Self {
            profile,
            keys: expanded.collect::<Result<_, _>>()?,
        })
    }

    /// Checks that a request with these headers and this body, byte for byte as it was received, was signed
    /// with one of the keys; and, where the profile signs the time, within [`TOLERANCE_S`] of `now_s` (Unix
    /// seconds). One header is enough. Of a name that occurs more than once, the first counts.
    ///
    /// # Errors
    /// See [`VerifyError`]; of several headers, that of the one that came closest.
    pub fn verify(&self, headers: Headers<'_>, body: &[u8], now_s: i64) -> Result<(), VerifyError> {
        let results = self.verdicts(headers, body, Some(now_s)).into_iter();
        let results: Vec<_> = results.map(|verdict| verdict.result).collect();
        if results.iter().any(Result::is_ok) {
            return Ok(());
        }
        let closest = results.into_iter().filter_map(Result::err).max();
        Err(closest.unwrap_or(VerifyError::Missing))
    }

    /// What each header of the profile that signs proves. Without `now_s`, requests of any age count.
    pub fn verdicts(&self, headers: Headers<'_>, body: &[u8], now_s: Option<i64>) -> Vec<Verdict<'p>> {
        let signing = self
            .profile
            .headers
            .iter()
            .filter(|header| !header.tokens.is_empty());
        signing
            .map(|header| Verdict {
                header: &header.name,
                result: self.verdict(header, headers, body, now_s),
            })
            .collect()
    }

    fn verdict(
        &self,
        header: &Header,
        headers: Headers<'_>,
        body: &[u8],
        now_s: Option<i64>,
    ) -> Result<(), VerifyError> {
        let value = find(headers, &header.name).ok_or(VerifyError::Missing)?;
        let context = self.context(header, headers);
        let mut reached = VerifyError::Malformed;
        for token in &header.tokens {
            let found = header.captured(value, token);
            if found.is_empty() {
                continue;
            }
            let (id, timestamp) = match context.of(token) {
                Ok(parts) => parts,
                Err(missing) => {
                    reached = reached.max(missing);
                    continue;
                }
            };
            reached = VerifyError::NoMatch;
            let message = (id, timestamp, body);
            if self.keys.iter().any(|key| key.matches(token, &found, message)) {
                return check_time(token, timestamp, now_s);
            }
        }
        Err(reached)
    }

    /// Id and time from this header, or else from any other.
    fn context<'a>(&self, header: &Header, headers: Headers<'a>) -> Context<'a> {
        let mut context = Context::default();
        for header in [header].into_iter().chain(&self.profile.headers) {
            let Some(value) = find(headers, &header.name) else {
                continue;
            };
            for captured in header.all_captured(value) {
                context.id = context.id.or(captured.id);
                context.timestamp = context.timestamp.or(captured.timestamp);
            }
        }
        context
    }
}

#[derive(Debug, Default)]
struct Context<'a> {
    id: Option<&'a str>,
    timestamp: Option<&'a str>,
}

impl<'a> Context<'a> {
    /// The id and the time that this token signs; empty where it signs none.
    fn of(&self, token: &Token) -> Result<(&'a str, &'a str), VerifyError> {
        let id = match self.id {
            None if token.content.has(Placeholder::Id) => return Err(VerifyError::MissingId),
            id => id.unwrap_or_default(),
        };
        match self.timestamp {
            None if token.content.has(Placeholder::Timestamp) => Err(VerifyError::MissingTimestamp),
            timestamp => Ok((id, timestamp.unwrap_or_default())),
        }
    }
}

impl Header {
    /// The elements of a received value; the value itself where it holds one signature.
    fn elements<'a>(&self, value: &'a str) -> impl Iterator<Item = &'a str> {
        let listed = (self.overlap == Overlap::All && !self.tokens.is_empty()).then_some(self.separator);
        let (split, whole) = match listed {
            Some(separator) => (Some(value.split(separator)), None),
            None => (None, Some(value)),
        };
        split.into_iter().flatten().chain(whole).take(ELEMENTS_MAX)
    }

    /// The elements that have the form of this token.
    fn captured<'a>(&self, value: &'a str, token: &Token) -> Vec<Captured<'a>> {
        let captured = |element: &'a str| token.value.capture(element, token.signature_len);
        self.elements(value).filter_map(captured).collect()
    }

    /// Everything that has a form of this header.
    fn all_captured<'a>(&self, value: &'a str) -> impl Iterator<Item = Captured<'a>> {
        self.elements(value).flat_map(|element| {
            let lead = self.lead.iter().map(|format| (format, 0));
            let tokens = self
                .tokens
                .iter()
                .map(|token| (&token.value, token.signature_len));
            lead.chain(tokens)
                .filter_map(move |(format, signature_len)| format.capture(element, signature_len))
        })
    }
}

impl Key {
    fn public(profile: &Profile, public: Ed25519Public) -> Result<Self, KeyKindError> {
        let signs = |header: &&Header| {
            let mut tokens = header.tokens.iter();
            header.tokens.is_empty() || tokens.any(|token| profile.schemes[token.scheme] == Scheme::Ed25519)
        };
        match profile.headers.iter().find(|header| !signs(header)) {
            None => Ok(Self::Public(public)),
            Some(header) => Err(KeyKindError::NeedsHmac {
                profile: profile.name().to_owned(),
                header: header.name.to_string(),
            }),
        }
    }

    /// Whether one of these signatures is by this key.
    fn matches(&self, token: &Token, found: &[Captured<'_>], message: (&str, &str, &[u8])) -> bool {
        let (id, timestamp, body) = message;
        let parts = || token.content.parts(id, timestamp, body);
        let signatures = found.iter().filter_map(|captured| captured.signature);
        match self {
            Self::Hmac(keys) => keys.get(token).is_some_and(|key: &ExpandedKey| {
                let expected = token.form.encode(key.sign(parts()).bytes());
                signatures
                    .fold(subtle::Choice::from(0), |any, signature| {
                        any | expected.as_bytes().ct_eq(signature.as_bytes())
                    })
                    .into()
            }),
            Self::Public(public) => {
                let message = parts().collect::<Vec<_>>().concat();
                let mut decoded = signatures.filter_map(|signature| token.form.decode(signature));
                decoded.any(|signature| is_signed(public, &message, &signature))
            }
        }
    }
}

impl Placeholder {
    fn encode(self, signature: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(signature),
            _ => STANDARD.encode(signature),
        }
    }

    fn decode(self, signature: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => hex::decode(signature),
            _ => STANDARD.decode(signature).ok(),
        }
    }
}

fn find<'a>(headers: Headers<'a>, name: &str) -> Option<&'a str> {
    let header = headers
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(header.1)
}

fn check_time(token: &Token, timestamp: &str, now_s: Option<i64>) -> Result<(), VerifyError> {
    let Some(now_s) = now_s.filter(|_| token.content.has(Placeholder::Timestamp)) else {
        return Ok(());
    };
    let timestamp_s: i64 = timestamp.parse().map_err(|_| VerifyError::MissingTimestamp)?;
    match timestamp_s.abs_diff(now_s) {
        ..=TOLERANCE_S => Ok(()),
        _ if timestamp_s < now_s => Err(VerifyError::TimestampTooOld),
        _ => Err(VerifyError::TimestampTooNew),
    }
}
