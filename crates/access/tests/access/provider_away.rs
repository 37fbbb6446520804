//! What is remembered of an identity provider, and what follows if it does not respond.

use std::sync::Arc;
use std::time::Duration;

use postrider_access::People;
use postrider_access::people::{ProviderSignOut, SignInFault};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance};

use crate::provider::*;
use crate::support::Node;

/// Where a person returns to after sign-out.
const BACK: &str = "https://webhooks.example/sign-in";

#[tokio::test(start_paused = true)]
async fn new_keys_of_the_provider_are_found_and_unknown_ones_fetched_at_most_once_a_minute() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    let signs_in = async || signed_in(&people, &provider).await.is_ok();
    assert!(signs_in().await);
    provider.rotate("k2");
    assert!(signs_in().await);
    assert_eq!(provider.count("/keys"), 2);
    provider.say(|says| says.header = json!({"kid": "made-up"}));
    for _ in 0..5 {
        assert!(!signs_in().await);
    }
    assert_eq!(provider.count("/keys"), 2, "within a minute of the last");
    advance(Duration::from_secs(60)).await;
    for _ in 0..5 {
        assert!(!signs_in().await);
    }
    assert_eq!(provider.count("/keys"), 3);
    // A key that the provider withdraws counts for an hour at most.
    provider.say(|says| says.header = json!({"kid": "k2"}));
    provider.rotate("k3");
    advance(Duration::from_secs(3600)).await;
    assert!(!signs_in().await);
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_of_new_keys_is_repeated_after_seconds() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    signed_in(&people, &provider).await.unwrap();
    provider.rotate("k2");
    provider.say(|says| says.keys_down = true);
    let failed = signed_in(&people, &provider).await;
    assert!(matches!(failed, Err(SignInFault::Unreachable(_))));
    for _ in 0..5 {
        let failed = signed_in(&people, &provider).await;
        assert!(matches!(failed, Err(SignInFault::Untrusted(_))));
    }
    assert_eq!(provider.count("/keys"), 2, "a bound on the requests");
    provider.say(|says| says.keys_down = false);
    advance(Duration::from_secs(5)).await;
    assert!(signed_in(&people, &provider).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_is_asked_again_and_one_that_lies_about_itself_is_refused() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    let fault = async |people: &People| people.begin(REDIRECT, "/", false).await.err();
    provider.say(|says| says.down = Some("connection refused"));
    assert!(matches!(fault(&people).await, Some(SignInFault::Unreachable(_))));
    for (name, value) in [
        ("issuer", "https://evil.example"),
        ("issuer", "https://id.example/"),
        ("token_endpoint", "http://id.example/token"),
        ("jwks_uri", "file:///etc/passwd"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("end_session_endpoint", "http://127.0.0.1/"),
    ] {
        let provider = Provider::new(&node);
        provider.say(|says| says.metadata[name] = value.into());
        let people = crate::provider::people(&node, &provider);
        assert!(
            matches!(fault(&people).await, Some(SignInFault::Unusable(_))),
            "{name}"
        );
    }
    provider.say(|says| says.down = None);
    advance(Duration::from_millis(4_999)).await;
    assert!(matches!(fault(&people).await, Some(SignInFault::Unreachable(_))));
    assert_eq!(
        provider.count("/.well-known"),
        1,
        "the failure counts for five seconds"
    );
    assert!(!people.begin_asks());
    advance(Duration::from_millis(1)).await;
    assert!(people.begin_asks());
    assert!(fault(&people).await.is_none());
    assert_eq!(provider.count("/.well-known"), 2);
    assert!(fault(&people).await.is_none());
    assert_eq!(provider.count("/.well-known"), 2, "held for an hour");
    advance(Duration::from_secs(3600)).await;
    assert!(fault(&people).await.is_none());
    assert_eq!(provider.count("/.well-known"), 3);
}

#[tokio::test(start_paused = true)]
async fn sign_ins_that_begin_together_fetch_the_metadata_once() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = Arc::new(people(&node, &provider));
    for (down, fetched) in [(Some("no response within 10 s"), 1), (None, 2)] {
        provider.say(|says| (says.down, says.takes) = (down, Duration::from_secs(10)));
        let mut sign_ins = JoinSet::new();
        for _ in 0..100 {
            let people = Arc::clone(&people);
            sign_ins.spawn(async move { people.begin(REDIRECT, "/", false).await.is_ok() });
        }
        assert!(
            sign_ins
                .join_all()
                .await
                .iter()
                .all(|begun| *begun == down.is_none())
        );
        assert_eq!(provider.count("/.well-known"), fetched);
        advance(Duration::from_secs(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn people_sign_out_at_their_provider_too_if_it_says_where() {
    let node = Node::new();
    let provider = Provider::new(&node);
    assert_eq!(
        people(&node, &provider).sign_out(BACK).await,
        ProviderSignOut::None
    );
    provider.say(|says| says.metadata["end_session_endpoint"] = "https://id.example/out?x=1".into());
    let at = "https://id.example/out?x=1&client_id=postrider&post_logout_redirect_uri=\
              https%3A%2F%2Fwebhooks.example%2Fsign-in";
    let at = ProviderSignOut::At(at.to_owned());
    assert_eq!(people(&node, &provider).sign_out(BACK).await, at);
    let only_here = people_with(&node, &provider, |settings| settings.signs_out_there = false);
    assert_eq!(only_here.sign_out(BACK).await, ProviderSignOut::None);
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_waits_two_seconds_for_a_provider_that_was_never_reached_and_for_no_other() {
    let node = Node::new();
    let provider = Provider::new(&node);
    provider.say(|says| {
        says.metadata["end_session_endpoint"] = "https://id.example/out".into();
        (says.down, says.takes) = (Some("no response within 10 s"), Duration::from_secs(10));
    });
    let people = people(&node, &provider);
    let began = Instant::now();
    assert_eq!(people.sign_out(BACK).await, ProviderSignOut::Unknown);
    assert_eq!(began.elapsed(), Duration::from_secs(2));

    provider.say(|says| says.down = None);
    people.begin(REDIRECT, "/", false).await.unwrap();
    provider.say(|says| says.down = Some("connection refused"));
    advance(Duration::from_secs(3600)).await;
    let began = Instant::now();
    assert!(matches!(people.sign_out(BACK).await, ProviderSignOut::At(_)));
    assert_eq!(began.elapsed(), Duration::ZERO);
}
