//! The files that the tests compare, and what a server exposes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file of the repository.
pub fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Its text.
pub fn text_of(name: &str) -> String {
    std::fs::read_to_string(path_of(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The metrics that docs/operating/metrics.md explains: the first cells of its tables, which hold one name
/// each.
pub fn explained_metrics() -> BTreeSet<String> {
    let page = text_of("docs/operating/metrics.md");
    let cells = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let names = cells.map(|(name, _)| name.to_owned());
    names
        .filter(|name| !name.contains('.') && !name.contains('/'))
        .collect()
}

/// The metrics in a text.
pub fn exposed_metrics(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
        .collect()
}

/// The series in a text: names with their labels, without values.
pub fn series(text: &str) -> BTreeSet<String> {
    let samples = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    samples
        .filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()))
        .collect()
}
