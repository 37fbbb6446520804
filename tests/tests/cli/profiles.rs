//! `postrider sign --profile` and `postrider verify --profile`, judged by the libraries of those who invented
//! the profiles.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use postrider_tests::command::{CommandOutput, run};
use postrider_tests::{Account, Receiver, Reply, Server, wait};
use serde_json::{Map, Value, json};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW_KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &str = r#"{"name":"Zoë"}"#;

/// The key of the example of the Standard Webhooks library for Go, and its public key.
const PRIVATE: &str = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";
const PUBLIC: &str = "whpk_ZlN4eg7dSSqi0moX9hQUk3orrOouK3QVQSlJa248c/g=";

const OTHERS: [&str; 5] = ["standard", "svix", "github", "stripe", "shopify"];

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

fn signed(profile: &str, keys: &[&str]) -> CommandOutput {
    let body = Body::new(BODY);
    let path = body.path();
    let mut arguments = vec!["sign", "--profile", profile, "--body", &path];
    arguments.extend(keys.iter().flat_map(|key| ["--secret", key]));
    run(&arguments)
}

fn headers(signed: &CommandOutput) -> Map<String, Value> {
    let lines = signed
        .success()
        .lines()
        .map(|line| line.split_once(": ").unwrap());
    lines
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
}

/// Whether the profile's library accepts each request.
pub fn libraries_accept(requests: &[Value]) -> Vec<bool> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("receivers/node/profiles.mjs");
    let mut child = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is here; ./test installs it");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&serde_json::to_vec(requests).unwrap()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "./test installs the libraries");
    serde_json::from_slice(&output.stdout).unwrap()
}

pub fn request(profile: &str, key: &str, body: &str, headers: &Map<String, Value>) -> Value {
    json!({"profile": profile, "key": key, "body": body, "headers": headers})
}

#[test]
fn official_libraries_accept_each_profile_and_refuse_another_key_or_body() {
    let mut requests = vec![];
    for profile in OTHERS {
        let headers = headers(&signed(profile, &[KEY]));
        requests.push(request(profile, KEY, BODY, &headers));
        requests.push(request(profile, NEW_KEY, BODY, &headers));
        requests.push(request(profile, KEY, r#"{"name":"Zoe"}"#, &headers));
    }
    let headers = headers(&signed("standard", &[PRIVATE]));
    requests.push(request("standard", PUBLIC, BODY, &headers));
    let other = "whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    requests.push(request("standard", other, BODY, &headers));
    requests.push(request("standard", PUBLIC, "{}", &headers));
    let expected = [true, false, false].repeat(requests.len() / 3);
    assert_eq!(libraries_accept(&requests), expected);
}

#[test]
fn while_keys_overlap_official_libraries_accept_both_keys_of_a_list_and_the_old_one_elsewhere() {
    let mut requests = vec![];
    for profile in OTHERS {
        let headers = headers(&signed(profile, &[NEW_KEY, KEY]));
        for key in [NEW_KEY, KEY] {
            requests.push(request(profile, key, BODY, &headers));
        }
    }
    // An Ed25519 key follows one that is shared.
    let headers = headers(&signed("standard", &[PRIVATE, KEY]));
    for key in [PUBLIC, KEY] {
        requests.push(request("standard", key, BODY, &headers));
    }
    let [list, single] = [[true, true], [false, true]];
    let expected = [list, list, single, list, single, list].concat();
    assert_eq!(libraries_accept(&requests), expected);
}

#[test]
fn each_profile_verifies_offline_and_names_the_header_that_does_not_match() {
    for (profile, key, verifier, header) in [
        ("standard", KEY, KEY, "webhook-signature"),
        ("standard", PRIVATE, PUBLIC, "webhook-signature"),
        ("svix", PRIVATE, PRIVATE, "svix-signature"),
        ("github", KEY, KEY, "X-Hub-Signature-256"),
        ("stripe", KEY, KEY, "Stripe-Signature"),
        ("shopify", KEY, KEY, "X-Shopify-Hmac-Sha256"),
    ] {
        let signed = signed(profile, &[key]);
        let sent = signed.success().lines().flat_map(|line| ["--header", line]);
        let sent: Vec<_> = sent.collect();
        let verify = |body: &str| {
            let body = Body::new(body);
            let path = body.path();
            let arguments = [
                "verify",
                "--profile",
                profile,
                "--secret",
                verifier,
                "--body",
                &path,
            ];
            run(&[&arguments[..], &sent].concat())
        };
        assert_eq!(verify(BODY).success(), format!("{header}  matches\n"));
        let altered = verify("{}");
        let (verdict, explanation) = altered.out.split_once("\n\n").unwrap();
        assert_eq!(altered.code, 1);
        assert_eq!(verdict, format!("{header}  does not match"));
        assert!(explanation.starts_with("No usual mistake explains it."));
        let printed = verify(&format!("{BODY}\n"));
        assert_eq!(printed.code, 1);
        assert!(
            printed.out.contains("without the line break at its end"),
            "{}",
            printed.out
        );
    }
}

#[test]
fn an_old_request_of_a_profile_that_signs_the_time_is_refused_unless_its_age_does_not_matter() {
    let body = Body::new(BODY);
    let path = body.path();
    let sign = [
        "sign",
        "--profile",
        "stripe",
        "--secret",
        KEY,
        "--timestamp",
        "1674087231",
    ];
    let signed = run(&[&sign[..], &["--body", &path]].concat());
    let header = signed
        .success()
        .lines()
        .find(|line| line.starts_with("Stripe-"))
        .unwrap();
    let verify = |extra: &[&str]| {
        let arguments = [
            "verify",
            "--profile",
            "stripe",
            "--secret",
            KEY,
            "--header",
            header,
            "--body",
            &path,
        ];
        run(&[&arguments[..], extra].concat())
    };
    let old = verify(&[]);
    assert_eq!(old.code, 1);
    assert!(
        old.out.contains("matches, but the request was sent too long ago"),
        "{}",
        old.out
    );
    verify(&["--no-tolerance"]).success();
}

#[test]
fn a_key_of_the_wrong_kind_a_missing_header_and_an_unknown_profile_are_explained() {
    let wrong = signed("github", &[PRIVATE]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("needs a key that begins with `whsec_`"),
        "{}",
        wrong.err
    );
    assert!(!wrong.err.contains(&PRIVATE[5..]), "{}", wrong.err);
    let unknown = signed("gitlab", &[KEY]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.err.contains("postrider, standard, svix, github"),
        "{}",
        unknown.err
    );
    let body = Body::new(BODY);
    let path = body.path();
    let arguments = [
        "verify",
        "--profile",
        "svix",
        "--secret",
        KEY,
        "--header",
        "a: b",
        "--body",
        &path,
    ];
    let missing = run(&arguments);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("expected svix-signature"), "{}", missing.err);
}

/// What a receiver gets from a server that signs by this profile: the request for a library, and its headers.
async fn delivered(profile: &str) -> (Value, Map<String, Value>) {
    let flags = [
        "--allow-destination",
        "127.0.0.0/8",
        "--signature-profile",
        profile,
    ];
    let (server, receiver) = (Server::start_with(&flags), Receiver::start().await);
    let account = Account::create(server.api()).await;
    receiver.respond("/hook", [Reply::status(204)]);
    account.automation(json!({"url": receiver.url("/hook")})).await;
    account.send("a.b", BODY).await;
    let received = receiver.wait_for("/hook", 1, wait::SOON).await.remove(0);
    let keys = account.api.get(account.at("/signing-keys")).await.expect(200);
    let headers: Map<_, _> = received
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().into()))
        .collect();
    let body = std::str::from_utf8(&received.body).unwrap();
    let key = keys["data"][0]["secret"].as_str().unwrap();
    (request(profile, key, body, &headers), headers)
}

#[tokio::test]
async fn official_libraries_accept_what_a_server_delivers_under_each_profile() {
    let mut requests = vec![];
    for profile in OTHERS {
        let (request, headers) = delivered(profile).await;
        requests.push(request);
        assert!(
            headers.contains_key("webhook-id"),
            "{profile}: repeats are recognised by it"
        );
        assert!(!headers.contains_key("postrider-signature"), "{profile}");
    }
    assert_eq!(libraries_accept(&requests), [true; OTHERS.len()]);
}

#[tokio::test]
async fn headers_of_the_profile_cannot_be_set_by_an_action() {
    let flags = ["--signature-profile", "github"];
    let server = Server::start_with(&flags);
    let account = Account::create(server.api()).await;
    let action = json!({"type": "send_webhook", "url": "https://receiver.example/",
        "headers": {"X-Hub-Signature-256": "sha256=0"}});
    let body = json!({"name": "n", "trigger": {"event_types": ["*"]}, "actions": [action]});
    let refused = account.api.post(account.at("/automations"), body).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("reserved_header"), "{}", refused.text());
}
