//! `postrider sign`, `postrider verify` and help, without a server.

use postrider_tests::command::{CommandOutput, run};
use postrider_tests::signature;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A body in a file. Dropping it removes the file.
struct Body(tempfile::TempDir);

impl Body {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("body.json"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.path().join("body.json").to_str().unwrap().to_owned()
    }
}

fn header(signed: &CommandOutput, name: &str) -> String {
    let line = signed
        .success()
        .lines()
        .find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name}: {}", signed.out))
        .split_once(": ")
        .unwrap()
        .1
        .to_owned()
}

#[test]
fn a_signature_created_offline_verifies_offline() {
    let body = Body::new(r#"{"name":"Zoë"}"#);
    let signed = run(&[
        "sign",
        "--body",
        &body.path(),
        "--secret",
        SECRET,
        "--id",
        "evt_01h455vb4pex5vsknk084sn02q",
    ]);
    let expected = signature::postrider(SECRET, r#"{"name":"Zoë"}"#.as_bytes());
    assert_eq!(header(&signed, "postrider-signature"), expected);
    let (id, timestamp) = (
        header(&signed, "webhook-id"),
        header(&signed, "webhook-timestamp"),
    );
    let token = signature::standard_webhooks(SECRET, &id, &timestamp, r#"{"name":"Zoë"}"#.as_bytes());
    assert_eq!(header(&signed, "webhook-signature"), token);
    let headers: Vec<&str> = signed.out.lines().flat_map(|line| ["--header", line]).collect();
    let body_path = body.path();
    let verify = |secret: &str| {
        run(&[
            &["verify", "--body", &body_path, "--secret", secret][..],
            &headers,
        ]
        .concat())
    };
    verify(SECRET).success();
    assert_eq!(verify(OTHER).code, 1);
}

#[test]
fn a_changed_body_or_a_stale_timestamp_does_not_verify() {
    let (body, changed) = (Body::new(r#"{"n":1}"#), Body::new(r#"{"n":2}"#));
    let signed = run(&[
        "sign",
        "--body",
        &body.path(),
        "--secret",
        SECRET,
        "--timestamp",
        "1674087231",
    ]);
    let id = format!("webhook-id: {}", header(&signed, "webhook-id"));
    let signature = format!("webhook-signature: {}", header(&signed, "webhook-signature"));
    let verify = |body: &Body, extra: &[&str]| {
        let path = body.path();
        let arguments = [
            "verify",
            "--body",
            &path,
            "--secret",
            SECRET,
            "--header",
            &id,
            "--header",
            &signature,
            "--header",
            "webhook-timestamp: 1674087231",
        ];
        run(&[&arguments[..], extra].concat())
    };
    assert_eq!(verify(&body, &[]).code, 1, "it is years old");
    verify(&body, &["--no-tolerance"]).success();
    assert_eq!(verify(&changed, &["--no-tolerance"]).code, 1);
}

#[test]
fn help_names_every_command_and_every_command_has_help() {
    let help = run(&["--help"]);
    for command in [
        "serve",
        "dev",
        "migrate",
        "backup",
        "accounts",
        "automations",
        "events",
        "deliveries",
        "keys",
        "event-types",
        "sign",
        "verify",
    ] {
        assert!(help.success().contains(command), "{command}: {}", help.out);
        let help = run(&[command, "--help"]);
        assert!(
            help.success().contains("Usage: postrider"),
            "{command}: {}",
            help.out
        );
    }
    assert!(run(&["--version"]).success().starts_with("postrider "));
}

#[test]
fn a_signature_of_what_php_prints_is_explained_also_from_headers_that_a_program_printed() {
    let signed = signature::postrider(SECRET, br#"{"url":"https:\/\/example.com\/"}"#);
    let body = Body::new(r#"{"url":"https://example.com/"}"#);
    let headers = body.0.path().join("headers.txt");
    std::fs::write(
        &headers,
        format!("{{\n  'postrider-signature': '{signed}',\n}}\n"),
    )
    .unwrap();
    let verified = run(&[
        "verify",
        "--body",
        &body.path(),
        "--header-file",
        headers.to_str().unwrap(),
        "--secret",
        SECRET,
    ]);
    assert_eq!(verified.code, 1, "{}", verified.out);
    assert!(verified.out.contains("PHP's `json_encode`"), "{}", verified.out);
}
