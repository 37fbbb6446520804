//! What a receiver verifies: headers that anybody can send. Only signatures of the key are accepted. The
//! input is the id, the time, the signatures and the body, with NULs between them.
#![no_main]
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use postrider_signing::standard_webhooks::{self, WebhookHeaders};
use postrider_signing::{SigningSecret, postrider_scheme};

static SECRET: LazyLock<SigningSecret> =
    LazyLock::new(|| "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a key"));

const NOW_S: i64 = 1_614_265_330;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes
        .splitn(4, |it| *it == 0)
        .map(|it| std::str::from_utf8(it).ok());
    let [id, timestamp, signature, body] = [(); 4].map(|()| parts.next().flatten());
    let body = body.unwrap_or_default().as_bytes();
    let headers = WebhookHeaders {
        id,
        timestamp,
        signature,
    };
    if standard_webhooks::verify(&SECRET, &headers, body, NOW_S).is_ok() {
        let time: i64 = timestamp.and_then(|it| it.parse().ok()).expect("a time");
        let ours = standard_webhooks::sign(&SECRET, id.expect("an id"), time, body);
        assert!(signature.expect("signatures").split(' ').any(|it| it == ours));
    }
    if postrider_scheme::verify(&SECRET, body, signature, timestamp).is_ok() {
        let ours = postrider_scheme::sign(&SECRET, body);
        assert!([signature, timestamp].contains(&Some(&*ours)));
    }
    // Every text is a key or is refused.
    if let Some(Ok(secret)) = id.map(str::parse::<SigningSecret>) {
        let signed = postrider_scheme::sign(&secret, body);
        assert!(postrider_scheme::verify(&secret, body, Some(&signed), None).is_ok());
    }
});
