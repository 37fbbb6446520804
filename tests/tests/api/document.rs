//! The API against its own document: schemathesis calls every operation with requests that match
//! `/v1/openapi.json` and with others, and compares the responses with what the document says.
//!
//! `tests/schemathesis/checks.py` lists, with reasons, what a document cannot express. To repeat a failure by
//! hand, run the command that the test prints, against a server of your own.

use std::path::{Path, PathBuf};
use std::process::Command;

use postrider_tests::Server;
use postrider_tests::server::ADMIN_KEY;

/// The seed of the generated requests. Another finds other requests.
const SEED: &str = "1";

/// Runs all checks over these phases and with these options.
fn agrees(options: &[&str]) {
    let server = Server::start();
    let reports = tempfile::tempdir().expect("a folder can be created");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(schemathesis());
    command
        .arg("run")
        .arg(format!("http://{}/v1/openapi.json", server.address()))
        .arg("--header")
        .arg(format!("Authorization: Bearer {ADMIN_KEY}"))
        .args(["--checks", "all"])
        // `checks.py` has others in their place.
        .args([
            "--exclude-checks",
            "positive_data_acceptance,negative_data_rejection,status_code_conformance",
        ])
        .args(["--seed", SEED, "--continue-on-failure", "--no-color"])
        .args(options)
        .env("SCHEMATHESIS_HOOKS", "checks")
        .env("PYTHONPATH", folder.join("schemathesis"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(reports.path());
    let output = command.output();
    let output =
        output.unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{printed}\n{errors}");
    println!("{printed}");
}

fn schemathesis() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/schemathesis/bin/schemathesis")
}

/// The document's examples, and each boundary of each member once. The requests are always the same.
#[test]
fn every_operation_answers_its_examples_and_boundaries_as_documented() {
    agrees(&["--phases", "examples,coverage"]);
}

mod deep {
    use super::agrees;

    /// Also requests at random, and sequences of requests that use what earlier ones returned.
    #[test]
    fn every_operation_answers_random_requests_and_sequences_as_documented() {
        agrees(&["--max-time", "300"]);
    }
}
