//! Servers that misbehave, and those who speak in their place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use postrider_mail::{Concerns, Mailer, Options, Partial, Verdict};
use postrider_model::Outcome;

use super::support::{
    PASSWORD, Reply, Scripted, USER, is_meant, mailer, message, polite, say, send, simple, until,
};

/// Long enough for loopback, short enough to wait for.
const SHORT: Duration = Duration::from_millis(400);

/// How much longer the servers of these tests may take to confirm.
const CONFIRM: Duration = Duration::from_millis(200);

const STEPS: [&str; 6] = ["", "EHLO", "MAIL", "RCPT", "DATA", "."];

async fn within_short(mailer: &Mailer) -> postrider_mail::Sent {
    let began = Instant::now();
    let sent = mailer
        .send(&simple(), SHORT, Partial::Wait, &|| true)
        .await
        .unwrap();
    assert!(
        began.elapsed() < SHORT + Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(sent.verdict, Verdict::Temporary);
    sent
}

#[tokio::test]
async fn a_server_that_keeps_silent_or_trickles_at_any_step_is_given_up_in_time() {
    for prefix in STEPS {
        for reply in [Reply::Silent, Reply::Trickle] {
            let server = Scripted::except(prefix, reply.clone()).await;
            let mailer = server.mailer_of(Options {
                connections_max: 1,
                confirm_max: CONFIRM,
                ..Options::default()
            });
            let sent = within_short(&mailer).await;
            assert_eq!(sent.outcome, Outcome::Timeout, "{prefix}");
            let error = sent.error.unwrap();
            let after_s = if prefix == "." { 0.6 } else { 0.4 };
            let expected = format!("No answer of the mail server within {after_s} s");
            assert!(error.starts_with(&expected), "{error}");
            assert_eq!(
                error.contains("may have been accepted"),
                prefix == ".",
                "{prefix}: {error}"
            );
            // A silent one reads nothing either, and so does not notice.
            if matches!(reply, Reply::Trickle) {
                until("the connection is given up too", || {
                    server.open.load(Ordering::SeqCst) == 0
                })
                .await;
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_confirms_late_gets_no_second_copy() {
    let late = Reply::Late(2 * SHORT, "250 2.0.0 queued");
    let server = Scripted::except(".", late.clone()).await;
    let sent = server
        .mailer()
        .send(&simple(), SHORT, Partial::Wait, &|| true)
        .await;
    assert_eq!(sent.unwrap().verdict, Verdict::Accepted);

    // All other answers have to come in time.
    for prefix in ["MAIL", "RCPT", "DATA"] {
        let server = Scripted::except(prefix, late.clone()).await;
        assert_eq!(
            within_short(&server.mailer()).await.outcome,
            Outcome::Timeout,
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn neither_reply_nor_error_names_the_mail_server_once_a_message_begins() {
    let says = "by Mail.Example.Com for localhost";
    for prefix in ["MAIL", "RCPT", "DATA", "."] {
        let server = Scripted::except(prefix, say(format!("450 4.3.0 {says}"))).await;
        let sent = send(&server.mailer()).await;
        let last = sent.dialogue.steps.last().unwrap();
        assert_eq!(last.answer, "4.3.0 by •••• for localhost", "{prefix}");
        let error = sent.error.as_deref().unwrap();
        assert!(
            error.ends_with("450 4.3.0 by •••• for localhost"),
            "{prefix}: {error}"
        );
    }
    let server = Scripted::except("RCPT", say("550 127.0.0.1 says no")).await;
    let sent = send(&mailer(
        &format!("smtp://{}?tls=none", server.address),
        None,
        None,
        1,
    ))
    .await;
    assert!(sent.error.unwrap().ends_with(": 550 •••• says no"));
}

#[tokio::test]
async fn endless_lines_and_answers_end_the_connection_at_once() {
    for prefix in STEPS {
        for unit in ["x", "250-more\r\n", "250-", "250 ok"] {
            let server = Scripted::except(prefix, Reply::Endless(unit)).await;
            let sent = send(&server.mailer()).await;
            assert_eq!(
                (sent.verdict, sent.outcome),
                (Verdict::Temporary, Outcome::ProtocolError),
                "{prefix}: {unit}"
            );
        }
    }
}

#[tokio::test]
async fn answers_that_come_before_their_commands_are_not_taken_for_them() {
    let all = "220 hello\r\n250 a\r\n250 b\r\n250 c\r\n354 d\r\n250 2.0.0 queued";
    let queued = "354 go on\r\n250 2.0.0 queued";
    for (prefix, answers) in [
        ("", all),
        ("EHLO", all),
        ("MAIL", all),
        ("RCPT", all),
        ("DATA", queued),
    ] {
        let server = Scripted::except(prefix, say(answers)).await;
        let mailer = server.mailer();
        let sent = send(&mailer).await;
        assert_eq!(
            (sent.verdict, sent.outcome),
            (Verdict::Temporary, Outcome::ProtocolError),
            "{prefix}"
        );
        let error = sent.error.unwrap();
        assert!(!error.contains("may have been accepted"), "{prefix}: {error}");
        until("the connection ends", || server.open.load(Ordering::SeqCst) == 0).await;
        assert!(!server.has_heard("Subject:"), "{prefix}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_command_accepts_nothing() {
    for (prefix, answer) in [
        ("", "354 what"),
        ("MAIL", "354 what"),
        ("RCPT", "334 what"),
        ("DATA", "250 accepted"),
        ("DATA", "334 what"),
        (".", "354 more"),
        ("EHLO", "HTTP/1.1 400 Bad Request"),
        ("", "SSH-2.0-OpenSSH_9.9"),
    ] {
        let server = Scripted::except(prefix, say(answer)).await;
        let sent = send(&server.mailer()).await;
        assert_eq!(sent.verdict, Verdict::Temporary, "{prefix}: {answer}");
        assert_ne!(sent.outcome, Outcome::Succeeded, "{prefix}: {answer}");
    }
}

#[tokio::test]
async fn a_tls_handshake_that_does_not_end_or_is_none_is_a_temporary_failure() {
    for (greeting, outcome) in [
        (Reply::Silent, Outcome::Timeout),
        (Reply::Close, Outcome::TlsError),
        (say("220 mail.example.com ESMTP"), Outcome::TlsError),
        (Reply::Endless("x"), Outcome::TlsError),
    ] {
        let server = Scripted::except("", greeting).await;
        let url = format!("smtps://localhost:{}", server.address.port());
        let sent = within_short(&mailer(&url, Some((USER, PASSWORD)), None, 1)).await;
        let error = sent.error.unwrap();
        assert_eq!(
            (sent.outcome, sent.concerns),
            (outcome, Concerns::Server),
            "{error}"
        );
        let is_timeout = outcome == Outcome::Timeout;
        assert_eq!(
            error == "No connection to the mail server within 0.4 s",
            is_timeout,
            "{error}"
        );
        assert!(sent.dialogue.steps.is_empty());
    }
}

/// A mailer that requires STARTTLS, and signs in, at a server without TLS.
fn requiring_starttls(server: &Scripted) -> Mailer {
    let url = format!("smtp://localhost:{}", server.address.port());
    mailer(&url, Some((USER, PASSWORD)), None, 1)
}

fn offering_starttls(command: &str) -> Reply {
    if command.starts_with("EHLO") {
        return say("250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS");
    }
    polite(command)
}

/// Asserts that nothing that matters went over the connection in the clear.
fn assert_nothing_leaked(server: &Scripted) {
    for prefix in ["AUTH", "MAIL", "RCPT", "DATA", "Subject"] {
        assert!(!server.has_heard(prefix), "{:?}", server.heard());
    }
}

#[tokio::test]
async fn without_starttls_neither_password_nor_message_leaves() {
    let server = Scripted::start(|_, command| polite(command)).await;
    let sent = send(&requiring_starttls(&server)).await;
    assert_eq!(
        (sent.verdict, sent.outcome),
        (Verdict::Temporary, Outcome::TlsError)
    );
    let error = "The mail server does not offer STARTTLS, and nothing is sent without TLS";
    assert_eq!(sent.error.as_deref(), Some(error));
    assert_nothing_leaked(&server);

    for answer in ["454 4.7.0 not now", "502 5.5.1 never"] {
        let server = Scripted::start(move |_, command| {
            if command == "STARTTLS" {
                say(answer)
            } else {
                offering_starttls(command)
            }
        })
        .await;
        let sent = send(&requiring_starttls(&server)).await;
        assert_eq!(sent.verdict, Verdict::Temporary, "{answer}");
        assert_nothing_leaked(&server);
    }
}

#[tokio::test]
async fn what_is_injected_after_starttls_is_never_read_as_the_servers() {
    // CVE-2011-0411 and its kin, from the other side: answers in clear text, for the commands after TLS.
    let injected = "220 go on\r\n250-mail.example.com\r\n250 AUTH PLAIN\r\n235 signed in\r\n250 queued";
    for injected in [injected, "220 go on\r\n2", "220 go on\r\n\r\n"] {
        let server = Scripted::start(move |_, command| {
            if command == "STARTTLS" {
                say(injected)
            } else {
                offering_starttls(command)
            }
        })
        .await;
        let sent = send(&requiring_starttls(&server)).await;
        assert_eq!(
            (sent.verdict, sent.outcome),
            (Verdict::Temporary, Outcome::ProtocolError),
            "{injected:?}"
        );
        assert_nothing_leaked(&server);
    }
}

#[tokio::test]
async fn a_server_that_repeats_the_password_does_not_get_it_into_the_record() {
    use base64::Engine as _;
    let encoder = base64::engine::general_purpose::STANDARD;
    let forms = [
        PASSWORD.to_owned(),
        encoder.encode(PASSWORD),
        encoder.encode(format!("\0{USER}\0{PASSWORD}")),
    ];
    let all = forms.join(" and ");
    for prefix in ["AUTH", "MAIL", "RCPT", "."] {
        let (start, rest) = PASSWORD.split_once(' ').unwrap();
        let answer = format!("535-5.7.8 you said {all}\r\n535-{start}\r\n535-{rest}\r\n535 {all}");
        let server = Scripted::over_tls(move |_, command| {
            if is_meant(command, prefix) {
                say(answer.clone())
            } else {
                polite(command)
            }
        })
        .await;
        let sent = send(&server.mailer()).await;
        assert!(server.has_heard("AUTH PLAIN "), "{:?}", server.heard());
        let record = format!("{sent:?}");
        assert!(record.contains("••••") && record.contains("you said"), "{record}");
        // Lines are separated by \n in the record, which its `Debug` text escapes.
        let record = record.replace("\\n", " ");
        for form in &forms {
            assert!(!record.contains(form.as_str()), "{prefix}: {record}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_fails_no_message_for_good() {
    let server = Scripted::over_tls(|_, command| {
        if command.starts_with("AUTH") {
            say("535 5.7.8 wrong")
        } else {
            polite(command)
        }
    })
    .await;
    let sent = send(&server.mailer()).await;
    assert_eq!(
        (sent.verdict, sent.concerns),
        (Verdict::Temporary, Concerns::Server)
    );
    assert!(!server.has_heard("MAIL"));
    let shown: Vec<_> = sent
        .dialogue
        .steps
        .iter()
        .filter_map(|it| it.command.clone())
        .collect();
    assert_eq!(shown, ["EHLO example.com", "AUTH PLAIN ••••"]);
}

#[tokio::test]
async fn auth_login_is_shown_without_user_and_password() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Scripted::over_tls(move |_, command| {
        if command.starts_with("EHLO") {
            return say("250-mail.example.com\r\n250 AUTH=LOGIN");
        }
        if command == "AUTH LOGIN" {
            return say("334 VXNlcm5hbWU6");
        }
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => polite(command),
            1 => say("334 UGFzc3dvcmQ6"),
            2 => say("235 2.7.0 signed in"),
            _ => polite(command),
        }
    })
    .await;
    let sent = send(&server.mailer()).await;
    assert_eq!(sent.verdict, Verdict::Accepted, "{sent:?}");
    let shown: Vec<_> = sent
        .dialogue
        .steps
        .iter()
        .filter_map(|it| it.command.clone())
        .collect();
    assert_eq!(shown[1..4], ["AUTH LOGIN", "••••", "••••"]);
    let heard = server.heard();
    assert!(heard.contains(&"cG9zdHJpZGVy".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn a_server_without_a_known_way_to_sign_in_gets_no_password() {
    let server = Scripted::over_tls(|_, command| {
        if command.starts_with("EHLO") {
            return say("250-mail.example.com\r\n250 AUTH CRAM-MD5 XOAUTH2");
        }
        polite(command)
    })
    .await;
    let sent = send(&server.mailer()).await;
    assert_eq!(
        (sent.verdict, sent.outcome),
        (Verdict::Temporary, Outcome::ProtocolError)
    );
    assert_nothing_leaked(&server);
}

#[tokio::test]
async fn a_dot_at_the_beginning_of_a_line_does_not_end_the_message() {
    let server = Scripted::start(|_, command| polite(command)).await;
    let mail = message(
        &["ann@example.org"],
        "s",
        ".\r\nMAIL FROM:<x@example.net>\r\n..\r\nend",
    );
    let sent = super::support::send_message(&server.mailer(), &mail).await;
    assert_eq!(sent.verdict, Verdict::Accepted);
    let heard = server.heard();
    let body: Vec<_> = heard
        .iter()
        .skip_while(|it| !it.is_empty())
        .skip(1)
        .map(String::as_str)
        .collect();
    assert_eq!(body, ["..", "MAIL FROM:<x@example.net>", "...", "end", "."]);
}
