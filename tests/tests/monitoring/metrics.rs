//! `/metrics` against its page, on both stores.

use std::collections::BTreeSet;

use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, Api, Cluster, Receiver, Server, promtool};
use serde_json::json;

use super::page::{explained_metrics, exposed_metrics, series};

/// Flags with which a server has the metrics of e-mail and of the export too. It connects to no mail server
/// until it has a message, and no collector is at the address.
const WITH_MAIL: [&str; 8] = [
    "--allow-destination",
    "127.0.0.0/8",
    "--smtp-url",
    "smtp://127.0.0.1:2525?tls=none",
    "--smtp-from",
    "postrider@example.com",
    "--otlp-endpoint",
    "http://127.0.0.1:9",
];

/// Every label that a metric may have. None of them has values that grow with accounts, actions or receivers.
const LABELS: [&str; 13] = [
    "health", "kind", "le", "method", "outcome", "route", "signal", "state", "status", "store", "version",
    "quantile", "unit",
];

async fn metrics(api: &Api) -> String {
    api.with_key(None).get("/metrics").await.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_has_help_and_a_line_on_its_page_and_every_line_has_a_metric() {
    let embedded = Server::start_with(&WITH_MAIL);
    let cluster = Cluster::start(1).await;
    let mut exposed = BTreeSet::new();
    for api in [embedded.api(), cluster.apis().remove(0)] {
        Account::create(api.clone()).await;
        let text = metrics(&api).await;
        for name in exposed_metrics(&text) {
            let help = format!("# HELP {name} ");
            assert!(text.contains(&help), "{name} has no help");
            exposed.insert(name);
        }
        promtool::check(&["check", "metrics"], &text);
    }
    let explained = explained_metrics();
    let unexplained: Vec<_> = exposed.difference(&explained).collect();
    assert!(
        unexplained.is_empty(),
        "not in docs/operating/metrics.md: {unexplained:?}"
    );
    let missing: Vec<_> = explained.difference(&exposed).collect();
    assert!(missing.is_empty(), "no server exposes: {missing:?}");
}

/// An account that uses what has metrics: an event that is delivered, and one whose delivery fails.
async fn use_account(api: &Api, receiver: &Receiver, number: usize) {
    let account = Account::create(api.clone()).await;
    account
        .automation_on("good.*", json!({"url": receiver.url(&format!("/{number}"))}))
        .await;
    let failing = json!({
        "name": "Failing",
        "trigger": {"event_types": ["bad.*"]},
        "actions": [{"type": "send_webhook", "url": NEVER_CALLED}],
        "retry_delays_s": [],
    });
    api.post(account.at("/automations"), failing).await.expect(201);
    for (kind, status) in [("good", "succeeded"), ("bad", "failed")] {
        let event = account.send(&format!("{kind}.type_{number}"), "1").await;
        account.wait_for_delivery(&event, status).await;
    }
}

#[tokio::test]
async fn no_metric_grows_with_accounts_actions_receivers_or_event_types() {
    let server = Server::start();
    let (api, receiver) = (server.api(), Receiver::start().await);
    for number in 0..2 {
        use_account(&api, &receiver, number).await;
    }
    // The first look makes the series of the looks.
    metrics(&api).await;
    let with_two = series(&metrics(&api).await);
    for number in 2..40 {
        use_account(&api, &receiver, number).await;
    }
    let with_forty = series(&metrics(&api).await);
    let grown: Vec<_> = with_forty.difference(&with_two).collect();
    assert!(grown.is_empty(), "more accounts have more series: {grown:?}");
    for series in &with_forty {
        let labels = series.split_once('{').map_or("", |(_, labels)| labels);
        for (label, _) in labels.split(',').filter_map(|label| label.split_once("=\"")) {
            assert!(
                LABELS.contains(&label),
                "is the label {label} of {series} bounded?"
            );
        }
    }
}

#[tokio::test]
async fn a_delivery_is_counted_with_its_latency_and_its_commits() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    use_account(&server.api(), &receiver, 1).await;
    let text = metrics(&server.api()).await;
    let value = |series: &str| -> f64 {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series}")).parse().unwrap()
    };
    assert_eq!(
        value("postrider_deliveries_settled_total{status=\"succeeded\"}"),
        1.0
    );
    assert_eq!(
        value("postrider_deliveries_settled_total{status=\"failed\"}"),
        1.0
    );
    assert_eq!(value("postrider_delivery_duration_seconds_count"), 1.0);
    // Two deliveries and their results.
    assert!(value("postrider_commit_deliveries_sum") >= 4.0);
    assert!(value("postrider_commit_duration_seconds_sum") > 0.0);
    assert!(value("postrider_sqlite_sync_duration_seconds_count") > 0.0);
    assert!(value("postrider_data_folder_free_bytes") > 0.0);
    assert!(value("postrider_data_folder_size_bytes") >= value("postrider_data_folder_free_bytes"));
    assert!(value("postrider_sqlite_log_bytes") > 0.0);
    assert!(value("postrider_connections") >= 1.0);
    assert!(value("process_resident_memory_bytes") > 1_000_000.0);
    assert!(value("process_open_fds") < value("process_max_fds"));
}

#[tokio::test]
async fn the_histograms_tell_a_p95_between_a_tenth_of_a_second_and_fifteen() {
    let server = Server::start();
    let text = metrics(&server.api()).await;
    for name in [
        "postrider_attempt_duration_seconds",
        "postrider_delivery_duration_seconds",
    ] {
        let bucket = format!("{name}_bucket{{le=\"");
        let bounds = text
            .lines()
            .filter_map(|line| line.strip_prefix(&bucket)?.split_once('"'));
        let mut bounds: Vec<f64> = bounds.filter_map(|(bound, _)| bound.parse().ok()).collect();
        bounds.retain(|bound| (0.1..=15.0).contains(bound));
        assert_eq!((bounds[0], bounds[bounds.len() - 1]), (0.1, 15.0), "{name}");
        for pair in bounds.windows(2) {
            assert!(pair[1] / pair[0] <= 1.51, "{name}: {pair:?} is too far apart");
        }
    }
}
