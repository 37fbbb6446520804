//! The metrics of the process, as Prometheus text.
//!
//! What happens is recorded where it happens (`postrider_engine::meters` and others). What *is* at the moment
//! is read when somebody asks: the load of the engine, and the modules here.
//!
//! | module | holds |
//! |---|---|
//! | `data_folder` | SQLite's files and the disk under them |
//! | `process` | what the system knows of this process |
//! | `text` | the format |
//!
//! `docs/operating/metrics.md` explains every metric; a test compares it with what a server exposes.

mod data_folder;
mod process;
mod text;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use postrider_api::MetricsText;
use postrider_engine::Engine;
use postrider_engine::load::Standing;

use self::process::Process;
use self::text::Text;
use super::logging;
use crate::config::Settings;

/// Bounds of the buckets of responses, commits and syncs, in seconds. Few, because the API has them for each
/// route.
const SECONDS: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0,
];

/// The same for attempts. Between 0.1 s and 15 s, the default timeout, a bucket is at most half as long again
/// as the one before, so that a quantile is off by a fifth on average.
const ATTEMPT_SECONDS: [f64; 24] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0,
    4.0, 6.0, 8.0, 10.0, 15.0, 60.0,
];

/// The same for deliveries, which may be retried for days.
const DELIVERY_SECONDS: [f64; 30] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0,
    4.0, 6.0, 8.0, 10.0, 12.5, 15.0, 30.0, 60.0, 120.0, 600.0, 3_600.0, 86_400.0,
];

/// Bounds of the buckets of the deliveries of a commit. A step of the engine has some 1,500.
const COMMIT_DELIVERIES: [f64; 11] = [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

/// How often the recorder compacts its samples. Without this, memory grows until somebody reads the metrics.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Starts recording metrics. A process has one recorder, however often this is called.
pub fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        let buckets = [
            (Matcher::Suffix("_seconds".to_owned()), &SECONDS[..]),
            (
                Matcher::Full("postrider_attempt_duration_seconds".to_owned()),
                &ATTEMPT_SECONDS,
            ),
            (
                Matcher::Full("postrider_delivery_duration_seconds".to_owned()),
                &DELIVERY_SECONDS,
            ),
            (
                Matcher::Full("postrider_commit_deliveries".to_owned()),
                &COMMIT_DELIVERIES,
            ),
        ];
        let builder = buckets
            .into_iter()
            .fold(PrometheusBuilder::new(), |builder, (of, bounds)| {
                let builder = builder.set_buckets_for_metric(of, bounds);
                builder.expect("there are buckets")
            });
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // An error means that another recorder is already installed; that one keeps recording.
        let _ = metrics::set_global_recorder(recorder);
        handle
    });
    tokio::spawn(upkeep(handle.clone()));
    logging::meter();
    handle.clone()
}

async fn upkeep(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// The text of `/metrics`: the recorded metrics, and what the process knows at the moment.
pub struct Exposition {
    handle: PrometheusHandle,
    engine: Arc<Engine>,
    process: Process,
    /// `None` if the store is on a database server.
    data_folder: Option<PathBuf>,
}

impl Exposition {
    /// The metrics of this engine.
    pub fn start(handle: PrometheusHandle, engine: &Arc<Engine>, settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            handle,
            engine: Arc::clone(engine),
            process: Process::new(),
            data_folder: settings.database_url.is_none().then(|| settings.data_dir.clone()),
        })
    }
}

impl MetricsText for Exposition {
    fn render(&self) -> String {
        let mut text = Text::after(self.handle.render());
        build(&mut text, self.data_folder.is_some());
        load(&mut text, &self.engine);
        match &self.data_folder {
            Some(folder) => data_folder::write(&mut text, folder),
            None => standing(&mut text, self.engine.standing()),
        }
        self.process.write(&mut text);
        text.finish()
    }
}

fn build(text: &mut Text, is_embedded: bool) {
    let store = if is_embedded { "sqlite" } else { "postgresql" };
    text.gauge(
        "postrider_build_info",
        "Always 1; the labels say which version runs, on which store",
    )
    .of(&[("version", env!("CARGO_PKG_VERSION")), ("store", store)], 1_u64);
}

fn load(text: &mut Text, engine: &Engine) {
    let load = engine.load();
    for (name, help, value) in [
        (
            "postrider_deliveries_in_memory",
            "Deliveries in memory, queued or under way",
            load.deliveries,
        ),
        (
            "postrider_attempts_in_flight",
            "Attempts under way",
            load.in_flight,
        ),
        ("postrider_lanes", "Actions with something to do soon", load.lanes),
        (
            "postrider_commit_queue_rows",
            "Rows of accepted requests that wait for a commit",
            load.rows_queued,
        ),
        (
            "postrider_results_queued",
            "Results of attempts that wait for a commit",
            load.results_queued,
        ),
    ] {
        text.gauge(name, help).value(value);
    }
}

fn standing(text: &mut Text, standing: Option<Standing>) {
    let Some(standing) = standing else { return };
    text.gauge(
        "postrider_lease_left_seconds",
        "How long this node may send without a renewal of its session",
    )
    .value(standing.lease_left.as_secs_f64());
    text.gauge(
        "postrider_news_age_seconds",
        "For how long this node has not read the changes of other nodes; above 1 it sends nothing",
    )
    .value(standing.news_age.as_secs_f64());
    let Some(connections) = standing.connections else {
        return;
    };
    text.gauge(
        "postrider_database_up",
        "1 if the database server can be used, otherwise 0",
    )
    .value(u64::from(connections.is_up));
    text.gauge(
        "postrider_database_connections",
        "Connections to the database server, by state",
    )
    .of(&[("state", "in_use")], connections.in_use)
    .of(&[("state", "idle")], connections.idle);
    for (name, help, value) in [
        (
            "postrider_database_connections_max",
            "Connections that this node may open to the database server",
            connections.max,
        ),
        (
            "postrider_database_waiting",
            "Calls that wait for a connection to the database server",
            connections.waiting,
        ),
    ] {
        text.gauge(name, help).value(value);
    }
}
