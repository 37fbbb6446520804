//! The settings of the export, and `postrider check`.

use postrider_tests::collector::Collector;
use postrider_tests::command;
use postrider_tests::wait::SOON;
use postrider_tests::{Reply, Server};
use prost::Message;
use serde_json::Value;

use super::with_endpoint;

/// The status of the check of the collector, and what it says.
fn check(flags: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec!["check", "--json", "--listen", "127.0.0.1:0", "--data-dir"];
    all.push(folder.path().to_str().unwrap());
    all.extend(flags);
    let output = command::run(&all);
    let document: Value =
        serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let findings = document["checks"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|finding| finding["check"] == "otlp collector");
    let found = found.unwrap_or_else(|| panic!("{output:?}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_whether_the_collector_takes_data() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    let (status, message) = check(&["--otlp-endpoint", &endpoint]);
    assert_eq!(
        (status.as_str(), message),
        ("ok", format!("{endpoint} takes data"))
    );
    collector.0.respond("/v1/metrics", [Reply::status(401)]);
    let (status, message) = check(&["--otlp-endpoint", &endpoint, "--otlp-signals", "metrics"]);
    assert_eq!(status, "warning");
    assert!(message.contains("401"), "{message}");
    let (status, message) = check(&["--otlp-endpoint", "http://127.0.0.1:9"]);
    assert_eq!(status, "warning");
    assert!(message.contains("refused"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_key_is_sent_and_never_logged() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headers");
    std::fs::write(&file, "Authorization=Bearer%20hidden-key\nx-team=a\n").unwrap();
    let flags = [
        "--otlp-headers-file",
        file.to_str().unwrap(),
        "--log-level",
        "debug",
    ];
    let mut server = Server::start_with(&with_endpoint(&endpoint, &flags));
    let received = collector.0.wait_for("/v1/logs", 1, SOON).await;
    assert_eq!(received[0].header("authorization"), "Bearer hidden-key");
    assert_eq!(received[0].header("x-team"), "a");
    server.stop();
    let log = server.log().lines().join("\n");
    assert!(!log.contains("hidden-key") && !format!("{:?}", collector.lines()).contains("hidden-key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_gzip_the_collector_gets_the_same_in_fewer_bytes() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    let flags = ["--otlp-compression", "gzip"];
    let mut server = Server::start_with(&with_endpoint(&endpoint, &flags));
    // The last export of the metrics is at the stop.
    server.stop();
    assert!(collector.metrics().len() > 20 && !collector.lines().is_empty());
    let [request] = &collector.0.received("/v1/metrics")[..] else {
        panic!("one export");
    };
    assert_eq!(request.header("content-encoding"), "gzip");
    let plain: usize = collector.metrics().iter().map(Message::encoded_len).sum();
    assert!(
        request.body.len() * 2 < plain,
        "{} of {plain}",
        request.body.len()
    );
    let (status, message) = check(&["--otlp-endpoint", &endpoint, "--otlp-compression", "gzip"]);
    assert_eq!(
        (status.as_str(), message),
        ("ok", format!("{endpoint} takes data"))
    );
}

#[test]
fn settings_of_the_export_without_a_collector_are_refused() {
    let mut server = Server::stopped();
    for flags in [
        ["--trace-sampling", "0.5"],
        ["--trace-producers-per-s", "5"],
        ["--otlp-compression", "gzip"],
        ["--otlp-signals", "logs"],
        ["--otlp-headers-file", "/nowhere"],
    ] {
        let (status, output) = server.start_that_fails(&flags);
        assert!(!status.success());
        let expected = format!("{} is set without otlp_endpoint", flags[0]);
        assert!(output.contains(&expected), "{output}");
    }
}
