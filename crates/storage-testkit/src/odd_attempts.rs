//! Attempts that stress a store's columns.

use std::time::Duration;

use bytes::Bytes;
use postrider_model::{
    Attempt, Exchange, HttpExchange, HttpRequest, HttpResponse, Outcome, SmtpExchange, SmtpStep,
};

use super::build::at;

/// Attempts with every outcome, both kinds of exchange, odd headers, bodies and durations.
pub(crate) fn odd_attempts() -> Vec<Attempt> {
    let bodies = [
        Bytes::new(),
        Bytes::from((0..=255).collect::<Vec<u8>>()),
        Bytes::from_static(b"\0\0\0"),
        Bytes::from(vec![0xff; 64 * 1024]),
        Bytes::from_static("„é“ \u{1f4ee}".as_bytes()),
    ];
    let durations_ms = [0, 1, 999, 60_000, 86_400_000];
    (1..)
        .zip(Outcome::ALL.into_iter().cycle().zip(bodies.into_iter().cycle()))
        .take(40)
        .map(|(number, (outcome, body))| {
            let n = usize::try_from(number).expect("few");
            Attempt {
                number,
                started_at: at(n.try_into().expect("few")).after(Duration::from_millis(n as u64)),
                duration: Duration::from_millis(durations_ms[n % 5]),
                outcome,
                error: [
                    None,
                    Some(String::new()),
                    Some("“odd” 'error' \\ \u{1f525}".to_owned()),
                ][n % 3]
                    .clone(),
                exchange: match n % 7 {
                    0 => Exchange::Smtp(odd_dialogue(n)),
                    _ => Exchange::Http(odd_exchange(n, body)),
                },
            }
        })
        .collect()
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// An odd exchange. Every fifth has no response, and thus no body.
fn odd_exchange(n: usize, body: Bytes) -> HttpExchange {
    let status = [None, Some(100), Some(204), Some(503), Some(999)][(n - 1) % 5];
    HttpExchange {
        request: HttpRequest {
            url: ["https://receiver.example/a?b=%20#é".to_owned(), "x".repeat(2048)][n % 2].clone(),
            headers: vec![
                header("X-Twice", "1"),
                header("x-twice", "é, \"2\"; \t\u{fffd}"),
                header("X-Twice", "1"),
                header("Empty", ""),
            ],
        },
        response: status.map(|status| HttpResponse {
            status,
            headers: match n % 3 {
                0 => vec![],
                1 => vec![header("", ""), header("a:b", "c\r\nd: e")],
                _ => (0..60)
                    .map(|n| header(&format!("h{n}"), &"v".repeat(60)))
                    .collect(),
            },
            body,
            truncated: n.is_multiple_of(2),
        }),
    }
}

/// An odd dialogue. The first one has no steps.
fn odd_dialogue(n: usize) -> SmtpExchange {
    let step = |m: usize| SmtpStep {
        command: format!("RCPT TO:<a{m}@é.example>\u{0}"),
        code: [Some(250), None, Some(550)][m % 3],
        enhanced: m.is_multiple_of(2).then(|| "5.1.1".to_owned()),
        reply: "„no“\nsuch \"user\" \\ \u{1f525}\u{0}".to_owned(),
    };
    SmtpExchange {
        to: "ann@a.example, bob@b.example".to_owned(),
        server: format!("[2001:db8::{n}]:587"),
        tls: n.is_multiple_of(2).then(|| "TLSv1.3".to_owned()),
        steps: (0..n - 7).map(step).collect(),
    }
}
