//! A request as somebody pasted it, and what its signatures prove. Pure, and bounded by the size of a form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_configuration::Fault;
use postrider_configuration::codes;
use postrider_model::{KeyMaterial, SigningSecret};
use postrider_signing::diagnosis::{
    Diagnosis, Finding, Received, ReceivedError, explain_change, header_line, with_carriage_returns,
};
use postrider_signing::profile::{
    BuiltIn, Profile, ProfileVerifier, SignatureProfiles, VerifierKey, VerifyError,
};

use super::keys::Labelled;
use crate::form::Form;

/// Most headers that are looked at. A request has fewer.
const HEADERS_MAX: usize = 200;

/// The version of an Ed25519 signature in `webhook-signature`.
const ED25519_VERSION: &str = "v1a,";

/// A request as it was pasted.
pub struct Pasted {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The body with CR LF at the end of its lines, if it is a text with line breaks. A form sends every line
    /// break as CR LF, so both are possible.
    with_carriage_returns: Option<Vec<u8>>,
}

/// What the signatures of a request prove.
#[derive(Debug, Default)]
pub struct Judged {
    /// The signatures, in their order.
    pub lines: Vec<Line>,
    /// Why none matches.
    pub explanations: Vec<String>,
    /// Whether the body matches with CR LF alone.
    pub has_carriage_returns: bool,
}

/// What one signature proves.
#[derive(Debug)]
pub struct Line {
    /// The header that holds it.
    pub header: String,
    /// The beginning of the signature, as it was pasted.
    pub signature: String,
    /// The key that it matches, in words.
    pub matches: Option<String>,
    /// Whether that key still signs.
    pub is_live: bool,
    /// What else there is to say.
    pub detail: Option<String>,
}

impl Judged {
    /// Whether a signature matches.
    pub fn is_verified(&self) -> bool {
        self.lines.iter().any(|line| line.matches.is_some())
    }

    /// Whether one matches by a key that still signs. Anybody may have a key that has leaked and was rotated.
    pub fn is_authentic(&self) -> bool {
        self.lines.iter().any(|line| line.is_live)
    }
}

impl Pasted {
    /// Reads the form.
    pub fn of(form: &Form) -> Result<Self, Fault> {
        let lines = form.text("headers").lines();
        let headers = lines.filter_map(header_line).take(HEADERS_MAX);
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let text = form.text("body");
        if form.is_ticked("base64") {
            let base64: String = text.split_ascii_whitespace().collect();
            let body = STANDARD.decode(base64).map_err(|_| Fault {
                pointer: "/body".to_owned(),
                code: codes::INVALID_VALUE,
                detail: "this is not base64".to_owned(),
            })?;
            return Ok(Self {
                headers,
                body,
                with_carriage_returns: None,
            });
        }
        Ok(Self {
            headers,
            body: text.into(),
            with_carriage_returns: text.contains('\n').then(|| with_carriage_returns(text)),
        })
    }

    /// The body, as it was pasted.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What the body may have been before it was pasted.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        [Some(&self.body), self.with_carriage_returns.as_ref()]
            .into_iter()
            .flatten()
            .map(Vec::as_slice)
    }

    /// The values of the headers.
    pub fn header_values(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(_, value)| &**value)
    }

    /// Checks the signatures with these keys, by every profile whose headers the request has.
    pub fn judged(&self, keys: &[Labelled], profiles: &SignatureProfiles) -> Result<Judged, Fault> {
        let profiled = |body: &[u8]| -> Vec<Line> {
            let judging = self.profiles(profiles, keys);
            judging
                .flat_map(|profile| self.lines_of(profile, keys, body))
                .collect()
        };
        let (hmac_keys, secrets): (Vec<&Labelled>, Vec<SigningSecret>) = keys.iter().filter_map(hmac).unzip();
        let headers = self.diagnosed(profiles, keys);
        let headers = headers.iter().map(|(name, value)| (*name, &**value));
        let received = match Received::of(headers) {
            Ok(received) => Some(received),
            // The headers of another profile suffice.
            Err(_) if !profiled(&self.body).is_empty() => None,
            Err(error) => return Err(fault(error, profiles)),
        };
        let judged = |body: &[u8]| {
            let received = received.as_ref();
            let diagnosis = received.map(|received| Diagnosis::unexplained(&secrets, received, body, None));
            let mut judged = Judged::default();
            for (signature, finding) in diagnosis.iter().flat_map(|diagnosis| &diagnosis.findings) {
                let key = match finding {
                    Finding::Matches { key } | Finding::OffTime { key, .. } => Some(hmac_keys[*key]),
                    Finding::Differs => None,
                };
                judged.lines.push(Line {
                    header: signature.header.clone(),
                    signature: shortened(&signature.value),
                    matches: key.map(|key| key.label.clone()),
                    is_live: key.is_some_and(|key| key.is_live),
                    detail: None,
                });
            }
            judged.lines.extend(profiled(body));
            judged
        };
        let mut plain = judged(&self.body);
        if plain.is_verified() {
            return Ok(plain);
        }
        if let Some(body) = &self.with_carriage_returns {
            let other = judged(body);
            if other.is_verified() {
                return Ok(Judged {
                    has_carriage_returns: true,
                    ..other
                });
            }
        }
        plain.explanations = match &received {
            Some(received) => Diagnosis::explanations(&secrets, received, &self.body),
            None => {
                let hashes = keys.len() * profiles.all().count();
                let matches = |body: &[u8]| profiled(body).iter().any(|line| line.matches.is_some());
                vec![explain_change(&self.body, hashes, matches)]
            }
        };
        Ok(plain)
    }

    /// The headers that the diagnosis explains: those that no other profile describes. If there is an Ed25519
    /// key, its profile judges the signatures of that kind.
    fn diagnosed(&self, profiles: &SignatureProfiles, keys: &[Labelled]) -> Vec<(&str, String)> {
        let has_ed25519 = keys.iter().any(is_ed25519);
        let usual = profiles.find(Some(BuiltIn::Postrider.name()));
        let is_other = |name: &str| {
            let mut other = profiles.all().filter(|profile| !is_diagnosed(profile));
            other.any(|profile| profile.has_header(name))
                && !usual.is_some_and(|usual| usual.has_header(name))
        };
        let headers = self.headers.iter().filter(|(name, _)| !is_other(name));
        headers
            .map(
                |(name, value)| match has_ed25519 && has_ed25519_signature(value) {
                    true => (name.as_str(), without_ed25519_signatures(value)),
                    false => (name.as_str(), value.clone()),
                },
            )
            .collect()
    }

    /// The profiles whose headers the request has, except those that the diagnosis explains.
    fn profiles<'a>(
        &'a self,
        profiles: &'a SignatureProfiles,
        keys: &'a [Labelled],
    ) -> impl Iterator<Item = &'a Profile> {
        let has_ed25519 = keys.iter().any(is_ed25519);
        profiles.all().map(|profile| &**profile).filter(move |profile| {
            let by_public_key = has_ed25519 && profile.name() == BuiltIn::Standard.name();
            !is_diagnosed(profile) || by_public_key
        })
    }

    /// What the headers of a profile prove, those that the request has. Of several keys, the closest counts.
    fn lines_of(&self, profile: &Profile, keys: &[Labelled], body: &[u8]) -> Vec<Line> {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let is_standard = profile.name() == BuiltIn::Standard.name();
        let mut best: Vec<(&str, Result<&Labelled, VerifyError>)> = Vec::new();
        for key in keys.iter().filter(|key| !is_standard || is_ed25519(key)) {
            let verifier_key = VerifierKey::Signing(key.key.clone());
            let Ok(verifier) = ProfileVerifier::new(profile, &[verifier_key]) else {
                continue;
            };
            for verdict in verifier.verdicts(&headers, body, None) {
                let result = verdict.result.map(|()| key);
                match best.iter_mut().find(|(header, _)| *header == verdict.header) {
                    None => best.push((verdict.header, result)),
                    Some((_, known)) if closeness(&result) > closeness(known) => *known = result,
                    Some(_) => {}
                }
            }
        }
        let value = |name: &str| headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        best.into_iter()
            .filter_map(|(header, result)| Some((header, value(header)?.1, result)))
            .filter(|(_, value, _)| !is_standard || has_ed25519_signature(value))
            .map(|(header, value, result)| Line {
                header: header.to_owned(),
                signature: shortened(value),
                matches: result.ok().map(|key| key.label.clone()),
                is_live: result.is_ok_and(|key| key.is_live),
                detail: result
                    .err()
                    .filter(|error| *error != VerifyError::NoMatch)
                    .map(|error| error.to_string()),
            })
            .collect()
    }
}

/// Whether the diagnosis explains the signatures of this profile.
fn is_diagnosed(profile: &Profile) -> bool {
    [BuiltIn::Postrider, BuiltIn::Standard]
        .iter()
        .any(|built_in| built_in.name() == profile.name())
}

fn is_ed25519(key: &Labelled) -> bool {
    matches!(key.key, KeyMaterial::Ed25519(_))
}

fn has_ed25519_signature(value: &str) -> bool {
    let mut tokens = value.split_ascii_whitespace();
    tokens.any(|token| token.starts_with(ED25519_VERSION))
}

fn without_ed25519_signatures(value: &str) -> String {
    let tokens = value.split_ascii_whitespace();
    let others: Vec<_> = tokens
        .filter(|token| !token.starts_with(ED25519_VERSION))
        .collect();
    others.join(" ")
}

fn hmac(key: &Labelled) -> Option<(&Labelled, SigningSecret)> {
    match &key.key {
        KeyMaterial::Hmac(secret) => Some((key, secret.clone())),
        KeyMaterial::Ed25519(_) => None,
    }
}

fn closeness(result: &Result<&Labelled, VerifyError>) -> (bool, Option<VerifyError>) {
    (result.is_ok(), result.err())
}

/// Enough of a signature to recognise it.
fn shortened(value: &str) -> String {
    const SHOWN: usize = 20;
    let mut short: String = value.chars().take(SHOWN).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    short
}

/// The fault of the field with the headers.
fn fault(error: ReceivedError, profiles: &SignatureProfiles) -> Fault {
    let usual = profiles.find(Some(BuiltIn::Postrider.name()));
    let names: Vec<_> = usual.iter().flat_map(|profile| profile.header_names()).collect();
    let detail = match error {
        ReceivedError::NoSignature => format!(
            "no signature among the headers. Paste {}, or the headers of another signature profile",
            names.join(", ")
        ),
        other => other.to_string(),
    };
    Fault {
        pointer: "/headers".to_owned(),
        code: codes::INVALID_VALUE,
        detail,
    }
}
