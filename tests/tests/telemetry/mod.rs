//! The export over OTLP, to a collector of the tests.

mod collector_away;
mod metrics_and_logs;
mod settings;
mod traces;

use http::Method;
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

/// A producer's trace and its span.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PRODUCERS_SPAN: &str = "00f067aa0ba902b7";

/// A server that exports to this endpoint, with these further flags.
fn exporting(endpoint: &str, flags: &[&str]) -> Server {
    Server::start_with(&with_endpoint(endpoint, flags))
}

fn with_endpoint<'a>(endpoint: &'a str, flags: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["--allow-destination", "127.0.0.0/8", "--otlp-endpoint", endpoint];
    all.extend(flags);
    all
}

/// Reports an event in the producer's trace, with this flag. Returns the event's id.
async fn send_traced(account: &Account, flags: &str) -> String {
    let event = account
        .api
        .call_with(
            Method::POST,
            account.at("/events"),
            json!({"type": "a.b", "data": {"secret": "data-of-an-event"}}),
        )
        .header("traceparent", &format!("00-{TRACE}-{PRODUCERS_SPAN}-{flags}"))
        .send()
        .await
        .expect(202);
    id_of(&event)
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}
