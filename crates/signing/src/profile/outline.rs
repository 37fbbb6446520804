//! What a profile sends, for people: the format of each header, and what its signature covers.

use std::fmt;

use postrider_model::ed25519::KeyAlgorithm;

use super::format::{Format, Piece};
use super::signers::KeyKindError;
use super::{Header, Overlap, Profile, Token};

/// A header of a profile, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderOutline {
    /// Its name, as it is sent.
    pub name: String,
    /// The format of its value, such as `t={timestamp},v1={hex}`.
    pub value: String,
    /// What its signature covers, such as `{timestamp}.{body}`; `None` if it holds no signature.
    pub signed: Option<String>,
    /// How the signature is computed; `None` if it holds none.
    pub digest: Option<&'static str>,
    /// Whether the header is there only while the keys of a rotation overlap.
    pub only_in_overlap: bool,
}

impl Profile {
    /// Its headers as a key of this kind signs them.
    pub fn outline(&self, algorithm: KeyAlgorithm) -> Vec<HeaderOutline> {
        let outline = |header: &Header| {
            let fits = |token: &&Token| self.schemes[token.scheme].algorithm() == algorithm;
            let token = header.tokens.iter().find(fits);
            let token = token.or(header.tokens.first());
            let formats = header.lead.iter().chain(token.map(|token| &token.value));
            let formats: Vec<_> = formats.map(ToString::to_string).collect();
            HeaderOutline {
                name: header.name.to_string(),
                value: formats.join(&header.separator.to_string()),
                signed: token.map(|token| token.content.to_string()),
                digest: token.map(|token| self.schemes[token.scheme].name()),
                only_in_overlap: header.overlap == Overlap::Next,
            }
        };
        self.headers.iter().map(outline).collect()
    }

    /// Whether each of its headers can be signed with a key of this kind.
    ///
    /// # Errors
    /// The first header that cannot.
    pub fn takes(&self, algorithm: KeyAlgorithm) -> Result<(), KeyKindError> {
        let fits = |token: &Token| self.schemes[token.scheme].algorithm() == algorithm;
        let mut signing = self.headers.iter().filter(|header| !header.tokens.is_empty());
        match signing.find(|header| !header.tokens.iter().any(fits)) {
            None => Ok(()),
            Some(misfit) => Err(self.refusal(algorithm, misfit)),
        }
    }

    /// The kind of key that an account of this installation begins with: HMAC, which every receiver can
    /// verify, if the profile takes it.
    pub fn first_algorithm(&self) -> KeyAlgorithm {
        let mut all = KeyAlgorithm::ALL.into_iter();
        all.find(|algorithm| self.takes(*algorithm).is_ok())
            .unwrap_or_default()
    }

    /// The error of a header that a key of this kind cannot sign.
    pub(super) fn refusal(&self, algorithm: KeyAlgorithm, header: &Header) -> KeyKindError {
        let (profile, header) = (self.name().to_owned(), header.name.to_string());
        match algorithm {
            KeyAlgorithm::Ed25519 => KeyKindError::NeedsHmac { profile, header },
            KeyAlgorithm::Hmac => KeyKindError::NeedsEd25519 { profile, header },
        }
    }
}

/// As it was written.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Piece::Hole(hole) => fmt::Display::fmt(hole, f)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header_names::HeaderNames;
    use crate::profile::BuiltIn;

    #[test]
    fn an_outline_shows_formats_as_they_were_written() {
        let names = HeaderNames::new("Acme");
        let stripe = Profile::built_in(BuiltIn::Stripe, &names).outline(KeyAlgorithm::Hmac);
        let expected = HeaderOutline {
            name: "Stripe-Signature".to_owned(),
            value: "t={timestamp},v1={hex}".to_owned(),
            signed: Some("{timestamp}.{body}".to_owned()),
            digest: Some("HMAC-SHA256"),
            only_in_overlap: false,
        };
        assert_eq!(stripe, [expected]);
        let standard = Profile::built_in(BuiltIn::Standard, &names);
        for (algorithm, value, digest) in [
            (KeyAlgorithm::Hmac, "v1,{base64}", "HMAC-SHA256"),
            (KeyAlgorithm::Ed25519, "v1a,{base64}", "Ed25519"),
        ] {
            let outline = standard.outline(algorithm);
            assert_eq!(
                (outline[2].value.as_str(), outline[2].digest),
                (value, Some(digest))
            );
            assert_eq!(outline[0].signed, None);
        }
        let braces = Format::parse("{{a}} {id}").unwrap();
        assert_eq!(braces.to_string(), "{{a}} {id}");
    }

    #[test]
    fn each_profile_says_which_keys_it_takes() {
        let names = HeaderNames::new("Acme");
        for profile in BuiltIn::ALL.map(|profile| Profile::built_in(profile, &names)) {
            assert_eq!(profile.takes(KeyAlgorithm::Hmac), Ok(()));
            assert_eq!(profile.first_algorithm(), KeyAlgorithm::Hmac);
            let takes_both = ["standard", "svix"].contains(&profile.name());
            let ed25519 = profile.takes(KeyAlgorithm::Ed25519);
            assert_eq!(ed25519.is_ok(), takes_both, "{}", profile.name());
        }
    }
}
