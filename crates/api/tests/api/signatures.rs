//! Signature profiles and signing keys of actions.

use http::Method;
use postrider_signing::HeaderNames;
use postrider_signing::profile::{BuiltIn, Profile, ProfileVerifier};
use serde_json::{Value, json};

use crate::app::{App, url};

/// A webhook action with these members.
fn action(members: &Value) -> Value {
    let mut action = json!({"type": "send_webhook", "url": url(200)});
    let members = members.as_object().unwrap().clone();
    action.as_object_mut().unwrap().extend(members);
    action
}

fn automation(members: &Value) -> Value {
    json!({"name": "Tell them", "trigger": {"event_types": ["*"]}, "actions": [action(members)]})
}

/// An automation of an account, with one action.
struct Things {
    account: String,
    path: String,
    /// The path of the action's keys.
    keys: String,
    action: Value,
}

async fn things(app: &App, members: &Value) -> Things {
    let account = app.account().await;
    let list = format!("{account}/automations");
    let created = app.post(&list, &automation(members)).await.expect(201);
    let path = format!("{list}/{}", created["id"].as_str().unwrap());
    let action = created["actions"][0].clone();
    let keys = format!("{path}/actions/{}/signing-keys", action["id"].as_str().unwrap());
    Things {
        account,
        path,
        keys,
        action,
    }
}

/// The `number`-th request that was sent, once it was.
async fn sent(app: &App, number: usize) -> postrider_egress::Request {
    for _ in 0..2_000 {
        if let Some(request) = app.sent.lock().get(number) {
            return request.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("nothing was sent");
}

/// Whether the request verifies under the profile with this key.
fn verifies(request: &postrider_egress::Request, profile: BuiltIn, key: &Value) -> bool {
    let profile = Profile::built_in(profile, &HeaderNames::new("Postrider"));
    let key = key.as_str().unwrap().parse().unwrap();
    let verifier = ProfileVerifier::new(&profile, &[key]).unwrap();
    let headers = request.headers.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let verdicts = verifier.verdicts(&headers, &request.body, None);
    verdicts.iter().all(|verdict| verdict.result.is_ok())
}

async fn post_event(app: &App, things: &Things) -> Value {
    let event = json!({"type": "a.b", "data": {"n": 1}});
    let path = format!("{}/events", things.account);
    app.post(&path, &event).await.expect(202)["id"].clone()
}

#[tokio::test]
async fn an_action_signs_by_its_own_profile_and_key_and_a_resend_by_the_key_of_the_moment() {
    let app = App::start().await;
    let own = json!({"signature_profile": "github", "signing_key": "own_hmac"});
    let things = things(&app, &own).await;
    assert_eq!(things.action["signature_profile"], "github");
    assert_eq!(things.action["signing_key"], "own_hmac");
    let listed = app.get(&things.keys).await.expect(200);
    let first = listed["data"][0]["secret"].clone();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["algorithm"], "hmac");
    let of_account = app
        .get(&format!("{}/signing-keys", things.account))
        .await
        .expect(200);
    let of_account = &of_account["data"][0]["secret"];

    post_event(&app, &things).await;
    let request = sent(&app, 0).await;
    assert!(verifies(&request, BuiltIn::Github, &first));
    assert!(!verifies(&request, BuiltIn::Github, of_account));
    let has = |name: &str| request.headers.iter().any(|(other, _)| other == name);
    assert!(
        !has("Postrider-Signature") && has("webhook-id"),
        "{:?}",
        request.headers
    );

    let rotate = format!("{}/rotate", things.keys);
    let second = app.post(&rotate, &json!({"overlap_s": 0})).await.expect(201);
    let deliveries = format!("{}/deliveries?status=succeeded", things.account);
    let settled = app
        .until(&deliveries, |list| list["data"][0]["id"].is_string())
        .await;
    let delivery = settled["data"][0]["id"].as_str().unwrap();
    let resend = format!("{}/deliveries/{delivery}/resend", things.account);
    app.call(Method::POST, &resend, None, &[]).await.expect(202);
    let resent = sent(&app, 1).await;
    assert!(verifies(&resent, BuiltIn::Github, &second["secret"]));
    assert!(!verifies(&resent, BuiltIn::Github, &first));
}

#[tokio::test]
async fn keys_of_an_action_stay_with_its_id_and_go_with_the_action() {
    let app = App::start().await;
    let things = things(&app, &json!({"signing_key": "own_hmac"})).await;
    let key = app.get(&things.keys).await.expect(200)["data"][0].clone();
    let id = things.action["id"].clone();
    let patch = async |action: Value| app.patch(&things.path, &json!({"actions": [action]})).await;
    for members in [
        json!({"id": id}),
        json!({"id": id, "signing_key": null, "timeout_s": 7}),
        json!({"id": id, "signing_key": "own_hmac", "url": "https://elsewhere.example/200"}),
    ] {
        let patched = patch(action(&members)).await.expect(200);
        assert_eq!(patched["actions"][0]["signing_key"], "own_hmac");
        assert_eq!(
            app.get(&things.keys).await.expect(200)["data"][0],
            key,
            "{members}"
        );
    }
    let other = patch(action(&json!({"signing_key": "own_hmac"})))
        .await
        .expect(200);
    app.get(&things.keys).await.problem(404, "action_not_found");
    let keys = things
        .keys
        .replace(id.as_str().unwrap(), other["actions"][0]["id"].as_str().unwrap());
    let new = app.get(&keys).await.expect(200);
    assert_ne!(
        new["data"][0]["secret"], key["secret"],
        "a new action has a new key"
    );
    assert_eq!(new["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_of_its_own_overlaps_with_the_key_that_signed_before() {
    let app = App::start().await;
    let things = things(&app, &json!({})).await;
    assert_eq!(things.action["signing_key"], "account");
    assert_eq!(app.get(&things.keys).await.expect(200)["data"], json!([]));
    let rotate = format!("{}/rotate", things.keys);
    app.call(Method::POST, &rotate, None, &[])
        .await
        .problem(409, "no_own_signing_key");
    let of_account = app
        .get(&format!("{}/signing-keys", things.account))
        .await
        .expect(200);
    let id = &things.action["id"];
    let own = json!({"actions": [action(&json!({"id": id, "signing_key": "own_hmac"}))]});
    app.patch(&things.path, &own).await.expect(200);
    let keys = app.get(&things.keys).await.expect(200);
    assert_eq!(keys["data"][1]["secret"], of_account["data"][0]["secret"]);
    assert_eq!(keys["data"][1]["status"], "overlapping");
    post_event(&app, &things).await;
    let request = sent(&app, 0).await;
    for key in [&keys["data"][0]["secret"], &keys["data"][1]["secret"]] {
        assert!(verifies(&request, BuiltIn::Standard, key));
    }
    let account = json!({"actions": [action(&json!({"id": id, "signing_key": "account"}))]});
    app.patch(&things.path, &account).await.expect(200);
    assert_eq!(app.get(&things.keys).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn an_ed25519_key_signs_where_the_profile_takes_it_and_is_refused_where_not() {
    let app = App::start().await;
    let things = things(&app, &json!({"signature_profile": "standard"})).await;
    let rotate = format!("{}/signing-keys/rotate", things.account);
    let rotated = app
        .post(&rotate, &json!({"algorithm": "ed25519"}))
        .await
        .expect(201);
    assert_eq!(rotated["algorithm"], "ed25519");
    assert!(rotated["secret"].as_str().unwrap().starts_with("whsk_"));
    assert!(rotated["public_key"].as_str().unwrap().starts_with("whpk_"));
    post_event(&app, &things).await;
    let request = sent(&app, 0).await;
    assert!(verifies(&request, BuiltIn::Standard, &rotated["public_key"]));
    let before = app
        .get(&format!("{}/signing-keys", things.account))
        .await
        .expect(200);
    assert!(
        verifies(&request, BuiltIn::Standard, &before["data"][1]["secret"]),
        "the overlap"
    );

    // The account's key is Ed25519 now: the usual profile does not take it, and keys for HMAC do.
    let list = format!("{}/automations", things.account);
    app.post(&list, &automation(&json!({})))
        .await
        .fault("/actions/0/signature_profile", "signing_key_mismatch");
    let own = json!({"signing_key": "own_hmac"});
    app.post(&list, &automation(&own)).await.expect(201);
}

#[tokio::test]
async fn a_key_that_an_action_cannot_use_is_refused_with_the_action() {
    let app = App::start().await;
    let things = things(&app, &json!({})).await;
    let rotate = format!("{}/signing-keys/rotate", things.account);
    let ed25519 = json!({"algorithm": "ed25519"});
    app.post(&rotate, &ed25519)
        .await
        .fault("/algorithm", "signing_key_mismatch");
    let secret = "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let mismatch = json!({"algorithm": "hmac", "secret": secret});
    app.post(&rotate, &mismatch)
        .await
        .fault("/algorithm", "signing_key_mismatch");
    let list = format!("{}/automations", things.account);
    for (members, member, code) in [
        (
            json!({"signature_profile": "acme"}),
            "signature_profile",
            "unknown_signature_profile",
        ),
        (
            json!({"signing_key": "own_ed25519"}),
            "signing_key",
            "signing_key_mismatch",
        ),
        (
            json!({"signature_profile": "github", "headers": {"x-hub-signature-256": "x"}}),
            "headers/x-hub-signature-256",
            "reserved_header",
        ),
    ] {
        let pointer = format!("/actions/0/{member}");
        app.post(&list, &automation(&members)).await.fault(&pointer, code);
    }
    let own = automation(&json!({"signature_profile": "svix", "signing_key": "own_hmac"}));
    let created = app.post(&list, &own).await.expect(201);
    let action = created["actions"][0]["id"].as_str().unwrap();
    let keys = format!(
        "{list}/{}/actions/{action}/signing-keys",
        created["id"].as_str().unwrap()
    );
    let rotated = app.post(&format!("{keys}/rotate"), &ed25519).await.expect(201);
    assert_eq!(rotated["algorithm"], "ed25519");
    let path = format!("{list}/{}", created["id"].as_str().unwrap());
    let shown = app.get(&path).await.expect(200);
    assert_eq!(shown["actions"][0]["signing_key"], "own_ed25519");
    assert!(!shown.to_string().contains("whsk_"), "{shown}");
    // An account whose other actions cannot use an Ed25519 key has no part in it.
    let invalid = keys.replace(action, "act_x");
    app.get(&invalid).await.problem(400, "invalid_id");
}

#[tokio::test]
async fn a_preview_shows_the_headers_that_sign() {
    let app = App::start().await;
    let preview = format!("{}/automations/preview", app.account().await);
    let members = json!({"signature_profile": "stripe", "signing_key": "own_hmac"});
    let body = json!({"automation": automation(&members), "data": {}});
    let shown = app.post(&preview, &body).await.expect(200);
    let expected = json!([{
        "name": "Stripe-Signature",
        "value": "t={timestamp},v1={hex}",
        "signed": "{timestamp}.{body}",
        "digest": "HMAC-SHA256",
    }]);
    assert_eq!(shown["requests"][0]["signature_headers"], expected);
}
