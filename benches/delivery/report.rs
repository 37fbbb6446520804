//! The figures: tables for people, JSON for programs, floors for CI.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::Outcome;
use crate::ledger::Percentiles;
use crate::table;

/// A figure of a row: its key, the heading of its column, and its decimal places.
struct Column(&'static str, &'static str, usize);

/// All figures, in the order of the columns.
const COLUMNS: &[Column] = &[
    Column("events_per_s", "events/s", 0),
    Column("deliveries_per_s", "deliveries/s", 0),
    Column("share_of_limit", "of the limit", 2),
    Column("cpu_us_per_event", "CPU µs/event", 1),
    Column("nodes_cpu_us_per_event", "nodes", 1),
    Column("postgres_cpu_us_per_event", "PostgreSQL", 1),
    Column("events", "events", 0),
    Column("requests", "requests", 0),
    Column("accept_p50_ms", "accept p50 ms", 2),
    Column("accept_p99_ms", "p99", 2),
    Column("deliver_p50_ms", "deliver p50 ms", 2),
    Column("deliver_p99_ms", "p99", 2),
    Column("anonymous_mib", "memory MiB", 0),
    Column("postgres_anonymous_mib", "PostgreSQL MiB", 0),
    Column("disk_bytes_per_event", "disk B/event", 0),
    Column("wal_bytes_per_event", "WAL B/event", 0),
    Column("seconds", "seconds", 1),
    Column("seconds_99_percent", "99 % after s", 1),
    Column("capacity_seconds", "capacity needs", 1),
    Column("times_capacity", "× capacity", 2),
    Column("first_attempt_p99_ms", "first attempt p99 ms", 1),
    Column("in_vain_percent", "refused or needless %", 1),
    Column("lost", "lost", 0),
    Column("share_of_throughput", "of throughput", 2),
    Column("times_one_node", "× one node", 2),
    Column("accept_times_alone", "accept p99 × alone", 2),
    Column("times_alone", "× alone", 2),
    Column("times_first", "× first", 2),
    Column("first_page_ms", "first page ms", 2),
    Column("repeats", "repeats", 0),
    Column("delivered_twice", "delivered twice", 0),
];

/// One line of a table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    figures: BTreeMap<&'static str, f64>,
}

impl Row {
    /// The row of the limit, in events per second.
    pub fn of_limit(events_per_s: f64, accept: Percentiles) -> Self {
        Self::default()
            .with("events_per_s", events_per_s)
            .with("share_of_limit", 1.0)
            .with("accept_p50_ms", accept.p50_ms)
            .with("accept_p99_ms", accept.p99_ms)
    }

    /// Adds a figure; the key is one of the columns.
    pub fn with(mut self, key: &'static str, value: f64) -> Self {
        assert!(COLUMNS.iter().any(|column| column.0 == key), "no column {key}");
        self.figures.insert(key, value);
        self
    }

    /// A figure of the row; NaN if it is missing.
    pub fn get(&self, key: &str) -> f64 {
        self.figures.get(key).copied().unwrap_or(f64::NAN)
    }
}

/// For each name, a row per measurement, in order of appearance.
type Table = Vec<(String, Vec<Row>)>;

/// All measurements.
pub struct Report {
    binaries: Vec<PathBuf>,
    /// Tables by scenario, in order of appearance.
    tables: Vec<(String, Table)>,
}

impl Report {
    /// An empty report on these builds.
    pub fn new(binaries: Vec<PathBuf>) -> Self {
        Self {
            binaries,
            tables: Vec::new(),
        }
    }

    /// The name of a row, with the build's number if there are several builds.
    pub fn name(&self, name: &str, binary: usize) -> String {
        if self.binaries.len() > 1 {
            format!("{name} [{}]", binary + 1)
        } else {
            name.to_owned()
        }
    }

    /// Adds a row, and prints it at once.
    pub fn add(&mut self, scenario: &str, name: &str, row: Row) {
        let figures: Vec<String> = columns_of(std::slice::from_ref(&row))
            .map(|column| format!("{} {}", column.1, shown(&row, column)))
            .collect();
        eprintln!("{scenario}, {name}: {}", figures.join(", "));
        let table = match self.tables.iter().position(|(known, _)| known == scenario) {
            Some(index) => &mut self.tables[index].1,
            None => {
                self.tables.push((scenario.to_owned(), Vec::new()));
                &mut self.tables.last_mut().expect("one was pushed").1
            }
        };
        match table.iter_mut().find(|(known, _)| known == name) {
            Some((_, rows)) => rows.push(row),
            None => table.push((name.to_owned(), vec![row])),
        }
    }

    /// Prints the tables in Markdown; with several rounds, the medians.
    pub fn print(&self) {
        for (index, binary) in self.binaries.iter().enumerate() {
            if self.binaries.len() > 1 {
                println!("[{}] {}", index + 1, binary.display());
            }
        }
        for (scenario, rows) in &self.tables {
            let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
            let medians: Vec<Row> = rows.iter().map(|(_, rows)| median_row(rows)).collect();
            println!("\n{}", table::markdown(scenario, &names, &columns(&medians)));
        }
    }

    /// Writes all figures: the medians of each row, and those of each round, after a description of what was
    /// measured.
    pub fn write_json(&self, path: &Path, about: serde_json::Map<String, Value>) -> Outcome<()> {
        let mut scenarios = about;
        for (scenario, rows) in &self.tables {
            let rows: serde_json::Map<String, Value> = rows
                .iter()
                .map(|(name, rows)| {
                    let rounds: Vec<_> = rows.iter().map(|row| &row.figures).collect();
                    let value = json!({"median": median_row(rows).figures, "rounds": rounds});
                    (name.clone(), value)
                })
                .collect();
            scenarios.insert(scenario.clone(), Value::Object(rows));
        }
        let mut text = serde_json::to_string_pretty(&Value::Object(scenarios))?;
        text.push('\n');
        Ok(std::fs::write(path, text)?)
    }

    /// Whether every share of the limit reaches its floor. The file has the floors by scenario and row.
    pub fn above_floors(&self, path: &Path) -> Outcome<bool> {
        let floors: BTreeMap<String, BTreeMap<String, f64>> =
            serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let mut all_above = true;
        for (scenario, floors) in floors {
            for (name, floor) in floors {
                let share = self
                    .median(&scenario, &name)
                    .map_or(f64::NAN, |row| row.get("share_of_limit"));
                let is_above = share >= floor;
                all_above &= is_above;
                let verdict = if is_above { "above" } else { "BELOW" };
                println!("{scenario}, {name}: {share:.3} of the limit, {verdict} its floor of {floor}");
            }
        }
        Ok(all_above)
    }

    fn median(&self, scenario: &str, name: &str) -> Option<Row> {
        let (_, rows) = self.tables.iter().find(|(known, _)| known == scenario)?;
        let (_, rows) = rows.iter().find(|(known, _)| known == name)?;
        Some(median_row(rows))
    }

    /// The last measurement under this name.
    pub fn last(&self, scenario: &str, name: &str) -> Option<&Row> {
        let (_, rows) = self.tables.iter().find(|(known, _)| known == scenario)?;
        rows.iter().find(|(known, _)| known == name)?.1.last()
    }
}

/// The columns of a table with these rows. A p50 and its p99 share one, as in docs/performance.md.
fn columns(rows: &[Row]) -> Vec<table::Column> {
    let mut columns: Vec<table::Column> = Vec::new();
    let mut left_of = None;
    for column in columns_of(rows) {
        let cells = rows.iter().map(|row| shown(row, column));
        let stem = column.0.strip_suffix("_p99_ms");
        match (stem.filter(|stem| left_of == Some(*stem)), columns.last_mut()) {
            (Some(_), Some(p50)) => p50.join("p99 ms", cells),
            _ => columns.push(table::Column::new(column.1, cells)),
        }
        left_of = column.0.strip_suffix("_p50_ms");
    }
    columns
}

fn columns_of(rows: &[Row]) -> impl Iterator<Item = &'static Column> {
    COLUMNS
        .iter()
        .filter(move |column| rows.iter().any(|row| row.figures.contains_key(column.0)))
}

fn shown(row: &Row, column: &Column) -> String {
    match row.figures.get(column.0) {
        Some(value) if value.is_finite() => table::figure(*value, column.2),
        _ => table::NONE.to_owned(),
    }
}

/// The median of each figure over the rounds.
fn median_row(rows: &[Row]) -> Row {
    let mut by_key: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for row in rows {
        for (key, value) in &row.figures {
            by_key.entry(key).or_default().push(*value);
        }
    }
    let figures = by_key
        .into_iter()
        .map(|(key, mut values)| {
            values.sort_unstable_by(f64::total_cmp);
            (key, values[values.len() / 2])
        })
        .collect();
    Row { figures }
}
