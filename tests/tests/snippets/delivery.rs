//! Real deliveries, captured before a key rotation and during its overlap.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use postrider_tests::receiver::Received;
use postrider_tests::server::LOOPBACK_ALLOWED;
use postrider_tests::{Account, Receiver, Server, signature, wait};
use serde_json::json;

use super::placeholders::PREFIX;

/// A key that no account has.
pub const WRONG_KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Data that is sent unchanged, and that does not survive parsing and serialising.
const DATA: &str = "{ \"name\": \"Zoë 👋\",\r\n \"total\": 1250.0, \"10\": 1, \"2\": \"\\u00eb\\/\" }";

/// One received request, and modified copies of it.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// One delivery before a rotation, one during its overlap, and the keys.
#[derive(Debug)]
pub struct Deliveries {
    pub before_rotation: Delivery,
    pub during_rotation: Delivery,
    pub old_key: String,
    pub new_key: String,
}

impl Deliveries {
    /// Captures them from a server with the header prefix of the tests.
    pub async fn capture() -> Self {
        let flags = [&LOOPBACK_ALLOWED[..], &["--header-prefix", PREFIX]].concat();
        let server = Server::start_with(&flags);
        let account = Account::create(server.api()).await;
        let receiver = Receiver::start().await;
        let action = json!({"url": receiver.url("/hook"), "body": "data", "body_style": "raw"});
        account.automation(action).await;
        let old_key = account.secret().await;
        account.send("proposal.accepted", DATA).await;
        receiver.wait_for("/hook", 1, wait::SOON).await;
        let rotated = account
            .api
            .post(account.at("/signing-keys/rotate"), "{}")
            .await
            .expect(201);
        account.send("proposal.accepted", DATA).await;
        let received = receiver.wait_for("/hook", 2, wait::SOON).await;
        Self {
            before_rotation: Delivery::of(&received[0]),
            during_rotation: Delivery::of(&received[1]),
            old_key,
            new_key: rotated["secret"].as_str().unwrap().to_owned(),
        }
    }
}

impl Delivery {
    fn of(received: &Received) -> Self {
        assert_eq!(received.body, DATA, "the body arrives as it was reported");
        Self {
            headers: received.headers.clone(),
            body: received.body.clone(),
        }
    }

    /// The same delivery with another digit in its body, which is still JSON.
    pub fn with_a_byte_changed(&self) -> Self {
        let mut body = self.body.to_vec();
        let digit = body.iter_mut().find(|byte| **byte == b'1').unwrap();
        *digit = b'7';
        Self {
            body: body.into(),
            ..self.clone()
        }
    }

    /// The same delivery without the headers that hold signatures.
    pub fn without_signatures(&self) -> Self {
        let mut unsigned = self.clone();
        for name in ["webhook-signature".to_owned(), header(""), header("-Next")] {
            unsigned.headers.remove(name);
        }
        unsigned
    }

    /// The same delivery, signed with an empty key, in case the receiver has no key either.
    pub fn forged_without_a_key(&self) -> Self {
        let mut forged = self.clone();
        let text = |name: &str| self.headers[name].to_str().unwrap();
        let token =
            signature::standard_webhooks("", text("webhook-id"), text("webhook-timestamp"), &self.body);
        let hex = signature::postrider("", &self.body);
        for (name, value) in [
            ("webhook-signature".to_owned(), token),
            (header(""), hex.clone()),
            (header("-Next"), hex),
        ] {
            let name = http::HeaderName::try_from(name).unwrap();
            forged.headers.insert(name, HeaderValue::try_from(value).unwrap());
        }
        forged
    }
}

fn header(end: &str) -> String {
    format!("{PREFIX}-Signature{end}").to_ascii_lowercase()
}
