//! The command line.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::Outcome;
use crate::scenarios::throughput;
use crate::store::StoreKind;

/// Measures a built Postrider from the outside.
#[derive(Debug, clap::Parser)]
#[command(name = "delivery")]
pub struct Args {
    /// Where the measured servers keep everything
    #[arg(long, value_enum, default_value = "sqlite")]
    pub store: StoreKind,

    /// Only limit, throughput and latency, each briefly; fails where a share of the limit is below its floor
    #[arg(long)]
    pub short: bool,

    /// Only these scenarios; the limit is measured in any case
    #[arg(long, value_delimiter = ',', value_enum)]
    pub only: Vec<Scenario>,

    /// Only the variants of `throughput` whose name contains this
    #[arg(long, default_value = "")]
    pub variant: String,

    /// Everything this many times; the medians are reported
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=25))]
    rounds: u32,

    /// Events of a variant of `throughput`
    #[arg(long)]
    events: Option<u32>,

    /// Another build to measure; given more than once, they take turns in each scenario
    #[arg(long, value_name = "FILE")]
    binary: Vec<PathBuf>,

    /// More flags for `postrider serve`, separated by spaces
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    pub serve_flags: String,

    /// Where the figures go as JSON
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/delivery.json"))]
    pub json: PathBuf,

    /// The floors of the short mode
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/floors.json"))]
    pub floors: PathBuf,

    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// As many events as it takes, one way or another.
    Throughput,
    /// How long an event takes while there are few.
    Latency,
    /// What receivers that are down cost one that is not.
    Isolation,
    /// A million deliveries that wait for a receiver.
    Backlog,
    /// Five million events in the store.
    Growth,
    /// One customer at its worst, and five kinds of receivers in trouble.
    Pressure,
}

impl Args {
    /// Rejects options that exclude each other.
    pub fn check(&self) -> Outcome<()> {
        if self.short && self.store != StoreKind::Sqlite {
            return Err(
                "--short goes by floors, which there are for --store sqlite only; \
                        --only throughput,latency is as brief with --events 30000"
                    .into(),
            );
        }
        throughput::check(self)
    }

    /// Whether a scenario is wanted.
    pub fn wants(&self, scenario: Scenario) -> bool {
        if self.short && !matches!(scenario, Scenario::Throughput | Scenario::Latency) {
            return false;
        }
        self.only.is_empty() || self.only.contains(&scenario)
    }

    /// How often everything is measured. The short mode reports the median of three, because a single figure
    /// is too noisy for a verdict.
    pub fn rounds(&self) -> u32 {
        if self.short {
            self.rounds.max(3)
        } else {
            self.rounds
        }
    }

    /// How many events a variant of `throughput` sends.
    pub fn events(&self) -> u32 {
        self.events.unwrap_or(if self.short { 30_000 } else { 100_000 })
    }

    /// The builds to measure.
    pub fn binaries(&self) -> Vec<PathBuf> {
        if self.binary.is_empty() {
            vec![PathBuf::from(env!("CARGO_BIN_EXE_postrider"))]
        } else {
            self.binary.clone()
        }
    }
}
