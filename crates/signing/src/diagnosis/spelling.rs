//! How the bytes of a signature are written.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};
use postrider_model::hex;

use super::received::{Scheme, Signature};

/// Bytes of an HMAC-SHA256.
pub const MAC_BYTES: usize = 32;

/// Base64 of URLs, with or without padding.
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As the scheme requires.
    Right,
    /// In the right digits, with another text in front or in upper case.
    Decorated,
    /// In hexadecimal, where base64 is expected.
    Hex,
    /// In base64, where hexadecimal is expected.
    Base64,
    /// In the base64 of URLs, or without padding.
    UrlBase64,
    /// The base64 of the hexadecimal digits.
    Base64OfHex,
}

impl Spelling {
    /// What is wrong, and what is right; `None` if nothing is wrong.
    pub fn meaning(self, signature: &Signature) -> Option<String> {
        let given = match self {
            Self::Right => return None,
            Self::Decorated => {
                return Some(match signature.scheme {
                    Scheme::Postrider => {
                        "The spelling of the signature is wrong: expected lowercase hexadecimal digits, and nothing \
                         before them."
                            .to_owned()
                    }
                    Scheme::Standard => {
                        "The spelling of the signature is wrong: expected `v1,` and base64.".to_owned()
                    }
                });
            }
            Self::Hex => "hexadecimal",
            Self::Base64 => "base64",
            Self::UrlBase64 => "the base64 of URLs, or without its padding",
            Self::Base64OfHex => "the base64 of the hexadecimal digits",
        };
        let header = &signature.header;
        Some(match signature.scheme {
            Scheme::Postrider => format!(
                "The spelling of the signature is {given}; {header} is lowercase hexadecimal (`digest(\"hex\")`, \
                 `hexdigest()`)."
            ),
            Scheme::Standard => format!(
                "The spelling of the signature is {given}; {header} is `v1,` and base64 of the HMAC's bytes \
                 (`digest(\"base64\")`, `b64encode(….digest())`)."
            ),
        })
    }
}

/// The MAC in a signature, in whatever form it is written, or what is wrong with it.
pub fn read(signature: &Signature) -> Result<([u8; MAC_BYTES], Spelling), String> {
    let value = signature.value.as_str();
    let value = value.strip_prefix("sha256=").unwrap_or(value);
    let bare = match value.split_once(',') {
        Some(("v1", bare)) => bare,
        Some(("v1a", _)) if signature.scheme == Scheme::Standard => {
            return Err(
                "version `v1a` is an Ed25519 signature: verify it with the public key (`whpk_…`)".to_owned(),
            );
        }
        Some((version, _)) if signature.scheme == Scheme::Standard => {
            return Err(format!(
                "version `{version}` is a kind of signature that Postrider does not produce"
            ));
        }
        _ => value,
    };
    let decoded = decoded(bare);
    let Some((bytes, spelling)) = decoded else {
        return Err(cut_off(signature.scheme));
    };
    let mac = <[u8; MAC_BYTES]>::try_from(bytes.as_slice()).map_err(|_| match bytes.len() {
        20 => "it has the length of SHA-1; expected HMAC-SHA256".to_owned(),
        64 => "it has the length of SHA-512; expected HMAC-SHA256".to_owned(),
        _ => cut_off(signature.scheme),
    })?;
    let right = match signature.scheme {
        Scheme::Postrider => hex::encode(&mac),
        Scheme::Standard => format!("v1,{}", STANDARD.encode(mac)),
    };
    let spelling = match (signature.scheme, spelling) {
        _ if right == signature.value => Spelling::Right,
        (Scheme::Postrider, Spelling::Hex) | (Scheme::Standard, Spelling::Base64) => Spelling::Decorated,
        (_, spelling) => spelling,
    };
    Ok((mac, spelling))
}

fn decoded(text: &str) -> Option<(Vec<u8>, Spelling)> {
    if let Some(bytes) = hex::decode(&text.to_ascii_lowercase()) {
        return Some((bytes, Spelling::Hex));
    }
    let (bytes, spelling) = match STANDARD.decode(text) {
        Ok(bytes) => (bytes, Spelling::Base64),
        Err(_) => (URL_SAFE.decode(text).ok()?, Spelling::UrlBase64),
    };
    let digits = std::str::from_utf8(&bytes).ok().and_then(hex::decode);
    match digits.filter(|digits| digits.len() == MAC_BYTES) {
        Some(digits) => Some((digits, Spelling::Base64OfHex)),
        None => Some((bytes, spelling)),
    }
}

fn cut_off(scheme: Scheme) -> String {
    match scheme {
        Scheme::Postrider => "expected 64 hexadecimal digits; was it cut off?".to_owned(),
        Scheme::Standard => "expected `v1,` and 44 characters of base64; was it cut off?".to_owned(),
    }
}
