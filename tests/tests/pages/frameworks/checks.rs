//! What each page promises: what Postrider sent is worked on once, and anything else is refused.

use std::time::{SystemTime, UNIX_EPOCH};

use http::Method;
use postrider_tests::{Account, Api, Server, signature};
use serde_json::json;

use super::framework::Framework;
use super::process::Process;

/// The key of the receiver, and another.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WRONG_KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Data that no parser and serialiser of any language leaves as it is.
const DATA: &str = "{ \"name\": \"Zoë 👋\",\r\n \"total\": 1250.0, \"10\": 1, \"2\": \"\\u00eb\\/ \" }";

/// The event of the section *Try it*.
const TRIED: &str = "evt_01h455vb4pex5vsknk084sn02q";

/// Bytes of text in a large event: more than the default limit of several frameworks, less than Postrider's.
const LARGE: usize = 250_000;

/// How far a timestamp may be off, and more than that.
const TOO_FAR_S: i64 = 301;

/// Checks the promises of a page. One that cannot run here is skipped, and the tests print its name.
pub async fn keeps_its_promises(framework: Framework) {
    if framework.obstacle() {
        return;
    }
    let receiver = Process::start(framework, KEY);
    let tried = receiver.try_it();
    assert!(tried.contains(" 204"), "{tried}");
    receiver.wait_until_it_worked_on(TRIED);
    accepts_what_is_delivered(&receiver).await;
    refuses_everything_else(&receiver).await;
}

/// Also during the overlap of a rotation, whether the receiver has the new key or the old one.
async fn accepts_what_is_delivered(receiver: &Process) {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    rotate(&account, json!({"secret": KEY})).await;
    let url = format!("http://{}/webhooks", receiver.address());
    account.automation(json!({"url": url, "body_style": "raw"})).await;
    let first = account.send("proposal.accepted", DATA).await;
    let delivery = account.wait_for_delivery(&first, "succeeded").await;
    receiver.wait_until_it_worked_on(&first);
    let resend = format!("/deliveries/{}/resend", delivery["id"].as_str().unwrap());
    account.api.post(account.at(&resend), "{}").await.expect(202);
    let twice = async || {
        let delivery = account.delivery(delivery["id"].as_str().unwrap()).await;
        (delivery["attempts"].as_array().unwrap().len() == 2).then_some(delivery)
    };
    let resent = postrider_tests::wait::until("a second attempt", postrider_tests::wait::SOON, twice).await;
    assert_eq!(resent["attempts"][0]["outcome"], "succeeded", "{resent}");
    assert_eq!(resent["attempts"][1]["outcome"], "succeeded", "{resent}");

    rotate(&account, json!({})).await;
    let large = json!({"text": "é".repeat(LARGE / 2)}).to_string();
    let second = account.send("proposal.accepted", &large).await;
    account.wait_for_delivery(&second, "succeeded").await;
    // The worker is done with the first event, too, when it has come to the second.
    receiver.wait_until_it_worked_on(&second);
    assert_eq!(
        receiver.times_it_worked_on(&first),
        1,
        "sent twice, worked on once"
    );
}

async fn rotate(account: &Account, rotation: serde_json::Value) {
    let path = account.at("/signing-keys/rotate");
    account.api.post(path, rotation).await.expect(201);
}

/// A request that a test signs itself.
struct Signed<'a> {
    key: &'a str,
    timestamp_s: i64,
    signed: &'a str,
    sent: &'a str,
}

/// The body of those requests.
const BODY: &str = r#"{"id":"evt_1","type":"a","data":{"total":1250.0}}"#;

async fn refuses_everything_else(receiver: &Process) {
    let api = Api::new(receiver.address(), None);
    let now_s = now_s();
    let good = Signed {
        key: KEY,
        timestamp_s: now_s,
        signed: BODY,
        sent: BODY,
    };
    assert_eq!(good.status(&api).await, 204, "signed by the test");
    let tampered = BODY.replace("1250.0", "1250");
    let tampered = Signed {
        sent: &tampered,
        ..good
    };
    let another_key = Signed {
        key: WRONG_KEY,
        ..good
    };
    let too_old = Signed {
        timestamp_s: now_s - TOO_FAR_S,
        ..good
    };
    // A minute more than above, because the receiver's clock moves on.
    let too_new = Signed {
        timestamp_s: now_s + TOO_FAR_S + 60,
        ..good
    };
    assert_eq!(tampered.status(&api).await, 401, "tampered with");
    assert_eq!(another_key.status(&api).await, 401, "another key");
    assert_eq!(too_old.status(&api).await, 401, "too old");
    assert_eq!(too_new.status(&api).await, 401, "too new");
    let timestamp = now_s.to_string();
    for headers in [
        &[][..],
        &[("webhook-id", "evt_1"), ("webhook-signature", "v1,AAAA")],
        &[
            ("webhook-id", "evt_1"),
            ("webhook-timestamp", &timestamp),
            ("webhook-signature", "v1,%%% v2 , v1, \"é\""),
        ],
        &[
            ("webhook-id", "evt_1"),
            ("webhook-timestamp", "soon"),
            ("webhook-signature", "v1,AAAA"),
        ],
    ] {
        let mut call = api.call_with(Method::POST, "/webhooks", BODY);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        assert_eq!(call.send().await.status, 401, "{headers:?}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the receivers compare with the clock of the machine"
)]
fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

impl Signed<'_> {
    async fn status(&self, api: &Api) -> u16 {
        let (id, timestamp) = ("evt_1", self.timestamp_s.to_string());
        let token = signature::standard_webhooks(self.key, id, &timestamp, self.signed.as_bytes());
        let call = api.call_with(Method::POST, "/webhooks", self.sent);
        call.header("webhook-id", id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", &token)
            .send()
            .await
            .status
    }
}
