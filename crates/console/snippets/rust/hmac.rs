// cargo add hmac@0.13 sha2@0.11 http@1
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;

/// Takes the body as the bytes that arrived, before any parser touched them.
pub fn verify(headers: &HeaderMap, body: &[u8]) -> bool {
    let secret = std::env::var("WEBHOOK_SECRET").expect("WEBHOOK_SECRET is set");
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("HMAC takes a key of any length")
        .chain_update(body);
    // While a rotation of the key overlaps, the second header holds the signature of the new one.
    ["{{signature_header_lower}}", "{{next_signature_header_lower}}"]
        .into_iter()
        .filter_map(|name| from_hex(headers.get(name)?.to_str().ok()?))
        .any(|given| mac.clone().verify_slice(&given).is_ok())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}
