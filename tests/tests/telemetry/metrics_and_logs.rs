//! What `/metrics` and the log show arrives at the collector.

use std::collections::BTreeSet;

use http::Method;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use postrider_tests::collector::{Collector, attribute, hex};
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Receiver, Reply};
use serde_json::Value as Json;

use super::{TRACE, exporting, send_traced};

/// The severities of OTLP (`SeverityNumber`).
const INFO: i32 = 9;
const WARN: i32 = 13;

#[tokio::test(flavor = "multi_thread")]
async fn the_collector_gets_every_metric_that_prometheus_gets_with_the_same_value() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    let mut server = exporting(&endpoint, &[]);
    let account = Account::create(server.api()).await;
    for _ in 0..3 {
        account.send("a.b", "1").await;
    }
    let text = account.api.with_key(None).get("/metrics").await.text();
    // Metrics are exported every minute, and once more at a stop.
    server.stop();
    let metrics = collector.metrics();
    let names: BTreeSet<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(names.contains(name), "{name} was not exported");
    }
    let named = |name: &str| metrics.iter().find(|metric| metric.name == name).unwrap();
    let accepted = named("postrider_events_accepted_total");
    assert_eq!(accepted.description, "Events stored, without repetitions");
    let Some(Data::Sum(sum)) = &accepted.data else {
        panic!("{accepted:?}");
    };
    let point = &sum.data_points[0];
    assert_eq!(format!("{:?}", point.value), "Some(AsInt(3))");
    assert!(point.start_time_unix_nano > 0 && point.start_time_unix_nano < point.time_unix_nano);
    let requests = named("postrider_http_request_duration_seconds");
    let Some(Data::Histogram(histogram)) = &requests.data else {
        panic!("{requests:?}");
    };
    assert_eq!(requests.unit, "s");
    let route = "/v1/accounts/{account}/events";
    let mut points = histogram.data_points.iter();
    let point = points
        .find(|point| attribute(&point.attributes, "route") == route)
        .unwrap();
    assert_eq!((point.count, point.bucket_counts.iter().sum()), (3, 3));
    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_arrive_with_severity_fields_and_trace_and_both_logs_name_the_trace() {
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    receiver.respond("/down", [Reply::status(503)]);
    let endpoint = collector.endpoint();
    let mut server = exporting(&endpoint, &["--log-format", "json", "--trace-sampling", "0"]);
    let account = Account::create(server.api()).await;
    account.automation_with_delays(&receiver.url("/down"), &[]).await;
    // Unsampled: the log names the trace all the same.
    let event = send_traced(&account, "00").await;
    account.wait_for_delivery(&event, "failed").await;
    let body =
        |line: &postrider_tests::collector::LogRecord| match line.body.clone().and_then(|body| body.value) {
            Some(Value::StringValue(text)) => text,
            other => panic!("{other:?}"),
        };
    let lines = until("the lines of a trace", SOON, async || {
        let lines = collector.lines().into_iter();
        let lines: Vec<_> = lines.filter(|line| hex(&line.trace_id) == TRACE).collect();
        (lines.len() >= 2).then_some(lines)
    })
    .await;
    let named = |message: &str| lines.iter().find(|line| body(line) == message).unwrap();
    let request = named("request");
    assert_eq!(
        (request.severity_number, request.severity_text.as_str()),
        (INFO, "INFO")
    );
    assert_eq!(attribute(&request.attributes, "status"), "202");
    let failed = named("the last attempt failed");
    assert_eq!(failed.severity_number, WARN);
    assert_eq!(attribute(&failed.attributes, "event"), event);
    assert_eq!(attribute(&failed.attributes, "target"), "postrider::attempt");
    account
        .api
        .call(Method::GET, "/v1/accounts")
        .send()
        .await
        .expect(200);
    server.stop();
    let written: Vec<Json> = server
        .log()
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for message in ["request", "the last attempt failed"] {
        let of_trace = |line: &&Json| line["message"] == message && line["trace_id"] == TRACE;
        assert_eq!(written.iter().filter(of_trace).count(), 1, "{message}");
    }
    let exported = collector.lines();
    let starting = exported.iter().any(|line| body(line) == "starting");
    assert!(starting, "lines from before the export began");
}
