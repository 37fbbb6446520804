//! Checks a header of a draft by itself.

use super::faults::Faults;
use super::{ELEMENTS_MAX, HEADER_NAME_BYTES_MAX, HeaderDraft, Problem};
use crate::header_names::HeaderNames;
use crate::profile::format::{Format, Piece, Placeholder};
use crate::profile::key::{Digest, KeyForm, Scheme};
use crate::profile::{Header, Overlap, Profile, Token};
use crate::standard_webhooks::ID_HEADER;

/// Separators that neither a signature nor a time contains.
const SEPARATORS: [char; 3] = [' ', ',', ';'];

impl HeaderDraft {
    /// What is wrong with the name. A profile may have `…-Signature` and the like under the installation's
    /// prefix, but no header that says something else; and `webhook-id` is the event's id.
    pub(super) fn name_problem(
        &self,
        names: &HeaderNames,
        is_reserved: &dyn Fn(&str) -> bool,
    ) -> Option<Problem> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !(1..=HEADER_NAME_BYTES_MAX).contains(&self.name.len()) || !self.name.bytes().all(token) {
            return Some(Problem::HeaderName);
        }
        let lower = self.name.to_ascii_lowercase();
        // Servers that hand headers on as variables do not tell `_` from `-` (RFC 3875 section 4.1.18).
        let spelt = lower.replace('_', "-");
        let set_by_postrider = [
            &*names.event_type,
            &*names.delivery_id,
            &*names.attempt,
            "user-agent",
            "accept",
            "content-type",
        ];
        let is_ours = set_by_postrider
            .iter()
            .any(|ours| ours.eq_ignore_ascii_case(&spelt));
        let is_other_id = spelt == ID_HEADER && !(lower == ID_HEADER && self.value == "{id}");
        (is_ours || is_other_id || is_reserved(&spelt)).then_some(Problem::Reserved)
    }

    /// The header, unless it has faults.
    pub(super) fn check(&self, profile: &mut Profile, at: &str, faults: &mut Faults) -> Option<Header> {
        let value = faults.check(&format!("{at}.value"), self.value())?;
        let Some(form) = value.signature_form() else {
            return self.unsigned(value, at, faults);
        };
        let content = faults.check(&format!("{at}.signed"), self.content());
        if self.digest == Some(Digest::Ed25519) && self.key.is_some() {
            let problem = Problem::NoEffect("an Ed25519 key has one form; leave `key` out");
            faults.add(&format!("{at}.key"), problem);
        }
        let overlap = self.overlap.unwrap_or_default();
        let (lead, value) = if overlap == Overlap::All {
            self.elements(&value, at, faults)?
        } else if self.separator.is_some() {
            let problem = Problem::NoEffect("used only with `overlap = \"all\"`");
            faults.add(&format!("{at}.separator"), problem);
            return None;
        } else {
            (vec![], value)
        };
        let scheme = Scheme::new(
            self.digest.unwrap_or(Digest::HmacSha256),
            self.key.unwrap_or(KeyForm::Displayed),
        );
        Some(Header {
            name: (&*self.name).into(),
            lead,
            tokens: vec![profile.token(value, form, content?, scheme)],
            overlap,
            separator: self.separator.unwrap_or(' '),
        })
    }

    /// A header that signs nothing.
    fn unsigned(&self, value: Format, at: &str, faults: &mut Faults) -> Option<Header> {
        let has_no_effect = [
            ("signed", self.signed.is_some()),
            ("digest", self.digest.is_some()),
            ("key", self.key.is_some()),
            ("overlap", self.overlap.is_some()),
            ("separator", self.separator.is_some()),
        ];
        for (member, _) in has_no_effect.into_iter().filter(|(_, is_set)| *is_set) {
            let problem = Problem::NoEffect("the value holds no signature: `{hex}` or `{base64}`");
            faults.add(&format!("{at}.{member}"), problem);
        }
        Some(Header {
            name: (&*self.name).into(),
            lead: vec![value],
            tokens: vec![],
            overlap: Overlap::All,
            separator: ' ',
        })
    }

    fn value(&self) -> Result<Format, Problem> {
        let format = Format::parse(&self.value)?;
        let is_visible = |byte: u8| (0x20..=0x7e).contains(&byte);
        if self.value.trim() != self.value || self.value.is_empty() || !self.value.bytes().all(is_visible) {
            return Err(Problem::Value);
        }
        if format.has(Placeholder::Body) {
            return Err(Problem::Misplaced(Placeholder::Body));
        }
        if format.has(Placeholder::Hex) && format.has(Placeholder::Base64) {
            return Err(Problem::TwoSignatures);
        }
        match format.0.windows(2).any(is_ambiguous) {
            true => Err(Problem::Ambiguous),
            false => Ok(format),
        }
    }

    fn content(&self) -> Result<Format, Problem> {
        let format = Format::parse(self.signed.as_deref().ok_or(Problem::Required)?)?;
        match format.signature_form() {
            Some(form) => Err(Problem::Misplaced(form)),
            None if !format.has(Placeholder::Body) => Err(Problem::BodyUnsigned),
            None => Ok(format),
        }
    }

    /// What precedes the signature, an element each, and the element that holds it.
    fn elements(&self, value: &Format, at: &str, faults: &mut Faults) -> Option<(Vec<Format>, Format)> {
        let separator = self.separator.filter(|separator| SEPARATORS.contains(separator));
        let mut elements = value.split(separator.unwrap_or('\0'));
        if separator.is_none() || elements.iter().any(|element| element.0.is_empty()) {
            faults.add(&format!("{at}.separator"), Problem::Separator);
            return None;
        }
        if elements.len() > ELEMENTS_MAX {
            faults.add(&format!("{at}.value"), Problem::TooManyElements);
        }
        // An id could contain the separator.
        if value.has(Placeholder::Id) {
            faults.add(&format!("{at}.value"), Problem::Misplaced(Placeholder::Id));
        }
        let last = elements.pop().filter(|last| last.signature_form().is_some());
        let last = faults.check(&format!("{at}.value"), last.ok_or(Problem::SignatureNotLast))?;
        Some((elements, last))
    }
}

impl Header {
    /// A placeholder that a token signs and that stands in the value of no header.
    pub(super) fn unsent(&self, headers: &[Self]) -> Option<Placeholder> {
        let signs = |hole| self.tokens.iter().any(|token| token.content.has(hole));
        let is_sent = |hole| {
            headers
                .iter()
                .any(|header| header.formats().any(|format| format.has(hole)))
        };
        [Placeholder::Id, Placeholder::Timestamp]
            .into_iter()
            .find(|hole| signs(*hole) && !is_sent(*hole))
    }

    fn formats(&self) -> impl Iterator<Item = &Format> {
        self.lead
            .iter()
            .chain(self.tokens.iter().map(|token: &Token| &token.value))
    }
}

/// Whether nothing tells where the first piece ends and the second one begins.
fn is_ambiguous(pieces: &[Piece]) -> bool {
    let time = Piece::Hole(Placeholder::Timestamp);
    match pieces {
        [Piece::Hole(_), Piece::Hole(_)] => true,
        [Piece::Text(text), hole] if *hole == time => text.ends_with(|last: char| last.is_ascii_digit()),
        [hole, Piece::Text(text)] if *hole == time => text.starts_with(|first: char| first.is_ascii_digit()),
        _ => false,
    }
}
