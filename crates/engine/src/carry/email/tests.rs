use postrider_mail::{Dialogue, Step};
use postrider_model::{Outcome, Recipients};

use postrider_mail::Concerns;

use super::*;

fn step(command: Option<&str>, code: u16) -> Step {
    Step {
        command: command.map(str::to_owned),
        code: Some(code),
        enhanced: None,
        answer: "mta-7.internal".to_owned(),
    }
}

fn failed(concerns: Concerns, last: Option<(&str, u16)>) -> Sent {
    let mut steps = vec![step(None, 220), step(Some("EHLO sender"), 250)];
    let is_after_mail = last.is_some_and(|(command, _)| !command.starts_with("MAIL"));
    steps.extend(is_after_mail.then(|| step(Some("MAIL FROM:<a@example.com>"), 250)));
    steps.extend(last.map(|(command, code)| step(Some(command), code)));
    Sent {
        verdict: Verdict::Temporary,
        outcome: Outcome::BadStatus,
        error: Some("The mail server mta-7.internal refused".to_owned()),
        concerns,
        dialogue: Dialogue {
            server: "10.0.0.1:25".to_owned(),
            tls: None,
            is_reused: false,
            steps,
        },
        waited: Duration::ZERO,
    }
}

#[test]
fn what_the_mail_server_says_of_one_message_is_no_outage() {
    for (concerns, last, is_outage) in [
        (Concerns::Server, None, true),
        (Concerns::Server, Some(("MAIL FROM:<a@example.com>", 550)), true),
        (Concerns::Server, Some(("DATA", 535)), false),
        (Concerns::Server, Some(("RCPT TO:<b@example.com>", 530)), false),
        (Concerns::Server, Some(("RCPT TO:<b@example.com>", 421)), false),
        (Concerns::Message, Some(("RCPT TO:<b@example.com>", 450)), false),
        (Concerns::Message, Some(("DATA", 451)), false),
    ] {
        let sent = failed(concerns, last);
        assert_eq!(sent.is_outage(), is_outage, "{sent:?}");
    }
    let accepted = Sent {
        verdict: Verdict::Accepted,
        ..failed(Concerns::Server, None)
    };
    assert!(!accepted.is_outage());
}

#[test]
fn the_record_shows_nothing_of_how_the_connection_was_opened() {
    let email = SendEmail {
        to: Recipients::new(vec!["b@example.com".parse().unwrap()]).unwrap(),
        subject: "s".to_owned(),
        text: "t".to_owned(),
    };
    let commands = |carried: Carried| match carried.exchange {
        Exchange::Smtp(smtp) => smtp.steps.into_iter().map(|step| step.command).collect(),
        Exchange::Http(_) => vec!["HTTP".to_owned()],
    };
    let refused = failed(Concerns::Message, Some(("RCPT TO:<b@example.com>", 450)));
    let refused = carried(&email, refused, Duration::ZERO);
    assert_eq!(
        commands(refused),
        ["MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>"]
    );
}
