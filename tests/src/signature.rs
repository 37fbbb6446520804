//! The signatures that receivers expect, implemented a second time from the specification alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Lowercase hex HMAC-SHA256 of the body, keyed with the displayed key: `Postrider-Signature`.
pub fn postrider(secret: &str, body: &[u8]) -> String {
    hmac_sha256(secret.as_bytes(), &[body])
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The token of one key in `webhook-signature`, by the Standard Webhooks specification.
pub fn standard_webhooks(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = STANDARD
        .decode(secret.trim_start_matches("whsec_"))
        .expect("a displayed key is base64");
    let mac = hmac_sha256(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
    format!("v1,{}", STANDARD.encode(mac))
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
