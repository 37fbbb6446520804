//! During the overlap of a rotation, receivers with the old key and receivers with the new key both verify.

use postrider_tests::foreign::{Foreign, Language};
use postrider_tests::{Account, Server};
use serde_json::json;

use super::cases::{automation_of_every_kind, path};

const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WRONG: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

async fn both_keys_verify_during_the_overlap(language: Language) {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let old = account.secret().await;
    let receiver = Foreign::start(language, &[&old, NEW, WRONG]);
    automation_of_every_kind(&account, &receiver.url("")).await;
    account
        .api
        .post(account.at("/signing-keys/rotate"), json!({"secret": NEW}))
        .await
        .expect(201);
    let event = account.send("a", r#"{"name":"Zoë","n":[1.0,2]}"#).await;
    for (content, style) in super::cases::KINDS {
        let verdict = receiver.verdict(&event, &path(content, style)).await;
        assert_eq!(
            verdict.raw,
            [true, false, false],
            "the old key stays in its header"
        );
        assert_eq!(
            verdict.raw_next,
            [false, true, false],
            "the new one signs beside it"
        );
        assert_eq!(verdict.library, [true, true, false], "the library finds either");
    }
}

#[tokio::test]
async fn node_verifies_with_both_keys_during_the_overlap() {
    both_keys_verify_during_the_overlap(Language::Node).await;
}

#[tokio::test]
async fn python_verifies_with_both_keys_during_the_overlap() {
    both_keys_verify_during_the_overlap(Language::Python).await;
}

#[tokio::test]
async fn php_verifies_with_both_keys_during_the_overlap() {
    both_keys_verify_during_the_overlap(Language::Php).await;
}
