//! A real mail server, aiosmtpd, and Python's email package as the judge of what arrives.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use postrider_mail::{Draft, Mailer, Message, Sender, Verdict};
use postrider_model::email_address::RECIPIENTS_MAX;
use postrider_model::{DeliveryId, Outcome, Recipients};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{PASSWORD, USER, certified, mailer, message, send, send_message};

/// The server as a child process. Dropping it ends the process.
struct MailServer {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    port: u16,
    certificate: String,
    _folder: TempDir,
}

impl MailServer {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certified = certified();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, certified.cert.pem()).unwrap();
        std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
        let mut command = Command::new(python());
        command.arg(tests().join("mail_server/server.py")).args(arguments);
        command
            .arg("--certificate")
            .arg(&certificate)
            .arg("--key")
            .arg(&key);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; ./test installs what is missing"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().and_then(Result::ok);
        let first = first.expect("the mail server does not start; ./test installs what is missing");
        let first: Value = serde_json::from_str(&first).unwrap();
        Self {
            child,
            lines,
            port: first["listening"].as_u64().unwrap().try_into().unwrap(),
            certificate: certified.cert.pem(),
            _folder: folder,
        }
    }

    fn with_starttls() -> Self {
        Self::start(&["--user", USER, "--password", PASSWORD])
    }

    fn mailer(&self, scheme: &str, password: &str) -> Mailer {
        let url = format!("{scheme}://localhost:{}", self.port);
        mailer(&url, Some((USER, password)), Some(&self.certificate), 4)
    }

    /// The next message that arrived.
    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("the server runs").unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// Python with aiosmtpd, if `./test` has installed it; otherwise the system's.
fn python() -> PathBuf {
    let installed = tests().join(".cache/mail_server/bin/python");
    if installed.exists() {
        installed
    } else {
        "python3".into()
    }
}

#[tokio::test]
async fn a_message_arrives_over_starttls_and_over_tls_from_the_start() {
    for (scheme, arguments, mechanism) in [
        ("smtp", &[][..], "AUTH PLAIN ••••"),
        ("smtp", &["--without", "PLAIN"][..], "AUTH LOGIN"),
        ("smtps", &["--implicit"][..], "AUTH PLAIN ••••"),
    ] {
        let mut server = MailServer::start(&[&["--user", USER, "--password", PASSWORD], arguments].concat());
        let sent = send(&server.mailer(scheme, PASSWORD)).await;
        assert_eq!(sent.verdict, Verdict::Accepted, "{sent:?}");
        assert_eq!(sent.dialogue.tls, Some("TLSv1.3"));
        let commands: Vec<_> = sent
            .dialogue
            .steps
            .iter()
            .filter_map(|it| it.command.as_deref())
            .collect();
        assert!(commands.contains(&mechanism), "{commands:?}");
        assert_eq!(commands.contains(&"STARTTLS"), scheme == "smtp", "{commands:?}");
        assert!(!format!("{sent:?}").contains(PASSWORD));
        let arrived = server.next();
        assert_eq!(arrived["login"], USER);
        assert_eq!(arrived["mail_from"], "automations@example.com");
        assert_eq!(arrived["rcpt_tos"], serde_json::json!(["ann@example.org"]));
        assert_eq!(arrived["text"].as_str().unwrap().trim_end(), "A text");
    }
}

#[tokio::test]
async fn the_longest_dialogue_is_recorded_in_full() {
    let arguments = ["--user", USER, "--password", PASSWORD, "--without", "PLAIN"];
    let server = MailServer::start(&arguments);
    let to: Vec<String> = (0..RECIPIENTS_MAX)
        .map(|it| format!("a{it}@example.org"))
        .collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let sent = send_message(&server.mailer("smtp", PASSWORD), &message(&to, "s", "t")).await;
    assert_eq!(sent.verdict, Verdict::Accepted, "{sent:?}");
    let last = sent.dialogue.steps.last().unwrap();
    let command = last.command.as_deref().unwrap_or_default();
    assert!(command.starts_with("(message of "), "{sent:?}");
    assert_eq!((sent.dialogue.steps.len(), last.code), (20, Some(250)));
}

#[tokio::test]
async fn the_bytes_that_were_composed_are_the_bytes_that_arrive() {
    let mut server = MailServer::with_starttls();
    let mailer = server.mailer("smtp", PASSWORD);
    for text in ["plain", ".\n..\n...\n", "ünïcödé", "文字", "From x\n", "a \n"] {
        let mail = message(&["ann@example.org"], text, text);
        assert_eq!(send_message(&mailer, &mail).await.verdict, Verdict::Accepted);
        let arrived = server.next();
        assert_eq!(
            arrived["bytes"].as_str().unwrap().as_bytes(),
            mail.bytes(),
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_an_unknown_authority_and_another_name_are_temporary_failures() {
    let server = MailServer::with_starttls();
    let sent = send(&server.mailer("smtp", "wrong password")).await;
    assert_eq!(
        (sent.verdict, sent.outcome),
        (Verdict::Temporary, Outcome::BadStatus)
    );
    let error = sent.error.unwrap();
    assert!(
        error.starts_with("The mail server did not accept the user and the password: 535"),
        "{error}"
    );

    let of = |host: &str, authority: Option<&str>| {
        let url = format!("smtp://{host}:{}", server.port);
        mailer(&url, Some((USER, PASSWORD)), authority, 1)
    };
    for mailer in [of("localhost", None), of("127.0.0.1", Some(&server.certificate))] {
        let sent = send(&mailer).await;
        assert_eq!(
            (sent.verdict, sent.outcome),
            (Verdict::Temporary, Outcome::TlsError),
            "{sent:?}"
        );
        assert_eq!(
            sent.dialogue.steps.last().unwrap().command.as_deref(),
            Some("STARTTLS")
        );
    }
}

#[tokio::test]
async fn what_is_put_in_is_what_pythons_email_package_reads() {
    let mut server = MailServer::with_starttls();
    let mailer = server.mailer("smtp", PASSWORD);
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..150 {
        let subject = any_text(&mut random, 120);
        let text = any_text(&mut random, 3_000);
        let name = any_text(&mut random, 90);
        let from = Sender {
            name: Some(name.clone()),
            address: "automations@example.com".parse().unwrap(),
        };
        let to: Vec<String> = (0..=random.usize(0..10))
            .map(|it| format!("a.{it}+x@example.org"))
            .collect();
        let recipients = Recipients::new(to.iter().map(|it| it.parse().unwrap()).collect()).unwrap();
        let mail = Message::compose(&Draft {
            from: &from,
            to: &recipients,
            subject: &subject,
            text: &text,
            date: "2026-06-01T08:05:09Z".parse().unwrap(),
            delivery: DeliveryId::from_u128(7),
            event_type: &"proposal.accepted".parse().unwrap(),
            header_prefix: "Acme",
        })
        .unwrap();
        assert_eq!(send_message(&mailer, &mail).await.verdict, Verdict::Accepted);
        let arrived = server.next();
        let context = format!("round {round}: {subject:?} {name:?} {}", arrived["bytes"]);
        assert_eq!(
            arrived["text"].as_str().unwrap().replace("\r\n", "\n"),
            as_lines(&text),
            "{context}"
        );
        assert_eq!(
            squeezed(arrived["headers"]["Subject"].as_str().unwrap()),
            squeezed(&subject),
            "{context}"
        );
        assert_eq!(
            squeezed(arrived["from"][0].as_str().unwrap()),
            squeezed(&name),
            "{context}"
        );
        assert_eq!(arrived["from"][1], "automations@example.com", "{context}");
        let heads: Vec<&str> = arrived["to"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        assert_eq!(heads, to, "{context}");
        assert_eq!(arrived["rcpt_tos"], serde_json::json!(to), "{context}");
        assert_eq!(arrived["defects"], serde_json::json!([]), "{context}");
        assert!(arrived["longest_line"].as_u64().unwrap() <= 76, "{context}");
        assert_eq!(arrived["names"], serde_json::json!(NAMES), "{context}");
    }
}

const NAMES: [&str; 12] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Acme-Event-Type",
    "Acme-Delivery-Id",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

#[tokio::test]
async fn the_headers_read_as_they_are_meant() {
    let mut server = MailServer::with_starttls();
    let sent = send(&server.mailer("smtp", PASSWORD)).await;
    assert_eq!(sent.verdict, Verdict::Accepted);
    let headers = server.next()["headers"].clone();
    let id = DeliveryId::from_u128(7).to_string();
    for (name, value) in [
        ("From", "\"Example\" <automations@example.com>"),
        ("Date", "Mon, 01 Jun 2026 08:05:09 +0000"),
        ("Message-ID", &format!("<{id}@example.com>")),
        ("Auto-Submitted", "auto-generated"),
        ("Postrider-Event-Type", "proposal.accepted"),
        ("Postrider-Delivery-Id", &id),
        ("Content-Type", "text/plain; charset=\"utf-8\""),
    ] {
        let read = headers[name]
            .as_str()
            .unwrap()
            .replace("Example <", "\"Example\" <");
        assert_eq!(read, value, "{name}");
    }
}

/// A text of letters, scripts, signs with a meaning in mail, and characters that end lines.
fn any_text(random: &mut fastrand::Rng, pieces_max: usize) -> String {
    const PIECES: [&str; 34] = [
        "a",
        "word",
        "Hello",
        " ",
        " ",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\n.\n",
        "\r\n.\r\n",
        "\nFrom ",
        "ü",
        "文",
        "🎉",
        "שלום",
        "=",
        "=?utf-8?Q?x?=",
        "=20",
        "\"",
        "\\",
        "<",
        ">",
        ",",
        ":",
        ";",
        "@",
        "(",
        ")",
        "\0",
        "\u{2028}",
        "\nBcc: x@example.net\n",
    ];
    let is_plain = random.bool();
    let mut text = String::new();
    for _ in 0..random.usize(0..pieces_max) {
        let piece = PIECES[random.usize(0..PIECES.len())];
        if !is_plain || (piece.is_ascii() && !piece.contains('\0')) {
            text.push_str(piece);
        }
        if random.u8(0..40) == 0 {
            text.push_str(&"x".repeat(random.usize(0..200)));
        }
    }
    text
}

/// A text as every mail program shows it: one kind of line break, and one at the end.
fn as_lines(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A header's text: control characters are spaces, and the length is bounded. Spaces are squeezed, because
/// Python's parser does so too.
fn squeezed(text: &str) -> String {
    let text = text.trim_end_matches('…');
    let is_break = |it: char| it.is_control() || it == '\u{2028}' || it.is_whitespace();
    let words: Vec<&str> = text.split(is_break).filter(|it| !it.is_empty()).collect();
    words.join(" ").chars().take(250).collect()
}
