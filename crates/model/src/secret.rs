//! Signing secrets, which an account shares with its receivers.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The prefix of every displayed signing secret (Standard Webhooks specification).
pub const SECRET_PREFIX: &str = "whsec_";

/// Random bytes in a secret that Postrider generates.
pub const SECRET_BYTES: usize = 24;

/// Range of the decoded length of a secret that the caller supplies, in bytes (Standard Webhooks
/// specification).
pub const SECRET_BYTES_BROUGHT: std::ops::RangeInclusive<usize> = 24..=64;

/// A signing secret in its displayed form, `whsec_` and base64. `Debug` does not print it; see
/// [`Self::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Box<str>);

/// A string that is not a signing secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `whsec_` followed by the base64 of 24 to 64 bytes")]
pub struct SecretError;

impl SigningSecret {
    /// Creates a secret from these random bytes.
    pub fn from_random(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes)).into())
    }

    /// The displayed form. The caller is responsible for where the secret goes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The decoded bytes after the prefix: the key of a Standard Webhooks signature.
    pub fn decoded(&self) -> Vec<u8> {
        STANDARD
            .decode(&self.0[SECRET_PREFIX.len()..])
            .expect("parsing checked the base64")
    }
}

impl FromStr for SigningSecret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let decoded = text
            .strip_prefix(SECRET_PREFIX)
            .and_then(|base64| STANDARD.decode(base64).ok());
        match decoded {
            Some(bytes) if SECRET_BYTES_BROUGHT.contains(&bytes.len()) => Ok(Self(text.into())),
            _ => Err(SecretError),
        }
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_a_round_trip_and_is_never_printed() {
        let secret = SigningSecret::from_random([7; 24]);
        assert_eq!(secret.expose().parse::<SigningSecret>().unwrap(), secret);
        assert_eq!(secret.decoded(), [7; 24]);
        assert_eq!(format!("{secret:?}"), "whsec_…");
    }

    #[test]
    fn other_strings_are_refused() {
        for text in [
            "",
            "whsec_",
            "whsec_abc",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_AAAA",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*",
        ] {
            assert!(text.parse::<SigningSecret>().is_err(), "{text}");
        }
    }
}
