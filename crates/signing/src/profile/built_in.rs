//! The profiles that need no settings. The libraries of their inventors verify them in
//! `tests/tests/cli/profiles.rs`.

use super::format::Format;
use super::key::{Digest, KeyForm, Scheme};
use super::{Header, Overlap, Profile, Token};
use crate::header_names::HeaderNames;
use crate::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};

/// The names of the built-in profiles.
pub const BUILT_IN: [&str; 6] = [DEFAULT, "standard", "svix", "github", "stripe", "shopify"];

/// The profile of installations that choose no other.
pub const DEFAULT: &str = "postrider";

/// What `standard` and `svix` sign.
const ID_TIME_BODY: &str = "{id}.{timestamp}.{body}";

impl Profile {
    /// The built-in profile of this name, if there is one, with the installation's header names.
    pub fn built_in(name: &str, names: &HeaderNames) -> Option<Self> {
        use {Digest::HmacSha256, KeyForm::Displayed};
        let profile = Self::new(name);
        Some(match name {
            DEFAULT => profile
                .signed(
                    &names.signature,
                    Overlap::Previous,
                    "{hex}",
                    ("{body}", Displayed),
                )
                .signed(
                    &names.signature_next,
                    Overlap::Next,
                    "{hex}",
                    ("{body}", Displayed),
                )
                .standard(ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER),
            "standard" => profile
                .standard(ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
                .with_ed25519(),
            "svix" => profile
                .standard("svix-id", "svix-timestamp", "svix-signature")
                .with_ed25519(),
            // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
            "github" => profile.signed(
                "X-Hub-Signature-256",
                Overlap::Previous,
                "sha256={hex}",
                ("{body}", Displayed),
            ),
            // https://docs.stripe.com/webhooks#verify-manually
            "stripe" => {
                let mut profile = profile;
                let token = profile.built_in_token(
                    "v1={hex}",
                    "{timestamp}.{body}",
                    Scheme::new(HmacSha256, Displayed),
                );
                profile.with(
                    "Stripe-Signature",
                    &["t={timestamp}"],
                    vec![token],
                    Overlap::All,
                    ',',
                )
            }
            // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
            "shopify" => profile.signed(
                "X-Shopify-Hmac-Sha256",
                Overlap::Previous,
                "{base64}",
                ("{body}", Displayed),
            ),
            _ => return None,
        })
    }

    /// A header with one signature by HMAC-SHA256 of this content, keyed with this form of the key.
    fn signed(mut self, name: &str, overlap: Overlap, value: &str, signs: (&str, KeyForm)) -> Self {
        let token = self.built_in_token(value, signs.0, Scheme::new(Digest::HmacSha256, signs.1));
        self.with(name, &[], vec![token], overlap, ' ')
    }

    /// The three headers of Standard Webhooks, under these names.
    fn standard(mut self, id: &str, timestamp: &str, signature: &str) -> Self {
        let scheme = Scheme::new(Digest::HmacSha256, KeyForm::Decoded);
        let token = self.built_in_token("v1,{base64}", ID_TIME_BODY, scheme);
        self.with(id, &["{id}"], vec![], Overlap::All, ' ')
            .with(timestamp, &["{timestamp}"], vec![], Overlap::All, ' ')
            .with(signature, &[], vec![token], Overlap::All, ' ')
    }

    /// With an Ed25519 key, the last header signs `v1a` (Standard Webhooks specification, "Signature
    /// scheme").
    fn with_ed25519(mut self) -> Self {
        let token = self.built_in_token("v1a,{base64}", ID_TIME_BODY, Scheme::Ed25519);
        let last = self.headers.last_mut().expect("a profile has headers");
        last.tokens.push(token);
        self
    }

    fn with(
        mut self,
        name: &str,
        lead: &[&str],
        tokens: Vec<Token>,
        overlap: Overlap,
        separator: char,
    ) -> Self {
        self.headers.push(Header {
            name: name.into(),
            lead: lead.iter().map(|format| parsed(format)).collect(),
            tokens,
            overlap,
            separator,
        });
        self
    }

    fn built_in_token(&mut self, value: &str, content: &str, scheme: Scheme) -> Token {
        let value = parsed(value);
        let form = value
            .signature_form()
            .expect("the formats of tokens hold a signature");
        self.token(value, form, parsed(content), scheme)
    }
}

fn parsed(format: &str) -> Format {
    Format::parse(format).expect("the formats of built-in profiles are valid")
}
