//! The command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::value_parser;

/// The root of the workspace: `cargo bench` starts the benchmark in the folder of its package.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Puts the same load on webhook senders, each described by a file, and compares them
#[derive(Debug, clap::Parser)]
#[command(name = "compare")]
pub struct Args {
    /// Descriptions of senders; they take turns in each round
    #[arg(required = true, value_name = "DESCRIPTION")]
    descriptions: Vec<PathBuf>,

    /// Events that a sender gets at full speed
    #[arg(long, default_value_t = 50_000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub events: u32,

    /// Connections of the producer, each with one request in flight
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u32).range(1..=1_000))]
    pub connections: u32,

    /// Bytes of an event's data
    #[arg(long, value_name = "BYTES", default_value_t = 512, value_parser = value_parser!(u32).range(400..=1_048_576))]
    pub payload: u32,

    /// Everything this many times; the medians are reported
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=25))]
    pub rounds: u32,

    /// Events before the measurement
    #[arg(long, value_name = "EVENTS", default_value_t = 2_000, value_parser = value_parser!(u32).range(1..=100_000))]
    pub warm_up: u32,

    /// Events per second of the latency row
    #[arg(long, default_value_t = 400, value_parser = value_parser!(u32).range(1..=10_000))]
    pub rate: u32,

    /// Seconds of the latency row
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = value_parser!(u32).range(1..=120))]
    pub rate_for: u32,

    /// Seconds after which no further event is posted, even if --events is not reached
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u32).range(1..=600))]
    post_for: u32,

    /// Seconds without a delivery after which the missing ones count as lost
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u32).range(1..=600))]
    wait: u32,

    /// Where the sink listens; a sender in a container may not reach loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub sink_listen: SocketAddr,

    /// The host in the sink's URL, if a sender knows the sink under another name than the address above
    #[arg(long, value_name = "HOST")]
    sink_host: Option<String>,

    /// Starts Postrider for the description of that name, on loopback with a temporary data folder: this
    /// build, or another
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = env!("CARGO_BIN_EXE_postrider"))]
    pub start_postrider: Option<PathBuf>,

    /// Prints what would be sent, and sends nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Where the figures go as JSON
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/compare.json"))]
    pub json: PathBuf,

    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

impl Args {
    /// The descriptions' files. A path that leads nowhere from here is tried from the root of the workspace.
    pub fn files(&self) -> Vec<PathBuf> {
        let found = |path: &PathBuf| {
            let from_root = Path::new(ROOT).join(path);
            match !path.exists() && from_root.exists() {
                true => from_root,
                false => path.clone(),
            }
        };
        self.descriptions.iter().map(found).collect()
    }

    /// The URL under which senders reach this path of a sink that listens here.
    pub fn sink_url(&self, listens: SocketAddr, path: &str) -> String {
        match &self.sink_host {
            Some(host) => format!("http://{host}:{}{path}", listens.port()),
            None => format!("http://{listens}{path}"),
        }
    }

    /// The URL of a sink that does not listen yet. A free port has no number until then.
    pub fn sink_url_shown(&self, path: &str) -> String {
        let url = self.sink_url(self.sink_listen, path);
        match self.sink_listen.port() {
            0 => url.replacen(":0/", ":<free port>/", 1),
            _ => url,
        }
    }

    pub fn post_for(&self) -> Duration {
        Duration::from_secs(self.post_for.into())
    }

    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.wait.into())
    }
}
