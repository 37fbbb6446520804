//! The built program, without a server.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use support::postrider;

const VECTORS: &str = include_str!("../../signing/tests/vectors/bodies-and-signatures.json");
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn run(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = postrider()
        .args(arguments)
        .env("POSTRIDER_SIGNING_SECRET", KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that rejects its arguments may end before it reads its input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn header(output: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    output
        .lines()
        .find_map(|line| line.strip_prefix(&prefix))
        .unwrap_or_else(|| panic!("{output}"))
        .to_owned()
}

#[test]
fn every_command_has_help_and_examples() {
    let help = stdout(&run(&["--help"], b""));
    for word in [
        "serve",
        "dev",
        "migrate",
        "backup",
        "copy",
        "accounts",
        "sign",
        "verify",
        "Exit codes",
        "Server:",
    ] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
    for command in [
        "serve",
        "dev",
        "backup",
        "copy",
        "accounts",
        "automations",
        "events",
        "deliveries",
        "keys",
        "sign",
        "verify",
    ] {
        let output = run(&[command, "--help"], b"");
        assert!(output.status.success());
        assert!(stdout(&output).contains("Examples:"), "{command}");
    }
    assert!(stdout(&run(&["serve", "--help"], b"")).contains("[variable: POSTRIDER_RETRY_DELAYS]"));
}

#[test]
fn sign_agrees_with_the_vectors() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    for case in vectors["body_styles"].as_array().unwrap() {
        for (body, hex) in [
            ("js_stringify", "hex_js_stringify"),
            ("python_dumps", "hex_python_dumps"),
        ] {
            let (Some(body), Some(hex)) = (case[body].as_str(), case[hex].as_str()) else {
                continue;
            };
            let signed = stdout(&run(&["sign", "--body", "-"], body.as_bytes()));
            assert_eq!(header(&signed, "Postrider-Signature"), hex, "{body}");
        }
    }
    for case in vectors["standard_webhooks"].as_array().unwrap() {
        let (id, timestamp) = (case["id"].as_str().unwrap(), case["timestamp"].to_string());
        let body = case["body"].as_str().unwrap();
        let arguments = ["sign", "--body", "-", "--id", id, "--timestamp", &timestamp];
        let signed = stdout(&run(&arguments, body.as_bytes()));
        assert_eq!(
            header(&signed, "webhook-signature"),
            case["signature"].as_str().unwrap()
        );
    }
}

#[test]
fn verify_accepts_the_output_of_sign_and_explains_refusals() {
    let folder = tempfile::tempdir().unwrap();
    let headers = folder.path().join("headers.txt");
    let body = br#"{"id":"evt_01h455vb4pex5vsknk084sn02q","type":"a.b","timestamp":"2026-01-31T09:30:00.000Z","data":{"n":1}}"#;
    let signed = stdout(&run(&["sign", "--body", "-"], body));
    assert_eq!(header(&signed, "webhook-id"), "evt_01h455vb4pex5vsknk084sn02q");
    assert_eq!(header(&signed, "Postrider-Event-Type"), "a.b");
    std::fs::write(&headers, &signed).unwrap();
    let verify = |body: &[u8]| {
        run(
            &[
                "verify",
                "--header-file",
                headers.to_str().unwrap(),
                "--body",
                "-",
            ],
            body,
        )
    };

    let verified = verify(body);
    assert_eq!(verified.status.code(), Some(0));
    assert_eq!(
        stdout(&verified).matches("  matches").count(),
        2,
        "{}",
        stdout(&verified)
    );

    let altered = verify(&[body.as_slice(), b"\n"].concat());
    assert_eq!(altered.status.code(), Some(1));
    assert!(
        stdout(&altered).contains("without the line break at its end"),
        "{}",
        stdout(&altered)
    );
}

#[test]
fn signing_with_two_keys_equals_signing_during_an_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let new = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    std::fs::write(&keys, format!("{new}\n{KEY}\n")).unwrap();
    let signed = stdout(&run(
        &["sign", "--body", "-", "--secret-file", keys.to_str().unwrap()],
        b"{}",
    ));
    let alone = stdout(&run(&["sign", "--body", "-"], b"{}"));
    assert_eq!(
        header(&signed, "Postrider-Signature"),
        header(&alone, "Postrider-Signature")
    );
    assert_eq!(header(&signed, "Postrider-Signature-Next").len(), 64);
    assert_eq!(header(&signed, "webhook-signature").split(' ').count(), 2);
}

#[test]
fn an_invalid_key_is_not_echoed_in_the_error() {
    let output = run(&["sign", "--body", "-", "--secret", "whsec_secret*"], b"{}");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "error: --secret: expected `whsec_` followed by the base64 of 24 to 64 bytes\n"
    );
}

#[test]
fn a_settings_file_is_not_accepted_and_ignored_when_the_profile_is_built_in() {
    for arguments in [
        &["sign", "--body", "-", "--config", "postrider.toml"][..],
        &[
            "verify",
            "--body",
            "-",
            "--header",
            "a: b",
            "--profile",
            "github",
            "--config",
            "postrider.toml",
        ],
    ] {
        let output = run(arguments, b"{}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("is built in"), "{}", stderr(&output));
    }
}

#[test]
fn unknown_settings_are_refused_from_every_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postrider.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:0\"\n").unwrap();
    let in_folder = |command: &mut Command, path: &Path| command.current_dir(path).output().unwrap();

    let output = in_folder(postrider().arg("serve"), folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "error: ./postrider.toml, line 1: lisen is not a setting; did you mean listen?\n"
    );

    std::fs::remove_file(&file).unwrap();
    let output = in_folder(
        postrider().arg("serve").env("POSTRIDER_RETRYDELAYS", "1"),
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean POSTRIDER_RETRY_DELAYS?"),
        "{}",
        stderr(&output)
    );

    let output = in_folder(postrider().args(["serve", "--retrydelays", "1"]), folder.path());
    assert_eq!(output.status.code(), Some(2));
    let output = in_folder(postrider().args(["serve", "--listen", "8080"]), folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`0.0.0.0:8080`"), "{}", stderr(&output));
    let output = in_folder(
        postrider().args(["serve", "--config", "missing.toml"]),
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cannot read missing.toml"),
        "{}",
        stderr(&output)
    );
    assert!(
        std::fs::read_dir(folder.path()).unwrap().next().is_none(),
        "nothing was created"
    );
}

#[test]
fn a_client_without_a_key_or_a_server_says_so() {
    let output = postrider().args(["accounts", "list"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("POSTRIDER_API_KEY"));

    // Nobody listens on port 1.
    let arguments = ["accounts", "list", "--url", "http://127.0.0.1:1"];
    let output = postrider()
        .args(arguments)
        .env("POSTRIDER_API_KEY", "k")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).starts_with("error: cannot reach http://127.0.0.1:1/: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn invalid_json_is_refused_before_it_is_sent() {
    let arguments = [
        "events",
        "send",
        "acme",
        "a.b",
        "--url",
        "http://127.0.0.1:1",
        "--data",
        "{\"a\":}",
    ];
    let output = postrider()
        .args(arguments)
        .env("POSTRIDER_API_KEY", "k")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "error: --data is not JSON: expected a value at line 1, column 6\n"
    );
}

#[test]
fn migrate_and_backup_do_not_create_a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let copy = folder.path().join("copy.db");
    for arguments in [vec!["migrate"], vec!["backup", copy.to_str().unwrap()]] {
        let output = postrider()
            .args(&arguments)
            .env("POSTRIDER_DATA_DIR", &missing)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(
            stderr(&output).contains("there is no database in"),
            "{}",
            stderr(&output)
        );
    }
    assert!(!missing.exists() && !copy.exists());
}

#[test]
fn the_server_does_not_start_with_an_invalid_logo_or_an_unused_database_setting() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.png");
    std::fs::write(&logo, "GIF89a").unwrap();
    let data = folder.path().join("data");
    let (logo, data) = (logo.to_str().unwrap(), data.to_str().unwrap());
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data];
    for (flags, said) in [
        (["--console-logo-file", logo], "neither PNG nor SVG"),
        (
            ["--database-ca-file", "/etc/ca.pem"],
            "--database-ca-file is set without database_url",
        ),
    ] {
        let output = postrider().args(serve).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    assert!(!Path::new(data).exists());
}
