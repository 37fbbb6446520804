//! A collector that is away delays nothing, and what is lost is counted.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use postrider_tests::collector::Collector;
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Receiver, Reply};
use serde_json::json;

use super::exporting;

/// The value of the counter of what was dropped of a signal.
async fn dropped(account: &Account, signal: &str) -> u64 {
    let text = account.api.with_key(None).get("/metrics").await.text();
    let series = format!("postrider_otlp_dropped_total{{signal=\"{signal}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&series));
    value
        .unwrap_or_else(|| panic!("no {series} in {text}"))
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_collector_delays_neither_deliveries_nor_a_stop() {
    // Connections are accepted by the system, and nobody ever responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let receiver = Receiver::start().await;
    let mut server = exporting(&endpoint, &["--trace-sampling", "1"]);
    let account = Account::create(server.api()).await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    let began = Instant::now();
    for _ in 0..50 {
        account.send("a.b", "1").await;
    }
    receiver.wait_for("/hook", 50, SOON).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let stopping = Instant::now();
    assert!(server.stop().success());
    // The last exports get 2 s.
    assert!(
        stopping.elapsed() < Duration::from_secs(6),
        "{:?}",
        stopping.elapsed()
    );
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_refuses_is_counted_and_said_once_and_what_it_takes_later_is_said_too() {
    let collector = Collector::start().await;
    for path in ["/v1/traces", "/v1/logs"] {
        collector
            .0
            .respond(path, [Reply::status(400), Reply::status(400), Reply::status(200)]);
    }
    let endpoint = collector.endpoint();
    let mut server = exporting(&endpoint, &["--trace-sampling", "1", "--log-format", "json"]);
    let account = Account::create(server.api()).await;
    for signal in ["traces", "logs"] {
        until("something was dropped", SOON, async || {
            account.send("a.b", "1").await;
            (dropped(&account, signal).await > 0).then_some(())
        })
        .await;
    }
    until("the collector is back", SOON, async || {
        account.send("a.b", "1").await;
        (collector.0.count("/v1/traces") > 3 && collector.0.count("/v1/logs") > 3).then_some(())
    })
    .await;
    assert_eq!(dropped(&account, "metrics").await, 0);
    server.stop();
    let lines = server.log().lines();
    for (message, signal) in [
        ("the OTLP collector does not take data", "traces"),
        ("the OTLP collector takes data again", "traces"),
        ("the OTLP collector does not take data", "logs"),
    ] {
        let field = format!("\"signal\":\"{signal}\"");
        let said = lines
            .iter()
            .filter(|line| line.contains(message) && line.contains(&field));
        assert_eq!(said.count(), 1, "{message} {signal}");
    }
    let exported = format!("{:?}", collector.lines());
    assert!(
        !exported.contains("OTLP collector"),
        "its own lines are not exported"
    );
}
