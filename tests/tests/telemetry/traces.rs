//! Which spans there are, and what receivers learn of them.

use std::time::Duration;

use http::Method;
use postrider_tests::collector::{Collector, Span, attribute, hex};
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Postgres, Receiver, Reply, Server};
use serde_json::json;

use super::{PRODUCERS_SPAN, TRACE, exporting, send_traced, with_endpoint};

/// The path of a receiver, with a query that may be a secret.
const HOOK: &str = "/hook?token=query-of-a-url";

/// The kinds of spans (`Span.SpanKind`).
const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    let mut named: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    named.sort_by_key(|span| span.start_time_unix_nano);
    named
}

fn value(span: &Span, name: &str) -> String {
    attribute(&span.attributes, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producers_trace_goes_on_through_acceptance_commit_and_every_attempt_to_the_receiver() {
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    receiver.respond(HOOK, [Reply::status(503), Reply::status(204)]);
    let endpoint = collector.endpoint();
    let server = exporting(&endpoint, &["--trace-sampling", "0", "--trace-receivers"]);
    let account = Account::create(server.api()).await;
    account.automation_with_delays(&receiver.url(HOOK), &[1]).await;
    let event = send_traced(&account, "01").await;
    account.wait_for_delivery(&event, "succeeded").await;
    let spans = collector.wait_for(TRACE, 4, SOON).await;

    let request = named(&spans, "POST /v1/accounts/{account}/events")[0];
    assert_eq!(
        (hex(&request.parent_span_id).as_str(), request.kind),
        (PRODUCERS_SPAN, SERVER)
    );
    assert_eq!(value(request, "http.response.status_code"), "202");
    assert_eq!(value(request, "postrider.account.id"), account.id);
    assert_ne!(value(request, "postrider.request.id"), "");
    let commit = named(&spans, "commit")[0];
    assert_eq!(
        (&commit.parent_span_id, commit.kind),
        (&request.span_id, INTERNAL)
    );
    assert_eq!(value(commit, "postrider.event.id"), event);
    assert!(request.start_time_unix_nano <= commit.start_time_unix_nano);
    assert!(commit.end_time_unix_nano <= request.end_time_unix_nano);

    let attempts = named(&spans, "send_webhook");
    let received = receiver.received(HOOK);
    assert_eq!((attempts.len(), received.len()), (2, 2));
    for (index, (attempt, received)) in attempts.iter().zip(&received).enumerate() {
        assert_eq!(
            (&attempt.parent_span_id, attempt.kind),
            (&request.span_id, CLIENT)
        );
        assert!(attempt.start_time_unix_nano >= commit.end_time_unix_nano);
        let number = (index + 1).to_string();
        assert_eq!(value(attempt, "postrider.attempt.number"), number);
        let header = format!("00-{TRACE}-{}-01", hex(&attempt.span_id));
        assert_eq!(received.header("traceparent"), header);
        assert_eq!(value(attempt, "server.address"), "127.0.0.1");
        assert_eq!(
            value(attempt, "postrider.delivery.id"),
            received.header("postrider-delivery-id")
        );
    }
    let outcomes = attempts
        .iter()
        .map(|span| value(span, "postrider.attempt.outcome"));
    assert_eq!(outcomes.collect::<Vec<_>>(), ["bad_status", "succeeded"]);
    assert_eq!(value(attempts[0], "error.type"), "503");
    assert_eq!(attempts[0].status.as_ref().map(|status| status.code), Some(2));
    assert_eq!(attempts[1].status, None);
    assert!(attempts[1].start_time_unix_nano - attempts[0].end_time_unix_nano >= 900_000_000);
    let everything = format!("{spans:?}");
    for secret in ["token", "/hook", "data-of-an-event"] {
        assert!(!everything.contains(secret), "{secret}: {everything}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_learn_of_no_trace_unless_the_operator_asks_for_it() {
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    let endpoint = collector.endpoint();
    let server = exporting(&endpoint, &["--trace-sampling", "1"]);
    let account = Account::create(server.api()).await;
    account.automation(json!({"url": receiver.url("/quiet")})).await;
    send_traced(&account, "01").await;
    let received = receiver.wait_for("/quiet", 1, SOON).await;
    assert_eq!(received[0].headers.get("traceparent"), None);
    drop(server);

    // Without a collector, the receiver continues the producer's trace.
    let server = Server::start_with(&["--allow-destination", "127.0.0.0/8", "--trace-receivers"]);
    let account = Account::create(server.api()).await;
    account.automation(json!({"url": receiver.url("/asked")})).await;
    send_traced(&account, "00").await;
    let received = receiver.wait_for("/asked", 1, SOON).await;
    let producers = format!("00-{TRACE}-{PRODUCERS_SPAN}-00");
    assert_eq!(received[0].header("traceparent"), producers);
    account.send("a.b", "1").await;
    let received = receiver.wait_for("/asked", 2, SOON).await;
    assert_eq!(
        received[1].headers.get("traceparent"),
        None,
        "an event without a trace"
    );
    let own = json!({"type": "a.b", "data": 1, "headers": {"traceparent": "the producer's own"}});
    account.api.post(account.at("/events"), own).await.expect(202);
    let received = receiver.wait_for("/asked", 3, SOON).await;
    let all: Vec<_> = received[2].headers.get_all("traceparent").iter().collect();
    assert_eq!(all, ["the producer's own"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_has_spans_if_the_share_or_its_producer_says_so_and_a_stranger_cannot_make_any() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    let server = exporting(&endpoint, &["--trace-sampling", "1", "--otlp-signals", "traces"]);
    let account = Account::create(server.api()).await;
    send_traced(&account, "00").await;
    let stranger = "0123456789abcdef0123456789abcdef";
    let header = format!("00-{stranger}-{PRODUCERS_SPAN}-01");
    let strangers = server.api().with_key(None);
    strangers
        .call(Method::GET, "/v1/accounts")
        .header("traceparent", &header)
        .send()
        .await
        .expect(401);
    // The share is all of them, so this one has a trace of its own.
    let event = account.send("a.b", "1").await;
    let own = until("the commit of an event", SOON, async || {
        let commits = collector.spans().into_iter().filter(|span| span.name == "commit");
        let mut own = commits.filter(|span| value(span, "postrider.event.id") == event);
        own.next()
    })
    .await;
    let spans = collector.spans_of(&hex(&own.trace_id));
    let roots = spans.iter().filter(|span| span.parent_span_id.is_empty());
    assert_eq!(roots.count(), 1, "{spans:?}");
    assert_eq!(collector.spans_of(TRACE), [], "its producer does not sample it");
    assert_eq!(collector.spans_of(stranger), []);
    assert_eq!(
        collector.0.count("/v1/logs") + collector.0.count("/v1/metrics"),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_one_trace_with_one_span_for_its_commit() {
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    let endpoint = collector.endpoint();
    let server = exporting(&endpoint, &["--trace-sampling", "1"]);
    let account = Account::create(server.api()).await;
    account.automation(json!({"url": receiver.url("/all")})).await;
    let events: Vec<_> = (0..5).map(|n| json!({"type": "a.b", "data": n})).collect();
    let with_uid = json!({"uid": "customer-42"});
    account.api.patch(account.at(""), with_uid).await.expect(200);
    let batch = json!({"events": events});
    let path = "/v1/accounts/customer-42/events/batch";
    account.api.post(path, batch).await.expect(202);
    let spans = until("the spans of a batch", SOON, async || {
        let spans = collector.spans();
        let request = named(&spans, "POST /v1/accounts/{account}/events/batch")
            .first()
            .copied()?
            .clone();
        let spans = collector.spans_of(&hex(&request.trace_id));
        (named(&spans, "send_webhook").len() == 5).then_some(spans)
    })
    .await;
    let requests = named(&spans, "POST /v1/accounts/{account}/events/batch");
    let id = value(requests[0], "postrider.account.id");
    assert_eq!(id, account.id, "and not its uid");
    let commits = named(&spans, "commit");
    assert_eq!(commits.len(), 1);
    assert_eq!(value(commits[0], "postrider.commit.events"), "5");
    assert_eq!(value(commits[0], "postrider.commit.deliveries"), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_a_restart_belongs_to_the_trace_of_its_event() {
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    let endpoint = collector.endpoint();
    let mut server = exporting(&endpoint, &[]);
    let account = Account::create(server.api()).await;
    account.automation_with_delays(&receiver.url("/hook"), &[3]).await;
    let event = send_traced(&account, "01").await;
    receiver.wait_for("/hook", 1, SOON).await;
    let delivery = account.delivery_id_of(&event).await;
    until("the first attempt is recorded", SOON, async || {
        let delivery = account.delivery(&delivery).await;
        (delivery["attempts"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    // A stop exports what is left, before the next batch would be due.
    server.stop();
    let before = collector.spans_of(TRACE);
    assert_eq!(
        (named(&before, "send_webhook").len(), before.len()),
        (1, 3),
        "{before:?}"
    );
    server.start_again_with(&with_endpoint(&endpoint, &["--trace-sampling", "0"]));
    let account = account.through(server.api());
    account.wait_for_delivery(&event, "succeeded").await;
    let spans = collector.wait_for(TRACE, 4, Duration::from_secs(20)).await;
    let attempts = named(&spans, "send_webhook");
    assert_eq!(attempts[0].parent_span_id, attempts[1].parent_span_id);
    assert_ne!(attempts[0].span_id, attempts[1].span_id);
    assert_eq!(value(attempts[1], "postrider.attempt.number"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_by_another_node_belongs_to_the_trace_of_its_event() {
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    receiver.respond("/hook", [Reply::status(500), Reply::status(204)]);
    let (endpoint, postgres) = (collector.endpoint(), Postgres::start());
    let node = |sampling: &str| {
        let mut server = Server::stopped_on_database(postgres.url("postgres"));
        let flags = [
            "--trace-sampling",
            sampling,
            "--session-lease",
            "5s",
            "--trace-receivers",
        ];
        server.start_again_with(&with_endpoint(&endpoint, &flags));
        server
    };
    let (mut first, second) = (node("1"), node("0"));
    let account = Account::create(first.api()).await;
    account.automation_with_delays(&receiver.url("/hook"), &[3]).await;
    let event = account.send("a.b", "1").await;
    let account = account.through(second.api());
    let delivery = account.delivery_id_of(&event).await;
    until("the first attempt is recorded", SOON, async || {
        let delivery = account.delivery(&delivery).await;
        (delivery["attempts"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    first.kill();
    let received = receiver.wait_for("/hook", 2, Duration::from_secs(20)).await;
    let header = |index: usize| received[index].header("traceparent").to_owned();
    let trace = header(0)[3..35].to_owned();
    assert_eq!(trace, header(1)[3..35]);
    let spans = until("the span of the second node", SOON, async || {
        let spans = collector.spans_of(&trace);
        let is_second = |span: &Span| value(span, "postrider.attempt.number") == "2";
        spans.iter().any(is_second).then_some(spans)
    })
    .await;
    let attempts = named(&spans, "send_webhook");
    let last = attempts.last().unwrap();
    assert_eq!(header(1), format!("00-{trace}-{}-01", hex(&last.span_id)));
}
