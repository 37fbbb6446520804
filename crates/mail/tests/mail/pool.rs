//! Connections are kept, shared, replaced and closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use postrider_mail::{NotSent, Partial, Verdict};
use postrider_model::Outcome;

use super::support::{Reply, Scripted, message, polite, say, send, send_message, simple, until};

#[tokio::test]
async fn messages_share_a_connection_and_the_record_says_so() {
    let server = Scripted::over_tls(|_, command| polite(command)).await;
    let mailer = server.mailer();
    for number in 1..=5 {
        let sent = send(&mailer).await;
        assert_eq!(sent.verdict, Verdict::Accepted);
        assert_eq!(sent.dialogue.is_reused, number > 1);
        assert_eq!(sent.dialogue.tls, Some("TLSv1.3"));
        let first = sent.dialogue.steps[0].command.clone().unwrap_or_default();
        assert_eq!(first.starts_with("MAIL"), number > 1, "{first}");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn there_are_never_more_connections_than_permitted() {
    let most = Arc::new(AtomicUsize::new(0));
    let server = Scripted::start(|_, command| polite(command)).await;
    let mailer = Arc::new(server.mailer_with(3));
    let sends = (0..60).map(|_| {
        let (mailer, most, open) = (Arc::clone(&mailer), Arc::clone(&most), Arc::clone(&server.open));
        tokio::spawn(async move {
            let sent = send(&mailer).await;
            most.fetch_max(open.load(Ordering::SeqCst), Ordering::SeqCst);
            sent.verdict
        })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap(), Verdict::Accepted);
    }
    assert!(most.load(Ordering::SeqCst) <= 3);
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_refused_message_leaves_the_connection_clean_for_the_next() {
    let server = Scripted::start(|_, command| {
        if command.starts_with("RCPT TO:<b") {
            say("550 5.1.1 unknown")
        } else {
            polite(command)
        }
    })
    .await;
    let mailer = server.mailer();
    let refused = send_message(&mailer, &message(&["b@example.org"], "s", "t")).await;
    assert_eq!(refused.verdict, Verdict::Permanent);
    assert_eq!(send(&mailer).await.verdict, Verdict::Accepted);
    assert_eq!(server.connections(), 1);
    let heard = server.heard();
    let reset = heard.iter().position(|it| it == "RSET").unwrap();
    assert!(heard[reset + 1].starts_with("MAIL"), "{heard:?}");
}

#[tokio::test]
async fn a_connection_that_cannot_be_reset_is_replaced() {
    for answer in ["502 5.5.1 what", "354 what"] {
        let server = Scripted::start(move |_, command| match command {
            _ if command.starts_with("RCPT TO:<b") => say("550 5.1.1 unknown"),
            "RSET" => say(answer),
            _ => polite(command),
        })
        .await;
        let mailer = server.mailer();
        let refused = send_message(&mailer, &message(&["b@example.org"], "s", "t")).await;
        assert_eq!(refused.verdict, Verdict::Permanent);
        let next = send(&mailer).await;
        assert_eq!(next.verdict, Verdict::Accepted, "{next:?}");
        assert!(server.has_heard("RSET"), "{:?}", server.heard());
        assert_eq!(server.connections(), 2, "{answer}");
    }
}

#[tokio::test]
async fn an_idle_connection_that_the_server_has_closed_is_replaced() {
    let server = Scripted::start(|number, command| match (number, command) {
        (1, ".") => Reply::SayAndClose("250 2.0.0 queued".to_owned()),
        _ => polite(command),
    })
    .await;
    let mailer = server.mailer();
    assert_eq!(send(&mailer).await.verdict, Verdict::Accepted);
    until("the server has closed", || {
        server.open.load(Ordering::SeqCst) == 0
    })
    .await;
    let sent = send(&mailer).await;
    assert_eq!(
        (sent.verdict, sent.dialogue.is_reused),
        (Verdict::Accepted, false)
    );
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_idle_connection_on_which_the_server_speaks_is_not_used_again() {
    for rest in ["250 2.0.0 for the next one", "421 4.4.2 good bye"] {
        let server = Scripted::start(move |number, command| match (number, command) {
            (1, ".") => say(format!("250 2.0.0 queued\r\n{rest}")),
            _ => polite(command),
        })
        .await;
        let mailer = server.mailer();
        for connections in [1, 2] {
            assert_eq!(send(&mailer).await.verdict, Verdict::Accepted, "{rest}");
            assert_eq!(server.connections(), connections, "{rest}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_ends_when_it_is_used_again_is_replaced_once() {
    for reply in [
        Reply::Close,
        Reply::SayAndClose("421 4.4.2 idle too long".to_owned()),
    ] {
        let mails = AtomicUsize::new(0);
        let ending = reply.clone();
        let server = Scripted::start(move |_, command| {
            // The second `MAIL` of all, which is the first one on a reused connection.
            if command.starts_with("MAIL") && mails.fetch_add(1, Ordering::SeqCst) == 1 {
                return ending.clone();
            }
            polite(command)
        })
        .await;
        let mailer = server.mailer();
        assert_eq!(send(&mailer).await.verdict, Verdict::Accepted);
        let sent = send(&mailer).await;
        assert_eq!(sent.verdict, Verdict::Accepted, "{sent:?}");
        assert!(
            !sent.dialogue.is_reused,
            "the record is that of the new connection"
        );
        assert_eq!(server.connections(), 2);
        let data = server.heard().iter().filter(|it| *it == "DATA").count();
        assert_eq!(data, 2, "one for each message");
    }
}

#[tokio::test]
async fn a_server_that_always_ends_the_connection_is_not_tried_for_ever() {
    let mails = AtomicUsize::new(0);
    let server = Scripted::start(move |_, command| {
        if command.starts_with("MAIL") && mails.fetch_add(1, Ordering::SeqCst) > 0 {
            return Reply::Close;
        }
        polite(command)
    })
    .await;
    let mailer = server.mailer();
    assert_eq!(send(&mailer).await.verdict, Verdict::Accepted);
    for connections in [2, 3] {
        // The first of these finds the idle connection closed and opens one, the second only opens one.
        assert_eq!(send(&mailer).await.verdict, Verdict::Temporary);
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn a_message_that_had_begun_on_a_reused_connection_is_not_sent_again() {
    for prefix in ["RCPT", "DATA", "."] {
        let count = AtomicUsize::new(0);
        let server = Scripted::start(move |_, command| {
            let is_meant = super::support::is_meant(command, prefix);
            if is_meant && count.fetch_add(1, Ordering::SeqCst) == 1 {
                return Reply::Close;
            }
            polite(command)
        })
        .await;
        let mailer = server.mailer();
        assert_eq!(send(&mailer).await.verdict, Verdict::Accepted);
        let sent = send(&mailer).await;
        assert_eq!(
            (sent.verdict, sent.outcome),
            (Verdict::Temporary, Outcome::ConnectError),
            "{prefix}"
        );
        assert_eq!(server.connections(), 1, "{prefix}");
    }
}

#[tokio::test]
async fn a_connection_carries_a_hundred_messages() {
    let server = Scripted::start(|_, command| polite(command)).await;
    let mailer = server.mailer_with(1);
    for _ in 0..101 {
        assert_eq!(send(&mailer).await.verdict, Verdict::Accepted);
    }
    assert_eq!(server.connections(), 2);
    until("the first connection has ended with QUIT", || {
        server.has_heard("QUIT")
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_half_a_minute() {
    let server = Scripted::start(|_, command| polite(command)).await;
    let mailer = server.mailer();
    assert_eq!(send(&mailer).await.verdict, Verdict::Accepted);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(29)).await;
    tokio::time::resume();
    assert!(
        send(&mailer).await.dialogue.is_reused,
        "it is kept, and then idle anew"
    );
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    until("the server hears QUIT", || server.has_heard("QUIT")).await;
    until("the connection has ended", || {
        server.open.load(Ordering::SeqCst) == 0
    })
    .await;
}

#[tokio::test]
async fn a_wait_for_a_connection_spends_no_attempt() {
    let server = Scripted::except("MAIL", Reply::Silent).await;
    let mailer = Arc::new(server.mailer_with(1));
    let busy = tokio::spawn({
        let mailer = Arc::clone(&mailer);
        async move {
            mailer
                .send(&simple(), Duration::from_secs(3_600), Partial::Wait, &|| true)
                .await
        }
    });
    until("the only connection is in use", || server.has_heard("MAIL")).await;
    tokio::time::pause();
    let waiting = mailer
        .send(&simple(), Duration::from_secs(1), Partial::Wait, &|| true)
        .await;
    assert_eq!(waiting, Err(NotSent::Postponed));
    busy.abort();
}

#[tokio::test]
async fn dropping_an_attempt_frees_its_place_and_ends_its_connection() {
    let server = Scripted::except("MAIL", Reply::Silent).await;
    let mailer = Arc::new(server.mailer_with(1));
    let attempt = tokio::spawn({
        let mailer = Arc::clone(&mailer);
        async move { send(&mailer).await }
    });
    until("it is under way", || server.has_heard("MAIL")).await;
    attempt.abort();
    let timeout = Duration::from_millis(200);
    let next = mailer.send(&simple(), timeout, Partial::Wait, &|| true).await;
    assert_eq!(next.unwrap().outcome, Outcome::Timeout, "it had a place");
    assert_eq!(server.connections(), 2);
}
