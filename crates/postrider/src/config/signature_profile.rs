//! The setting of how webhooks are signed.

use serde::{Deserialize, Serialize};

/// A built-in signature profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureProfile {
    /// The headers of Standard Webhooks, and a signature of the body.
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

impl SignatureProfile {
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
}

impl std::fmt::Display for SignatureProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
