//! Node, Python and PHP verify every delivery, in every way in which receivers of the language do.

use postrider_tests::foreign::{Foreign, Language, Verdict};
use postrider_tests::{Account, Server};

use super::cases::{CASES, Case, KINDS, automation_of_every_kind, path, warns_of_loss};

/// Sends every case in every kind of body to a receiver in `language`. It must verify the raw bytes by HMAC
/// and by the library, and the body parsed and serialised again if the action's style is `reserialises_as`.
async fn verifies_every_delivery(language: Language, reserialises_as: Option<&str>) {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let wrong = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let receiver = Foreign::start(language, &[&account.secret().await, wrong]);
    automation_of_every_kind(&account, &receiver.url("")).await;
    for case in CASES {
        let event = account.send("proposal.accepted", case.data).await;
        for (content, style) in KINDS {
            let verdict = receiver.verdict(&event, &path(content, style)).await;
            let what = format!("{language:?}, {content}, {style}: {}", case.data);
            assert_eq!(verdict.raw, [true, false], "raw body: {what}");
            assert_eq!(verdict.library, [true, false], "library: {what}");
            assert_eq!(verdict.raw_next, [false, false], "no next key: {what}");
            if case.lossless && reserialises_as == Some(style) {
                assert_eq!(verdict.reserialised, [true, false], "serialised again: {what}");
            }
            has_the_right_bytes(&verdict, *case, content, style);
        }
        warns_of_loss(&account, &event, *case).await;
    }
}

/// A raw body, chosen by the action or because another style would lose something, equals the producer's
/// bytes.
fn has_the_right_bytes(verdict: &Verdict, case: Case, content: &str, style: &str) {
    let body = String::from_utf8(verdict.body.clone()).unwrap();
    if style == "raw" || !case.lossless {
        let data = case.data.trim();
        match content {
            "data" | "cloudevents_binary" => assert_eq!(body, data),
            wrapped => {
                let start = match wrapped {
                    "cloudevents" => "{\"specversion\":\"1.0\",\"id\":\"evt_",
                    _ => "{\"id\":\"evt_",
                };
                let end = format!("\"data\":{data}}}");
                assert!(body.ends_with(&end) && body.starts_with(start), "{body}");
            }
        }
    }
}

#[tokio::test]
async fn node_verifies_every_delivery() {
    verifies_every_delivery(Language::Node, Some("js")).await;
}

#[tokio::test]
async fn python_verifies_every_delivery() {
    verifies_every_delivery(Language::Python, Some("python")).await;
}

#[tokio::test]
async fn php_verifies_every_delivery() {
    verifies_every_delivery(Language::Php, None).await;
}
