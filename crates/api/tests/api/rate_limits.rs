//! Limits on what producers send.

use std::num::NonZeroU32;

use postrider_api::RateLimits;
use serde_json::{Value, json};

use crate::app::{ApiResponse, App};

fn assert_limited(response: &ApiResponse, name: &str) {
    response.problem(429, "rate_limited");
    assert!(
        response.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    let standing = response.headers["ratelimit"].to_str().unwrap();
    assert_eq!(standing, format!("\"{name}\";r=0;t=1"));
}

#[tokio::test]
async fn a_key_that_sends_too_many_requests_is_refused_until_later() {
    let app = App::limited(RateLimits::new(NonZeroU32::new(3), None)).await;
    let first = app.get("/v1/accounts").await;
    assert_eq!(first.headers["ratelimit-policy"], "\"requests\";q=3;w=1");
    assert_eq!(first.headers["ratelimit"], "\"requests\";r=2;t=1");
    let mut refused = None;
    for _ in 0..20 {
        let response = app.get("/v1/accounts").await;
        if response.status == 429 {
            refused = Some(response);
        }
    }
    assert_limited(
        &refused.expect("twenty requests take less than six seconds"),
        "requests",
    );
}

#[tokio::test]
async fn an_account_that_reports_too_many_events_is_refused_and_others_are_not() {
    let app = App::limited(RateLimits::new(None, NonZeroU32::new(1))).await;
    let (busy, other) = (app.account().await, app.account().await);
    let event = json!({"type": "a.b", "data": 1});
    let batch = json!({"events": vec![event.clone(); 1_000]});
    let accepted = app.post(&format!("{busy}/events/batch"), &batch).await;
    assert_eq!(accepted.headers["ratelimit"], "\"events\";r=0;t=1");
    let items: Value = accepted.expect(202);
    assert_eq!(items["data"].as_array().unwrap().len(), 1_000);
    // The account gets one event a second back, and a batch of ten is never possible before ten seconds.
    let ten = json!({"events": vec![event.clone(); 10]});
    let refused = app.post(&format!("{busy}/events/batch"), &ten).await;
    refused.problem(429, "rate_limited");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.headers["ratelimit"], "\"events\";r=0;t=1");
    let accepted = app.post(&format!("{other}/events"), &event).await;
    assert_eq!(accepted.headers["ratelimit-policy"], "\"events\";q=1000;w=1000");
    accepted.expect(202);
}
