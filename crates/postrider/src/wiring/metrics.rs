//! The metrics of the process, as Prometheus text.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use postrider_api::MetricsText;
use postrider_engine::Engine;

/// Bounds of the buckets of durations, in seconds: from the acceptance of an event on a fast disk to the
/// longest attempt.
const SECONDS: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0,
];

/// How often the recorder compacts its samples. Without this, memory grows until somebody reads the metrics.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Starts recording metrics. A process has one recorder, however often this is called.
pub fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
        let recorder = builder.expect("there are buckets").build_recorder();
        let handle = recorder.handle();
        // An error means that another recorder is already installed; that one keeps recording.
        let _ = metrics::set_global_recorder(recorder);
        handle
    });
    tokio::spawn(upkeep(handle.clone()));
    handle.clone()
}

async fn upkeep(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// The text of `/metrics`: the recorded metrics, and the engine's load at the moment.
pub struct Exposition {
    handle: PrometheusHandle,
    engine: Arc<Engine>,
}

impl Exposition {
    /// The metrics of this engine.
    pub fn new(handle: PrometheusHandle, engine: Arc<Engine>) -> Self {
        metrics::describe_gauge!(
            "postrider_deliveries_in_memory",
            "Deliveries in memory, queued or under way"
        );
        metrics::describe_gauge!("postrider_attempts_in_flight", "Attempts under way");
        metrics::describe_gauge!("postrider_lanes", "Actions with something to do soon");
        Self { handle, engine }
    }
}

impl MetricsText for Exposition {
    fn render(&self) -> String {
        let load = self.engine.load();
        for (name, value) in [
            ("postrider_deliveries_in_memory", load.deliveries),
            ("postrider_attempts_in_flight", load.in_flight),
            ("postrider_lanes", load.lanes),
        ] {
            metrics::gauge!(name).set(u32::try_from(value).unwrap_or(u32::MAX));
        }
        self.handle.render()
    }
}
