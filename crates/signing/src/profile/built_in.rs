//! The profiles that need no settings. The libraries of their inventors verify them in
//! `tests/tests/cli/profiles.rs`.

use serde::{Deserialize, Serialize};

use super::format::Format;
use super::key::{Digest, KeyForm, Scheme};
use super::{Header, Overlap, Profile, Token};
use crate::header_names::HeaderNames;
use crate::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};

/// A profile that needs no settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuiltIn {
    /// The headers of Standard Webhooks, and a signature of the body.
    #[default]
    Postrider,
    /// Standard Webhooks alone.
    Standard,
    /// As Svix signs.
    Svix,
    /// As GitHub signs.
    Github,
    /// As Stripe signs.
    Stripe,
    /// As Shopify signs.
    Shopify,
}

impl BuiltIn {
    /// All of them, the default first.
    pub const ALL: [Self; 6] = [
        Self::Postrider,
        Self::Standard,
        Self::Svix,
        Self::Github,
        Self::Stripe,
        Self::Shopify,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postrider => "postrider",
            Self::Standard => "standard",
            Self::Svix => "svix",
            Self::Github => "github",
            Self::Stripe => "stripe",
            Self::Shopify => "shopify",
        }
    }

    /// The profile of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }
}

impl std::fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What `standard` and `svix` sign.
const ID_TIME_BODY: &str = "{id}.{timestamp}.{body}";

impl Profile {
    /// A built-in profile with the installation's header names.
    pub fn built_in(profile: BuiltIn, names: &HeaderNames) -> Self {
        let new = Self::new(profile.name());
        match profile {
            BuiltIn::Postrider => new
                .signs_body(&names.signature, Overlap::Previous, "{hex}")
                .signs_body(&names.signature_next, Overlap::Next, "{hex}")
                .standard(ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER),
            BuiltIn::Standard => new
                .standard(ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
                .with_ed25519(),
            BuiltIn::Svix => new
                .standard("svix-id", "svix-timestamp", "svix-signature")
                .with_ed25519(),
            // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
            BuiltIn::Github => new.signs_body("X-Hub-Signature-256", Overlap::Previous, "sha256={hex}"),
            BuiltIn::Stripe => new.stripe(),
            // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
            BuiltIn::Shopify => new.signs_body("X-Shopify-Hmac-Sha256", Overlap::Previous, "{base64}"),
        }
    }

    /// A header with one signature of the body, by HMAC-SHA256 with the displayed key.
    fn signs_body(mut self, name: &str, overlap: Overlap, value: &str) -> Self {
        let scheme = Scheme::new(Digest::HmacSha256, KeyForm::Displayed);
        let token = self.built_in_token(value, "{body}", scheme);
        self.with(name, &[], vec![token], overlap, ' ')
    }

    /// `t=…,v1=…`: <https://docs.stripe.com/webhooks#verify-manually>.
    fn stripe(mut self) -> Self {
        let scheme = Scheme::new(Digest::HmacSha256, KeyForm::Displayed);
        let token = self.built_in_token("v1={hex}", "{timestamp}.{body}", scheme);
        let lead = ["t={timestamp}"];
        self.with("Stripe-Signature", &lead, vec![token], Overlap::All, ',')
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
