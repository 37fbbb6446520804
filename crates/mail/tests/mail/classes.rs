//! What each answer of a server means for the message.

use std::net::IpAddr;
use std::sync::Arc;

use postrider_egress::{Resolve, ResolveError};
use postrider_mail::{Concerns, Mailer, NotSent, Options, Partial, Sent, Verdict};
use postrider_model::Outcome;

use super::support::{
    Now, Reply, Scripted, TIMEOUT, message, polite, say, send, send_message, settings, simple,
};

use Concerns::{Message as Mail, Server};
use Verdict::{Accepted, Permanent, Temporary};

async fn sent_to(prefix: &'static str, reply: Reply) -> (Sent, Scripted) {
    let server = Scripted::except(prefix, reply).await;
    let sent = send(&server.mailer()).await;
    (sent, server)
}

#[tokio::test]
async fn a_message_that_the_server_confirms_is_accepted_and_recorded_step_by_step() {
    let server = Scripted::start(|_, command| polite(command)).await;
    let sent = send(&server.mailer()).await;
    assert_eq!(
        (sent.verdict, sent.outcome, &sent.error),
        (Accepted, Outcome::Succeeded, &None)
    );
    let steps: Vec<_> = sent
        .dialogue
        .steps
        .iter()
        .map(|step| {
            (
                step.command.as_deref().unwrap_or("-"),
                step.code.unwrap(),
                step.enhanced.as_deref(),
            )
        })
        .collect();
    let size = simple().bytes().len();
    let (mail, content) = (
        format!("MAIL FROM:<automations@example.com> SIZE={size}"),
        format!("(message of {size} bytes)"),
    );
    assert_eq!(
        steps,
        [
            ("-", 220, None),
            ("EHLO example.com", 250, None),
            (&*mail, 250, Some("2.1.0")),
            ("RCPT TO:<ann@example.org>", 250, Some("2.1.0")),
            ("DATA", 354, None),
            (&*content, 250, Some("2.0.0")),
        ]
    );
    assert_eq!(sent.dialogue.server, server.address.to_string());
    assert_eq!((sent.dialogue.tls, sent.dialogue.is_reused), (None, false));
    assert_eq!(sent.dialogue.last_code(), Some(250));
    assert!(
        !format!("{:?}", sent.dialogue).contains("A text"),
        "the message is no part of the record"
    );
}

#[tokio::test]
async fn each_answer_has_its_verdict() {
    let cases = [
        ("", "554 go away", Temporary, Server),
        ("", "421 busy", Temporary, Server),
        ("EHLO", "500 what", Temporary, Server),
        ("MAIL", "451 4.3.0 later", Temporary, Server),
        ("MAIL", "550 5.7.1 not you", Temporary, Server),
        ("MAIL", "553 5.1.8 no such domain", Temporary, Server),
        ("MAIL", "452 4.3.1 system full", Temporary, Server),
        ("MAIL", "552 5.3.4 too big", Permanent, Mail),
        ("MAIL", "421 4.3.2 shutting down", Temporary, Server),
        ("MAIL", "530 5.7.0 authenticate first", Temporary, Server),
        ("MAIL", "535 5.7.8 no", Temporary, Server),
        ("RCPT", "450 4.2.0 greylisted", Temporary, Mail),
        ("RCPT", "550 5.1.1 no such user", Permanent, Mail),
        ("RCPT", "421 4.7.0 too many", Temporary, Server),
        ("DATA", "451 4.3.0 later", Temporary, Mail),
        ("DATA", "554 5.5.1 no valid recipients", Permanent, Mail),
        (".", "451 4.3.0 later", Temporary, Mail),
        (".", "452 4.2.2 full", Temporary, Mail),
        (".", "554 5.6.0 spam", Permanent, Mail),
        (".", "421 4.3.0 shutting down", Temporary, Server),
    ];
    for (prefix, answer, verdict, concerns) in cases {
        let (sent, _server) = sent_to(prefix, say(answer)).await;
        assert_eq!(
            (sent.verdict, sent.outcome, sent.concerns),
            (verdict, Outcome::BadStatus, concerns),
            "{prefix}: {answer}"
        );
        let error = sent.error.unwrap();
        assert!(error.ends_with(answer), "{error}");
        assert_eq!(
            sent.dialogue.last_code(),
            answer[..3].parse().ok(),
            "{prefix}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_ends_at_any_step_is_a_temporary_failure() {
    for prefix in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let (sent, server) = sent_to(prefix, Reply::Close).await;
        assert_eq!(
            (sent.verdict, sent.outcome),
            (Temporary, Outcome::ConnectError),
            "{prefix}"
        );
        let is_known = matches!(prefix, "RCPT" | "DATA" | ".");
        assert_eq!(sent.concerns == Mail, is_known, "{prefix}");
        let is_in_doubt = sent.error.unwrap().contains("may have been accepted");
        assert_eq!(is_in_doubt, prefix == ".", "{prefix}");
        assert_eq!(server.connections(), 1, "nothing is sent again: {prefix}");
    }
}

#[tokio::test]
async fn a_server_that_says_why_before_it_hangs_up_is_quoted() {
    let (sent, _server) = sent_to("RCPT", Reply::SayAndClose("550 5.1.1 no such user".to_owned())).await;
    assert_eq!((sent.verdict, sent.dialogue.last_code()), (Permanent, Some(550)));
    let error = sent.error.unwrap();
    assert_eq!(
        error,
        "The mail server refused ann@example.org: 550 5.1.1 no such user"
    );
}

#[tokio::test]
async fn no_server_is_a_temporary_failure() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}?tls=none", server.local_addr().unwrap());
    drop(server);
    let sent = send(&super::support::mailer(&url, None, None, 1)).await;
    assert_eq!(
        (sent.verdict, sent.outcome, sent.concerns),
        (Temporary, Outcome::ConnectError, Server)
    );
    assert_eq!(sent.error.as_deref(), Some("The connection was refused"));
}

/// Answers every look-up alike.
struct Names(Result<Vec<IpAddr>, ResolveError>);

#[async_trait::async_trait]
impl Resolve for Names {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
        self.0.clone()
    }
}

async fn sent_by_name(port: u16, found: Result<Vec<IpAddr>, ResolveError>) -> Result<Sent, NotSent> {
    let options = Options {
        resolver: Arc::new(Names(found)),
        ..Options::default()
    };
    let settings = settings(&format!("smtp://mail.example.com:{port}?tls=none"), None);
    let mailer = Mailer::new(settings, Arc::new(Now), &options).unwrap();
    mailer.send(&simple(), TIMEOUT, Partial::Wait, &|| true).await
}

#[tokio::test]
async fn the_servers_name_is_looked_up_and_its_addresses_are_tried_in_turn() {
    let server = Scripted::start(|_, command| polite(command)).await;
    let port = server.address.port();
    let dead: IpAddr = "127.0.0.2".parse().unwrap();
    let sent = sent_by_name(port, Ok(vec![dead, server.address.ip()]))
        .await
        .unwrap();
    assert_eq!(sent.verdict, Accepted);

    for found in [Err(ResolveError::NotFound), Ok(vec![]), Err(ResolveError::Failed)] {
        let sent = sent_by_name(port, found).await.unwrap();
        assert_eq!(
            (sent.verdict, sent.outcome, sent.concerns),
            (Temporary, Outcome::DnsError, Server)
        );
        let error = sent.error.unwrap();
        assert!(!error.contains("webhooks"), "{error}");
    }
    let not_sent = sent_by_name(port, Err(ResolveError::OutOfFiles)).await;
    assert_eq!(not_sent, Err(NotSent::Postponed), "no fault of the mail server");
}

/// A server that refuses `b@…` for good and `c@…` for now.
async fn choosy() -> Scripted {
    Scripted::start(|_, command| match command {
        _ if command.starts_with("RCPT TO:<b") => say("550 5.1.1 unknown"),
        _ if command.starts_with("RCPT TO:<c") => say("450 4.2.1 later"),
        _ => polite(command),
    })
    .await
}

#[tokio::test]
async fn recipients_who_are_refused_for_good_do_not_keep_the_message_from_the_others() {
    let server = choosy().await;
    let mail = message(
        &[
            "a@example.org",
            "b@example.org",
            "b2@example.org",
            "d@example.org",
        ],
        "s",
        "t",
    );
    let sent = send_message(&server.mailer(), &mail).await;
    assert_eq!((sent.verdict, sent.outcome), (Accepted, Outcome::Succeeded));
    let error = "The mail server refused 2 of 4 recipients: b@example.org (550), and others";
    assert_eq!(sent.error.as_deref(), Some(error));
}

#[tokio::test]
async fn a_recipient_who_is_refused_for_now_holds_the_message_back_until_the_last_attempt() {
    let server = choosy().await;
    let mailer = server.mailer();
    let mail = message(&["a@example.org", "b@example.org", "c@example.org"], "s", "t");
    let sent = send_message(&mailer, &mail).await;
    assert_eq!((sent.verdict, sent.outcome), (Temporary, Outcome::BadStatus));
    assert!(!server.has_heard("DATA"), "nobody gets what is sent to all again");

    let last = mailer
        .send(&mail, TIMEOUT, Partial::Deliver, &|| true)
        .await
        .unwrap();
    assert_eq!(last.verdict, Accepted);
    let error = "The mail server refused 2 of 3 recipients: b@example.org (550), and others";
    assert_eq!(last.error.as_deref(), Some(error));
    let data = server.heard().into_iter().filter(|it| it == "DATA").count();
    assert_eq!(data, 1, "those who are accepted get it once");
}

#[tokio::test]
async fn without_an_accepted_recipient_nothing_is_sent_and_one_who_may_come_decides() {
    for (to, verdict) in [
        (vec!["b@example.org"], Permanent),
        (vec!["b@example.org", "c@example.org"], Temporary),
        (vec!["c@example.org"], Temporary),
    ] {
        for partial in [Partial::Wait, Partial::Deliver] {
            let server = choosy().await;
            let mail = message(&to, "s", "t");
            let sent = server
                .mailer()
                .send(&mail, TIMEOUT, partial, &|| true)
                .await
                .unwrap();
            assert_eq!(sent.verdict, verdict, "{to:?} {partial:?}");
            assert!(!server.has_heard("DATA"), "{to:?} {partial:?}");
        }
    }
}

#[tokio::test]
async fn what_may_not_leave_does_not_leave() {
    let server = Scripted::start(|_, command| polite(command)).await;
    let mailer = server.mailer();
    let not_sent = mailer.send(&simple(), TIMEOUT, Partial::Wait, &|| false).await;
    assert_eq!(not_sent, Err(NotSent::Forbidden));
    assert!(!server.has_heard("MAIL"), "{:?}", server.heard());

    // It may at first, and no longer when the server waits for the message.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let once = || asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
    let not_sent = mailer.send(&simple(), TIMEOUT, Partial::Wait, &once).await;
    assert_eq!(not_sent, Err(NotSent::Forbidden));
    let heard = server.heard();
    assert_eq!(heard.last().map(String::as_str), Some("DATA"), "{heard:?}");
    super::support::until("the connection ends, so that no message begins", || {
        server.open.load(std::sync::atomic::Ordering::SeqCst) == 0
    })
    .await;
}
