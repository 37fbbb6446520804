//! Signature profiles of the settings: drafts, and the faults that a check finds.
//!
//! ```toml
//! [signature_profiles.acme]
//! [[signature_profiles.acme.headers]]
//! name = "Acme-Signature"
//! value = "t={timestamp},v1={hex}"
//! signed = "{timestamp}.{body}"
//! digest = "hmac-sha256"
//! key = "displayed"
//! overlap = "all"
//! separator = ","
//! ```

mod faults;
mod header;

use postrider_model::KeyAlgorithm;
use serde::Deserialize;

use super::format::FormatError;
use super::key::{Digest, KeyForm};
use super::{BuiltIn, Overlap, Profile};
use crate::header_names::HeaderNames;
use faults::Faults;

/// Most headers of a profile. The built-in `postrider` has five.
pub const PROFILE_HEADERS_MAX: usize = 8;

/// Most bytes of a profile's name.
pub const PROFILE_NAME_BYTES_MAX: usize = 32;

/// Most elements of a value that both live keys sign. Stripe's has two; a receiver looks at 32, with the
/// signatures of further keys.
pub const ELEMENTS_MAX: usize = 8;

/// Most bytes of the name of a header.
pub const HEADER_NAME_BYTES_MAX: usize = 64;

/// A profile as the settings describe it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileDraft {
    /// Its headers, in the order in which they are sent. At least one signs.
    pub headers: Vec<HeaderDraft>,
}

/// A header of a profile as the settings describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderDraft {
    /// Its name, spelt as it is to be sent.
    pub name: String,
    /// Its value: text with `{id}`, `{timestamp}`, and `{hex}` or `{base64}` for the signature.
    pub value: String,
    /// What is signed: text with `{id}`, `{timestamp}` and `{body}`. Required if the value holds a signature.
    pub signed: Option<String>,
    /// How the signature is computed. By default `hmac-sha256`.
    pub digest: Option<Digest>,
    /// Which bytes of the key an HMAC is keyed with. By default `displayed`.
    pub key: Option<KeyForm>,
    /// Which keys sign while the keys of a rotation overlap. By default `previous`.
    pub overlap: Option<Overlap>,
    /// What stands between the elements of a value that several keys sign: a space, comma or semicolon. The
    /// last element holds the signature and is written once for each key.
    pub separator: Option<char>,
}

/// A fault of a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct ProfileFault {
    /// Where it is, such as `headers[0].value`.
    pub at: String,
    /// What it is.
    pub problem: Problem,
}

/// What is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not a valid profile name.
    #[error("use 1 to {PROFILE_NAME_BYTES_MAX} lowercase letters, digits, `-` and `_`, a letter first")]
    ProfileName,
    /// A built-in profile has the name.
    #[error("a built-in profile has this name")]
    BuiltIn,
    /// There are no headers, or too many.
    #[error("list 1 to {PROFILE_HEADERS_MAX} headers")]
    HeaderCount,
    /// No header holds a signature.
    #[error("no header holds a signature: `{{hex}}` or `{{base64}}`")]
    NothingSigned,
    /// Outside of a rotation's overlap, nothing is signed.
    #[error("every signature has `overlap = \"next\"`: outside of a rotation, nothing would be signed")]
    SignedInOverlapOnly,
    /// No key can sign all its headers.
    #[error("some headers need an HMAC key and others an Ed25519 key: one key signs all headers")]
    TwoKinds,
    /// Not a valid name of a header (RFC 9110 section 5.6.2).
    #[error(
        "a header's name has 1 to {HEADER_NAME_BYTES_MAX} letters, digits and !#$%&'*+-.^_`|~ (RFC 9110)"
    )]
    HeaderName,
    /// The header is reserved.
    #[error("Postrider sets this header, or it belongs to the connection, to a proxy or to a cloud")]
    Reserved,
    /// Another header of the profile has the name.
    #[error("this header is listed more than once; case is ignored, and `_` counts as `-`")]
    Duplicate,
    /// It is not a format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The value is empty, or holds other characters than a header can.
    #[error("a value has visible ASCII characters, with spaces between them")]
    Value,
    /// The placeholder is not allowed here.
    #[error("`{0}` is not allowed here")]
    Misplaced(super::Placeholder),
    /// Nothing tells where one placeholder's text ends.
    #[error("placeholders need text between them, which begins and ends without a digit")]
    Ambiguous,
    /// The value holds two signatures.
    #[error("a value holds one signature: `{{hex}}` or `{{base64}}`")]
    TwoSignatures,
    /// It is required.
    #[error("required, because the value holds a signature")]
    Required,
    /// The signed content lacks the body.
    #[error("the body must be signed: add `{{body}}`")]
    BodyUnsigned,
    /// What is signed is in no header.
    #[error("`{0}` is signed, but no header holds it; receivers could not verify it")]
    Unsent(super::Placeholder),
    /// It has no effect.
    #[error("{0}")]
    NoEffect(&'static str),
    /// Not a valid separator.
    #[error("use a space, a comma or a semicolon, which separates elements that are not empty")]
    Separator,
    /// The value has too many elements.
    #[error("at most {ELEMENTS_MAX} elements")]
    TooManyElements,
    /// The signature is not in the last element.
    #[error("the last element must hold the signature, because it is written once for each key")]
    SignatureNotLast,
}

impl ProfileDraft {
    /// The profile of this name, or all faults; at least one. `is_reserved` says whether a header, in
    /// lowercase, belongs to the connection, to a proxy or to a cloud.
    ///
    /// # Errors
    /// See [`Problem`].
    pub fn check(
        &self,
        name: &str,
        names: &HeaderNames,
        is_reserved: impl Fn(&str) -> bool,
    ) -> Result<Profile, Vec<ProfileFault>> {
        let mut faults = Faults::default();
        if !is_profile_name(name) {
            faults.add("name", Problem::ProfileName);
        } else if BuiltIn::find(name).is_some() {
            faults.add("name", Problem::BuiltIn);
        }
        if !(1..=PROFILE_HEADERS_MAX).contains(&self.headers.len()) {
            faults.add("headers", Problem::HeaderCount);
            return Err(faults.0);
        }
        let mut profile = Profile::new(name);
        for (at, header) in self.headers.iter().enumerate() {
            let at = format!("headers[{at}]");
            let earlier = profile.has_header(&header.name);
            match header.name_problem(names, &is_reserved) {
                Some(problem) => faults.add(&format!("{at}.name"), problem),
                None if earlier => faults.add(&format!("{at}.name"), Problem::Duplicate),
                None => {}
            }
            if let Some(header) = header.check(&mut profile, &at, &mut faults) {
                profile.headers.push(header);
            }
        }
        if faults.0.is_empty() {
            check_whole(&profile, &mut faults);
        }
        if faults.0.is_empty() {
            Ok(profile)
        } else {
            Err(faults.0)
        }
    }
}

/// What concerns several headers: one signs each request, one key signs them all, and what is signed is sent.
fn check_whole(profile: &Profile, faults: &mut Faults) {
    let signing = || profile.headers.iter().filter(|header| !header.tokens.is_empty());
    if signing().next().is_none() {
        faults.add("headers", Problem::NothingSigned);
    } else if signing().all(|header| header.overlap == Overlap::Next) {
        faults.add("headers", Problem::SignedInOverlapOnly);
    } else if KeyAlgorithm::ALL
        .into_iter()
        .all(|kind| profile.takes(kind).is_err())
    {
        faults.add("headers", Problem::TwoKinds);
    }
    for (at, header) in profile.headers.iter().enumerate() {
        if let Some(hole) = header.unsent(&profile.headers) {
            faults.add(&format!("headers[{at}].signed"), Problem::Unsent(hole));
        }
    }
}

fn is_profile_name(name: &str) -> bool {
    let permitted = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    name.len() <= PROFILE_NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(permitted)
}
