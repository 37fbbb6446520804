//! Signature profiles: which headers sign a request, and how a receiver checks them.
//!
//! A profile is a set of headers. Each has a [format](FormatError) over `{id}`, `{timestamp}`, `{hex}` and
//! `{base64}`; a header that signs also says which content it signs, with which [`Digest`] and which
//! [form of the key](KeyForm), and [which live keys](Overlap) sign while the keys of a rotation overlap.
//!
//! | profile | headers | signs |
//! |---|---|---|
//! | `postrider` | `Postrider-Signature` and the three of `standard` | body; id, time and body |
//! | `standard` | `webhook-id`, `webhook-timestamp`, `webhook-signature` | id, time and body |
//! | `svix` | `svix-id`, `svix-timestamp`, `svix-signature` | id, time and body |
//! | `github` | `X-Hub-Signature-256` | body |
//! | `stripe` | `Stripe-Signature` | time and body |
//! | `shopify` | `X-Shopify-Hmac-Sha256` | body |
//!
//! * `format`: text with placeholders. `key`: digests and keys. `built_in`: the table above.
//! * [`profiles`]: those of an installation. `outline`: what one sends, for people.
//! * [`draft`]: profiles of the settings, checked. [`signers`]: an account's live keys, expanded for a
//!   profile. [`verifier`]: a receiver's side.
//!
//! To add a profile: add it to `built_in`, and its official library to `tests/receivers/node/profiles.mjs`.
//! To add a digest: extend `key`.

mod built_in;
pub mod draft;
mod format;
mod key;
mod outline;
pub mod profiles;
pub mod signers;
pub mod verifier;

use serde::Deserialize;

pub use draft::{HeaderDraft, Problem, ProfileDraft, ProfileFault};
pub use format::{FORMAT_BYTES_MAX, FormatError, Placeholder};
pub use key::{Digest, KeyForm, public_key};
pub use outline::HeaderOutline;
pub use profiles::SignatureProfiles;
pub use signers::{KeyKindError, LiveKeys, Message, ProfileSigners};
pub use verifier::{ProfileVerifier, Verdict, VerifierKey, VerifyError};

use crate::header_names::is_same_header;
pub use built_in::BuiltIn;
use format::Format;
use key::Scheme;

/// A checked signature profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    name: Box<str>,
    headers: Vec<Header>,
    /// What [`Token::scheme`] points to. Each occurs once, so that each key is expanded once for it.
    schemes: Vec<Scheme>,
}

/// Which live keys sign a header while the keys of a rotation overlap. Otherwise the one live key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The oldest key that has not expired: its receivers see no difference until it does.
    #[default]
    Previous,
    /// The newest key, at once.
    Current,
    /// The newest key, and the header exists only while an overlap lasts.
    Next,
    /// All that have not expired, the newest first, each in an element of the value between separators.
    All,
}

/// A header of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    name: Box<str>,
    /// What precedes the signatures, an element each; the whole value of a header that signs nothing.
    lead: Vec<Format>,
    /// How a key signs: the first whose scheme fits the key. None: the header signs nothing.
    tokens: Vec<Token>,
    overlap: Overlap,
    /// What stands between elements. Values with one signature have one element.
    separator: char,
}

/// A signature in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// The position of its scheme.
    scheme: usize,
    /// What it signs.
    content: Format,
    /// How it is written. Holds `{hex}` or `{base64}`.
    value: Format,
    form: Placeholder,
    /// Characters of the signature in that form.
    signature_len: usize,
}

impl Profile {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its headers, spelt as they are sent.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|header| &*header.name)
    }

    /// Whether one of its headers has this name ([`is_same_header`]).
    pub fn has_header(&self, name: &str) -> bool {
        self.header_names().any(|header| is_same_header(header, name))
    }

    /// The same under another name.
    #[cfg(test)]
    fn renamed(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            headers: Vec::new(),
            schemes: Vec::new(),
        }
    }

    /// A signature of `content` in `value`, which holds it in this form.
    fn token(&mut self, value: Format, form: Placeholder, content: Format, scheme: Scheme) -> Token {
        let known = self.schemes.iter().position(|known| *known == scheme);
        Token {
            scheme: known.unwrap_or_else(|| {
                self.schemes.push(scheme);
                self.schemes.len() - 1
            }),
            content,
            value,
            form,
            signature_len: form.signature_len(scheme.signature_bytes()),
        }
    }
}
