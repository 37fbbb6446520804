// cargo add standardwebhooks@1 http@1
use http::HeaderMap;
use standardwebhooks::Webhook;

/// Takes the body as the bytes that arrived, before any parser touched them.
pub fn verify(headers: &HeaderMap, body: &[u8]) -> bool {
    let secret = std::env::var("WEBHOOK_SECRET").expect("WEBHOOK_SECRET is set");
    let webhook = Webhook::new(&secret).expect("WEBHOOK_SECRET is a signing key");
    webhook.verify(body, headers).is_ok()
}
