//! Compares the styles with the real `node` and `python3`, which must be installed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../json/tests/documents/mod.rs"]
mod documents;

use std::io::Write as _;
use std::process::{Command, Stdio};

use postrider_json::{DEPTH_MAX, inspect};
use postrider_signing::{BodyStyle, render_value};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

const DOCUMENTS: usize = 6_000;

#[test]
fn bodies_equal_nodes_output() {
    let documents = generated();
    let printed: Vec<String> = ask(Command::new("node").arg(oracle("node.js")), &documents);
    let mut lossless = 0;
    for (document, printed) in documents.iter().zip(&printed) {
        let inspection = inspect(document).unwrap();
        if inspection.loss.is_none() {
            lossless += 1;
            assert_eq!(&rendered(document, BodyStyle::Js), printed, "of {document}");
        }
        if inspection.js_fixed_point {
            assert_eq!(document, printed);
        }
    }
    assert!(
        lossless > DOCUMENTS / 4,
        "only {lossless} documents were lossless"
    );
}

#[test]
fn bodies_equal_pythons_output_and_losses_agree_with_exact_decimals() {
    let documents = generated();
    let replies: Vec<(String, bool)> = ask(Command::new("python3").arg(oracle("python.py")), &documents);
    for (document, (printed, is_lossless)) in documents.iter().zip(&replies) {
        let inspection = inspect(document).unwrap();
        assert_eq!(
            inspection.loss.is_none(),
            *is_lossless,
            "{document}: {:?}",
            inspection.loss
        );
        if *is_lossless {
            assert_eq!(&rendered(document, BodyStyle::Python), printed, "of {document}");
        }
        if inspection.python_fixed_point {
            assert_eq!(document, printed);
        }
    }
}

fn rendered(document: &str, style: BodyStyle) -> String {
    let mut out = Vec::new();
    render_value(document, style, &mut out);
    String::from_utf8(out).unwrap()
}

/// The same documents in every run.
fn generated() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = documents::document();
    let mut documents: Vec<_> = (0..DOCUMENTS)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    documents.push("[".repeat(DEPTH_MAX) + &"]".repeat(DEPTH_MAX));
    documents.push(r#"{"1":0,"0":"#.repeat(DEPTH_MAX) + "0" + &"}".repeat(DEPTH_MAX));
    documents.push(format!("1.{}", "0".repeat(10_000)));
    documents.push(format!("0.{}1e10001", "0".repeat(10_000)));
    documents
}

fn oracle(file: &str) -> String {
    format!("{}/tests/oracles/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs an oracle once over all documents, one line of input and one of output per document.
fn ask<T: serde::de::DeserializeOwned>(command: &mut Command, documents: &[String]) -> Vec<T> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("this test needs {command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = documents
        .iter()
        .map(|document| serde_json::to_string(document).unwrap() + "\n")
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let replies = String::from_utf8(output.stdout).unwrap();
    let replies: Vec<T> = replies
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(replies.len(), documents.len());
    replies
}
