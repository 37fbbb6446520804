//! Why no signature matches: tries the usual mistakes, and reports the combination with the fewest.

use std::borrow::Cow;

use postrider_json::inspect;
use postrider_model::SigningSecret;
use subtle::ConstantTimeEq as _;

use super::alteration::{Alteration, Body, ENVELOPE};
use super::derivation::{Function, KeyForm, Message};
use super::received::{Received, Scheme, Signature};
use super::spelling::{self, MAC_BYTES, Spelling};

/// Most mistakes that are assumed at once, besides the spelling: of body, key and message.
const MISTAKES_MAX: usize = 3;

/// Most bytes that a search hashes: 0.1 to 0.4 seconds of a core, and enough to try every combination of one
/// key on a body of 32 KiB. Those with the fewest mistakes come first.
const HASHED_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Most bytes of changed bodies that a search holds: all changes of a body of 512 KiB that none makes much
/// longer. Printing them takes up to 0.6 seconds of a core, if the body is a list of numbers.
const CHANGED_BYTES_MAX: usize = 24 * 1024 * 1024;

/// What hashing a candidate costs beyond its body, in bytes: the blocks of key, padding and result.
const CANDIDATE_BYTES: usize = 256;

/// Explanations, a paragraph each; at least one.
pub fn explain(secrets: &[SigningSecret], received: &Received, body: &[u8]) -> Vec<String> {
    let mut wanted = Vec::new();
    let mut faults = vec![None; received.signatures.len()];
    for (signature, fault) in received.signatures.iter().zip(&mut faults) {
        match spelling::read(signature) {
            Ok((mac, spelling)) => wanted.push(Wanted {
                signature,
                mac,
                spelling,
                cause: None,
            }),
            Err(said) => *fault = Some(said),
        }
    }
    let mut search = Search {
        secrets,
        received,
        budget: HASHED_BYTES_MAX,
        is_complete: true,
    };
    let parsed = Body::new(body);
    search.run(&parsed, &mut wanted);
    let is_complete = search.is_complete;
    let mut found = wanted.iter().map(|wanted| wanted.in_words(&parsed));
    let (mut said, mut explanations) = (Vec::new(), Vec::new());
    for (signature, fault) in received.signatures.iter().zip(faults) {
        let is_fault = fault.is_some();
        let Some(words) = fault.or_else(|| found.next().flatten()) else {
            continue;
        };
        // Two signatures of one request usually fail for the same reason.
        if said.contains(&words) {
            continue;
        }
        let header = &signature.header;
        explanations.push(match is_fault || received.signatures.len() > 1 {
            true => format!("{header}: {words}"),
            false => words.clone(),
        });
        said.push(words);
    }
    if explanations.is_empty() {
        explanations.push(unexplained(body, is_complete));
    }
    explanations
}

/// How the body changed before it was verified, if `matches` holds for what it was before: a paragraph.
/// `hashes`: how often `matches` hashes its argument.
pub fn explain_change(body: &[u8], hashes: usize, mut matches: impl FnMut(&[u8]) -> bool) -> String {
    let parsed = Body::new(body);
    let (changed, mut is_complete) = changed(&parsed);
    let mut budget = HASHED_BYTES_MAX;
    for (alteration, signed) in &changed {
        let cost = (signed.len() + CANDIDATE_BYTES).saturating_mul(hashes.max(1));
        if cost > budget {
            is_complete = false;
            break;
        }
        budget -= cost;
        if let Some(meaning) = alteration.meaning(&parsed)
            && matches(signed)
        {
            return format!("It matches {meaning}");
        }
    }
    unexplained(body, is_complete)
}

/// A body that may have been signed, and what happened to it afterwards.
type Changed<'a> = (Alteration, Cow<'a, [u8]>);

/// The bodies that may have been signed, as many as fit, and whether these are all.
fn changed<'a>(body: &Body<'a>) -> (Vec<Changed<'a>>, bool) {
    let (mut room, mut is_complete) = (CHANGED_BYTES_MAX, true);
    let mut changed = Vec::new();
    for alteration in Alteration::all() {
        match alteration.undone(body) {
            Some(signed) if signed.len() <= room => {
                room -= signed.len();
                changed.push((alteration, signed));
            }
            Some(_) => is_complete = false,
            None => {}
        }
    }
    (changed, is_complete)
}

/// A signature to explain.
struct Wanted<'a> {
    signature: &'a Signature,
    mac: [u8; MAC_BYTES],
    spelling: Spelling,
    cause: Option<Cause>,
}

/// How the signature was computed.
#[derive(Debug, Clone, Copy)]
struct Cause {
    alteration: Alteration,
    key: KeyForm,
    message: Message,
    function: Function,
}

impl Cause {
    fn mistakes(&self, scheme: Scheme) -> usize {
        usize::from(self.alteration != Alteration::None)
            + usize::from(self.key != KeyForm::right_for(scheme))
            + usize::from(self.message != Message::right_for(scheme))
            + usize::from(self.function != Function::Hmac)
    }

    /// Every way to sign, with whatever body.
    fn all(alteration: Alteration) -> impl Iterator<Item = Self> {
        let keys = KeyForm::ALL.into_iter();
        // A hash without the key is the same for every form of it.
        let is_different = |key: KeyForm, function: Function| {
            function != Function::HashWithoutKey || matches!(key, KeyForm::Displayed | KeyForm::Decoded)
        };
        keys.flat_map(|key| Message::ALL.map(|message| (key, message)))
            .flat_map(|pair| Function::ALL.map(|function| (pair, function)))
            .filter(move |((key, _), function)| is_different(*key, *function))
            .map(move |((key, message), function)| Self {
                alteration,
                key,
                message,
                function,
            })
    }
}

/// A search for the causes of signatures that do not match.
struct Search<'a> {
    secrets: &'a [SigningSecret],
    received: &'a Received,
    /// How many bytes may still be hashed.
    budget: usize,
    /// Whether nothing was left out.
    is_complete: bool,
}

impl Search<'_> {
    /// Finds the causes, those with the fewest mistakes first.
    fn run(&mut self, body: &Body<'_>, wanted: &mut [Wanted<'_>]) {
        let mut changed = vec![(Alteration::None, Cow::Borrowed(body.bytes()))];
        for mistakes in 0..=MISTAKES_MAX {
            if mistakes == 1 {
                let (all, is_complete) = self::changed(body);
                changed = all;
                self.is_complete &= is_complete;
            }
            for (alteration, body) in &changed {
                for cause in Cause::all(*alteration) {
                    self.try_cause(cause, mistakes, body, wanted);
                }
            }
            if wanted.iter().all(|wanted| wanted.cause.is_some()) {
                break;
            }
        }
    }

    /// Compares the signatures for which this cause has so many mistakes.
    fn try_cause(&mut self, cause: Cause, mistakes: usize, body: &[u8], wanted: &mut [Wanted<'_>]) {
        let is_asked = |wanted: &Wanted<'_>| {
            wanted.cause.is_none() && cause.mistakes(wanted.signature.scheme) == mistakes
        };
        if self.budget == 0 || !wanted.iter().any(is_asked) {
            return;
        }
        let Some(before) = cause.message.before_body(self.received) else {
            return;
        };
        let secrets = match cause.function {
            Function::HashWithoutKey => &self.secrets[..self.secrets.len().min(1)],
            _ => self.secrets,
        };
        for secret in secrets {
            self.budget = self.budget.saturating_sub(body.len() + CANDIDATE_BYTES);
            if self.budget == 0 {
                self.is_complete = false;
                return;
            }
            let computed = cause.function.compute(&cause.key.bytes(secret), &before, body);
            for wanted in wanted.iter_mut().filter(|wanted| is_asked(wanted)) {
                // In constant time, because the caller may not know the key.
                if computed.ct_eq(&wanted.mac).into() {
                    wanted.cause = Some(cause);
                }
            }
        }
    }
}

impl Wanted<'_> {
    /// The mistakes, one paragraph; `None` if no cause was found.
    fn in_words(&self, body: &Body<'_>) -> Option<String> {
        let (cause, signature) = (self.cause?, self.signature);
        let (scheme, header) = (signature.scheme, &signature.header);
        let mut sentences = Vec::new();
        if let Some(meaning) = cause.alteration.meaning(body) {
            sentences.push(format!("It matches {meaning}"));
        }
        if cause.key != KeyForm::right_for(scheme) {
            let right = KeyForm::right_for(scheme).meaning();
            let used = cause.key.meaning();
            sentences.push(format!(
                "The key used was {used}; the key of {header} is {right}."
            ));
        }
        if cause.message != Message::right_for(scheme) {
            let right = Message::right_for(scheme).meaning();
            let signed = cause.message.meaning();
            sentences.push(format!("It signs {signed}; {header} signs {right}."));
        }
        sentences.extend(cause.function.meaning(signature));
        sentences.extend(self.spelling.meaning(signature));
        Some(sentences.join("\n"))
    }
}

fn unexplained(body: &[u8], is_complete: bool) -> String {
    let mut text = String::from(
        "No usual mistake explains it. Either the key is a different one (of another account, action or \
         installation, or one that has expired), or this is not the body that was signed.",
    );
    if !is_complete {
        text.push_str(
            " The body is too large to try every combination of mistakes; a smaller one may tell more.",
        );
    }
    if let Some(fault) = fault_of(body) {
        text.push('\n');
        text.push_str(&fault);
    }
    text
}

/// What is odd about the body itself.
fn fault_of(body: &[u8]) -> Option<String> {
    let fault = match body.trim_ascii() {
        b"" => "The body is empty: did something else read it first?",
        b"{}" => "The body is `{}`: did the framework find no parser for it? Take the raw bytes.",
        b"[object Object]" => {
            "The body is `[object Object]`: JavaScript turned the parsed body into text. Take the raw bytes."
        }
        _ => match std::str::from_utf8(body).map(inspect) {
            Err(_) => "The body is not UTF-8: was it compressed, or read in another encoding?",
            Ok(Err(error)) => return Some(format!("The body is not JSON ({error}): was it cut off?")),
            Ok(Ok(_)) if is_part_of_an_envelope(body) => {
                "The body has no `id`, `type`, `timestamp` and `data`: unless the action's body is `data` or a \
                 template, it is only a part of what was signed."
            }
            Ok(Ok(_)) => return None,
        },
    };
    Some(fault.to_owned())
}

fn is_part_of_an_envelope(body: &[u8]) -> bool {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    json.is_some_and(|json| !ENVELOPE.iter().all(|name| json.get(name).is_some()))
}
