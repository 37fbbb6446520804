//! The files of packaging/monitoring: promtool accepts them, every metric that they name exists, and every
//! alert has a runbook and a test.

use std::collections::BTreeSet;

use postrider_tests::promtool;
use serde_json::Value;

use super::page::{explained_metrics, path_of, text_of};

const ALERTS: &str = "packaging/monitoring/alerts.yml";
const ALERTS_TEST: &str = "packaging/monitoring/alerts_test.yml";
const DASHBOARD: &str = "packaging/monitoring/dashboard.json";
const SCRAPE: &str = "packaging/monitoring/prometheus.yml";
const RUNBOOK: &str = "docs/operating/alerts.md";
/// Where the runbook is on the server, of which the rules name an example.
const RUNBOOK_URL: &str = "https://webhooks.example.com/docs/guides/operating-alerts";

/// The names of all alerts.
fn alerts() -> BTreeSet<String> {
    let rules = text_of(ALERTS);
    let names = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    names.map(str::to_owned).collect()
}

/// The metrics that a text names. Series of a histogram count as the histogram.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c: char| !is_of_name(c));
    let metrics = words.filter(|word| word.starts_with("postrider_") || word.starts_with("process_"));
    let explained = explained_metrics();
    let histogram = |name: &str| {
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix));
        base.filter(|base| explained.contains(*base)).map(str::to_owned)
    };
    metrics
        .map(|name| histogram(name).unwrap_or_else(|| name.to_owned()))
        .collect()
}

/// The queries of the dashboard, with a value in place of each of its variables.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text_of(DASHBOARD)).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let queries = targets.map(|target| target["expr"].as_str().unwrap());
    queries
        .map(|query| {
            query
                .replace("$__rate_interval", "1m")
                .replace("$__range", "6h")
                .replace("$instance", ".*")
                .replace("$job", "postrider")
        })
        .collect()
}

#[test]
fn promtool_accepts_the_alerts_their_tests_and_the_configuration() {
    let path = |name| path_of(name).display().to_string();
    promtool::check(&["check", "rules", &path(ALERTS)], "");
    promtool::check(&["check", "config", &path(SCRAPE)], "");
    promtool::check(&["test", "rules", &path(ALERTS_TEST)], "");
}

#[test]
fn promtool_accepts_every_query_of_the_dashboard() {
    let queries = queries();
    assert!(queries.len() > 30, "{}", queries.len());
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, query) in queries.iter().enumerate() {
        rules += &format!(
            "      - record: panel:{number}\n        expr: {}\n",
            Value::from(query.as_str())
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, rules).unwrap();
    promtool::check(&["check", "rules", &file.display().to_string()], "");
}

#[test]
fn alerts_and_dashboard_name_only_metrics_that_exist() {
    let explained = explained_metrics();
    for (file, text) in [
        (ALERTS, text_of(ALERTS)),
        (ALERTS_TEST, text_of(ALERTS_TEST)),
        (DASHBOARD, queries().join("\n")),
        (RUNBOOK, text_of(RUNBOOK)),
    ] {
        // A name that ends with `_` is the pattern of a command in the runbook.
        let unknown: Vec<_> = named(&text)
            .into_iter()
            .filter(|name| !explained.contains(name))
            .filter(|name| !(file == RUNBOOK && explained.iter().any(|known| known.starts_with(name))))
            .collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

#[test]
fn every_alert_has_a_runbook_and_a_test_of_when_it_fires_and_when_it_does_not() {
    let (alerts, runbook, tests, rules) = (alerts(), text_of(RUNBOOK), text_of(ALERTS_TEST), text_of(ALERTS));
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## "));
    assert_eq!(
        alerts,
        headings.map(str::to_owned).collect(),
        "the headings of {RUNBOOK}"
    );
    for alert in &alerts {
        let anchor = format!("runbook_url: {RUNBOOK_URL}#{}", alert.to_ascii_lowercase());
        assert!(rules.contains(&format!("{anchor}\n")), "{alert} has no {anchor}");
        for state in ["fires", "stays quiet"] {
            assert!(
                tests.contains(&format!("name: {alert} {state}\n")),
                "{alert} {state}"
            );
        }
        let section = runbook.split_once(&format!("## {alert}\n")).unwrap().1;
        let section = section.split("\n## ").next().unwrap();
        for part in ["**Meaning.**", "**Do.**", "```sh"] {
            assert!(section.contains(part), "{RUNBOOK}: {alert} has no {part}");
        }
    }
}

#[test]
fn every_panel_has_a_title_and_a_place_of_its_own() {
    let dashboard: Value = serde_json::from_str(&text_of(DASHBOARD)).unwrap();
    let mut places = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(!panel["title"].as_str().unwrap().is_empty());
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(x < 24 && places.insert((x, y)), "{}: {x}, {y}", panel["title"]);
            }
        }
    }
}
