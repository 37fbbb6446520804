//! Accessibility faults that axe-core finds in a page.

use std::fmt::{Display, Formatter};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::Browser;
use crate::binary;

/// The path where `./test` installs axe-core.
const AXE: &str = "tests/browser/node_modules/axe-core/axe.min.js";

/// All WCAG levels up to AA that axe-core has rules for, and its best practices.
const TAGS: [&str; 6] = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
];

const RUN: &str = include_str!("axe.js");

/// How many elements have a fault, by its impact on the people concerned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// A nuisance.
    pub minor: usize,
    /// Hard for some people.
    pub moderate: usize,
    /// A barrier for some people.
    pub serious: usize,
    /// Impossible to use for some people.
    pub critical: usize,
}

/// The faults in a page.
#[derive(Debug, Clone)]
pub struct Accessibility {
    /// How many elements have a fault.
    pub counts: Counts,
    /// A line for each such element: the rule, its impact, the element and the remedy.
    pub findings: Vec<String>,
}

impl Display for Counts {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} critical, {} serious, {} moderate, {} minor",
            self.critical, self.serious, self.moderate, self.minor
        )
    }
}

impl Browser {
    /// Looks for faults in the current page. `name` is the page's name in the output.
    pub async fn axe(&self, name: &str) -> Accessibility {
        self.assert_javascript("axe-core");
        // Inject axe-core once per loaded page: it has half a megabyte.
        let is_there = self.session.run("return 'axe' in window", Vec::new()).await;
        if self.expect("look for axe-core", is_there).await != json!(true) {
            let injected = self.session.run(source(), Vec::new()).await;
            self.expect("inject axe-core", injected).await;
        }
        let found = self.session.run_async(RUN, vec![json!(TAGS)]).await;
        let found = self.expect("run axe-core", found).await;
        let violations = found["violations"]
            .as_array()
            .unwrap_or_else(|| panic!("axe-core, {name}: {found}"));
        let mut accessibility = Accessibility {
            counts: Counts::default(),
            findings: Vec::new(),
        };
        for violation in violations {
            accessibility.add(violation);
        }
        println!("axe: {name}: {}", accessibility.counts);
        accessibility
    }

    /// Looks for faults, and panics if one is serious or critical.
    pub async fn assert_accessible(&self, name: &str) -> Counts {
        let Accessibility { counts, findings } = self.axe(name).await;
        assert!(
            counts.serious == 0 && counts.critical == 0,
            "{name}: {counts}\n{}",
            findings.join("\n")
        );
        counts
    }
}

impl Accessibility {
    fn add(&mut self, violation: &Value) {
        let word = |name: &str| violation[name].as_str().unwrap_or_default();
        let targets = violation["targets"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let count = match word("impact") {
            "critical" => &mut self.counts.critical,
            "serious" => &mut self.counts.serious,
            "moderate" => &mut self.counts.moderate,
            _ => &mut self.counts.minor,
        };
        *count += targets.len();
        self.findings.extend(targets.iter().map(|target| {
            let (rule, impact, help) = (word("rule"), word("impact"), word("help"));
            format!(
                "{rule} ({impact}) at {}: {help}",
                target.as_str().unwrap_or_default()
            )
        }));
    }
}

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        std::fs::read_to_string(binary::root().join(AXE))
            .unwrap_or_else(|error| panic!("{AXE}, which ./test installs: {error}"))
    })
}
