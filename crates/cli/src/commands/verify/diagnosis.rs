//! Why no signature matches: tries the usual mistakes, and reports the combination with the fewest.

use postrider_json::inspect;
use postrider_model::{SigningSecret, hex};
use sha2::{Digest as _, Sha256};

use super::alteration::Alteration;
use super::derivation::{KeyForm, Message, mac};
use super::received::{Received, Scheme, Signature};

/// Explanations, a paragraph each; at least one.
pub fn explain(secrets: &[SigningSecret], received: &Received, body: &[u8]) -> Vec<String> {
    let mut explanations: Vec<String> = Vec::new();
    for signature in &received.signatures {
        let found = match raw(signature) {
            Err(fault) => Some(format!("{}: {fault}", signature.header)),
            Ok(wanted) => search(secrets, received, signature, &wanted, body)
                .or_else(|| without_hmac(secrets, signature, &wanted, body)),
        };
        // Two signatures of one request usually fail for the same reason.
        explanations.extend(found.filter(|found| !explanations.contains(found)));
    }
    if explanations.is_empty() {
        explanations.push(unexplained(body));
    }
    explanations
}

/// The MAC in a signature, in whatever form it is written.
fn raw(signature: &Signature) -> Result<Vec<u8>, String> {
    use base64::Engine as _;
    let value = signature.value.as_str();
    let value = value.strip_prefix("sha256=").unwrap_or(value);
    let bare = match value.split_once(',') {
        Some(("v1", bare)) => bare,
        Some((version, _)) if signature.scheme == Scheme::Standard => {
            return Err(format!(
                "version `{version}` is a kind of signature that Postrider does not produce"
            ));
        }
        _ => value,
    };
    let decoded = hex::decode(&bare.to_ascii_lowercase())
        .or_else(|| base64::engine::general_purpose::STANDARD.decode(bare).ok());
    match decoded.as_deref().map(<[u8]>::len) {
        Some(32) => Ok(decoded.unwrap_or_default()),
        Some(20) => Err("it has the length of SHA-1; expected HMAC-SHA256".to_owned()),
        Some(64) => Err("it has the length of SHA-512; expected HMAC-SHA256".to_owned()),
        _ => Err(match signature.scheme {
            Scheme::Postrider => "expected 64 hexadecimal digits; was it cut off?".to_owned(),
            Scheme::Standard => "expected `v1,` and 44 characters of base64; was it cut off?".to_owned(),
        }),
    }
}

/// How the signature was computed.
#[derive(Debug, Clone, Copy)]
struct Cause {
    alteration: Alteration,
    key: KeyForm,
    message: Message,
}

impl Cause {
    fn deviations(&self, scheme: Scheme) -> usize {
        usize::from(self.alteration != Alteration::None)
            + usize::from(self.key != KeyForm::right_for(scheme))
            + usize::from(self.message != Message::right_for(scheme))
    }
}

fn search(
    secrets: &[SigningSecret],
    received: &Received,
    signature: &Signature,
    wanted: &[u8],
    body: &[u8],
) -> Option<String> {
    let mut best: Option<Cause> = None;
    for alteration in Alteration::all() {
        let Some(altered) = alteration.undone(body) else {
            continue;
        };
        for (key, message) in KeyForm::ALL
            .iter()
            .flat_map(|key| Message::ALL.map(|message| (*key, message)))
        {
            let Some(before) = message.before_body(received) else {
                continue;
            };
            let cause = Cause {
                alteration,
                key,
                message,
            };
            let is_better = best
                .is_none_or(|best| cause.deviations(signature.scheme) < best.deviations(signature.scheme));
            if is_better
                && secrets
                    .iter()
                    .any(|secret| mac(&key.bytes(secret), &before, &altered) == wanted)
            {
                best = Some(cause);
            }
        }
    }
    best.map(|cause| in_words(cause, signature))
}

/// A hash of key and body where an HMAC was expected.
fn without_hmac(
    secrets: &[SigningSecret],
    signature: &Signature,
    wanted: &[u8],
    body: &[u8],
) -> Option<String> {
    let is_hash = |secret: &SigningSecret| {
        KeyForm::ALL.iter().any(|form| {
            let key = form.bytes(secret);
            [[&*key, body].concat(), [body, &*key].concat()]
                .iter()
                .any(|text| Sha256::digest(text)[..] == *wanted)
        })
    };
    secrets.iter().any(is_hash).then(|| {
        format!(
            "It is a plain SHA-256 of key and body; {} is an HMAC-SHA256 (`hmac.new`, `createHmac`, `hash_hmac`).",
            signature.header
        )
    })
}

fn in_words(cause: Cause, signature: &Signature) -> String {
    let scheme = signature.scheme;
    let mut sentences = Vec::new();
    if let Some(meaning) = cause.alteration.meaning() {
        sentences.push(format!("It matches {meaning}"));
    }
    if cause.key != KeyForm::right_for(scheme) {
        let right = KeyForm::right_for(scheme).meaning();
        sentences.push(format!(
            "The key used was {}; the key of {} is {right}.",
            cause.key.meaning(),
            signature.header
        ));
    }
    if cause.message != Message::right_for(scheme) {
        let right = Message::right_for(scheme).meaning();
        sentences.push(format!(
            "It signs {}; {} signs {right}.",
            cause.message.meaning(),
            signature.header
        ));
    }
    if sentences.is_empty() {
        // The MAC is right, so only the spelling can be wrong.
        sentences.push(
            match scheme {
                Scheme::Postrider => {
                    "Only the spelling of the signature is wrong: expected lowercase hexadecimal digits, and nothing before them."
                }
                Scheme::Standard => "Only the spelling of the signature is wrong: expected `v1,` and base64.",
            }
            .to_owned(),
        );
    }
    sentences.join("\n")
}

fn unexplained(body: &[u8]) -> String {
    let mut text = String::from(
        "No usual mistake explains it. Either the key is a different one (of another account or installation, or \
         rotated away: see `postrider keys show ACCOUNT`), or this is not the body that was signed.",
    );
    let fault = match std::str::from_utf8(body).map(inspect) {
        _ if body.is_empty() => Some("The body is empty: did something else read it first?".to_owned()),
        Err(_) => Some("The body is not UTF-8: was it compressed, or read in another encoding?".to_owned()),
        Ok(Err(error)) => Some(format!("The body is not JSON ({error}): was it cut off?")),
        Ok(Ok(_)) => None,
    };
    if let Some(fault) = fault {
        text.push('\n');
        text.push_str(&fault);
    }
    text
}
