use super::*;

fn sender(text: &str) -> Sender {
    text.parse().unwrap()
}

fn to(addresses: &[&str]) -> Recipients {
    Recipients::new(addresses.iter().map(|it| it.parse().unwrap()).collect()).unwrap()
}

fn composed(from: &str, recipients: &[&str], subject: &str, text: &str) -> String {
    let message = Message::compose(&Draft {
        from: &sender(from),
        to: &to(recipients),
        subject,
        text,
        date: "2026-06-01T08:05:09.123Z".parse().unwrap(),
        delivery: DeliveryId::from_u128(1),
        event_type: &"proposal.accepted".parse().unwrap(),
        header_prefix: "Postrider",
    });
    String::from_utf8(message.unwrap().bytes().to_vec()).unwrap()
}

#[test]
fn a_message_is_exactly_these_bytes() {
    let message = composed(
        "Example, Inc. <automations@example.com>",
        &["ann@example.org", "bob@bücher.example"],
        "Proposal 7 was accepted",
        "Line one\n.\nLine three",
    );
    let expected = [
        "From: \"Example, Inc.\" <automations@example.com>",
        "To: ann@example.org, bob@xn--bcher-kva.example",
        "Subject: Proposal 7 was accepted",
        "Date: Mon, 01 Jun 2026 08:05:09 +0000",
        "Message-ID: <dlv_00000000000000000000000001@example.com>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Postrider-Event-Type: proposal.accepted",
        "Postrider-Delivery-Id: dlv_00000000000000000000000001",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "Line one",
        ".",
        "Line three",
        "",
    ];
    assert_eq!(message, expected.join("\r\n"));
}

#[test]
fn no_subject_name_or_text_adds_a_header_or_ends_the_headers() {
    let attacks = [
        "a\r\nBcc: x@example.net",
        "a\nBcc: x@example.net",
        "a\rBcc: x@example.net",
        "a\r\n\r\nBcc: x@example.net",
        "a\u{85}Bcc: x@example.net",
        "a\u{2028}Bcc: x@example.net",
        "a\0\u{b}\u{c}Bcc: x@example.net",
        "=?utf-8?Q?a=0D=0ABcc:_x@example.net?=",
        "\r\n.\r\nMAIL FROM:<x@example.net>\r\n",
    ];
    let names = |message: &str| -> Vec<String> {
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        let starts = head.split("\r\n").filter(|line| !line.starts_with(' '));
        starts
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect()
    };
    let expected = names(&composed("A <a@example.com>", &["b@example.com"], "s", "t"));
    for attack in attacks {
        let message = composed("A <a@example.com>", &["b@example.com"], attack, attack);
        assert_eq!(names(&message), expected, "{attack:?}");
        let from = Sender {
            name: Some(attack.to_owned()),
            address: "a@example.com".parse().unwrap(),
        };
        let mut headers = String::new();
        let draft_headers = Message::compose(&Draft {
            from: &from,
            to: &to(&["b@example.com"]),
            subject: "s",
            text: "t",
            date: Timestamp::EPOCH,
            delivery: DeliveryId::from_u128(1),
            event_type: &"a.b".parse().unwrap(),
            header_prefix: "P",
        });
        headers.push_str(std::str::from_utf8(draft_headers.unwrap().bytes()).unwrap());
        assert!(!headers.contains("\nBcc"), "{headers}");
        assert_eq!(names(&headers).len(), 12, "{headers}");
    }
}

#[test]
fn a_line_break_in_a_subject_becomes_a_space() {
    let subject = |text: &str| {
        let message = composed("a@example.com", &["b@example.com"], text, "t");
        let (_, rest) = message.split_once("\r\nSubject: ").unwrap();
        rest.split_once("\r\n").unwrap().0.to_owned()
    };
    assert_eq!(subject("one\r\ntwo\nthree\rfour"), "one two three four");
    assert_eq!(subject("\r\n one \n"), "one");
    assert_eq!(subject(""), "");
}

#[test]
fn what_only_looks_encoded_is_encoded() {
    let message = composed(
        "=?utf-8?Q?x?= <a@example.com>",
        &["b@example.com"],
        "=?utf-8?Q?x?=",
        "=41 =",
    );
    assert!(
        message.starts_with("From: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?= <a@example.com>\r\n"),
        "{message}"
    );
    assert!(
        message.contains("\r\nSubject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n"),
        "{message}"
    );
    assert!(
        message.contains("Encoding: 7bit") && message.ends_with("\r\n\r\n=41 =\r\n"),
        "{message}"
    );
}

#[test]
fn what_mail_servers_change_on_the_way_is_encoded() {
    let body = |text: &str| {
        let message = composed("a@example.com", &["b@example.com"], "s", text);
        message.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    assert_eq!(body("a \nb\t\n"), "a=20\r\nb=09\r\n");
    assert_eq!(
        body("From a\nü\nA From b\n"),
        "=46rom a\r\n=C3=BC\r\nA From b\r\n"
    );
    let (before, between) = ("y".repeat(75), "z".repeat(72));
    assert_eq!(
        body(&format!("{before}.{between}From x")),
        format!("{before}=\r\n=2E{between}=\r\n=46rom x\r\n"),
        "also after a soft line break"
    );
}

#[test]
fn every_line_is_short_ascii_and_ends_in_crlf() {
    let many: Vec<String> = (0..10)
        .map(|it| format!("{it}{}@example.com", "x".repeat(60)))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = "x".repeat(5_000);
    let foreign = "ünïcödé 文字 🎉 ".repeat(400);
    for text in [
        &*long,
        &foreign,
        "a\0b",
        "\u{feff}",
        "a\rb\nc\r\nd",
        &"\r\n".repeat(2_000),
        "=".repeat(900).as_str(),
    ] {
        let message = composed(
            &format!("{} <a@example.com>", &"ü".repeat(100)),
            &many,
            text,
            text,
        );
        assert!(message.is_ascii() && message.ends_with("\r\n"));
        let lines: Vec<&str> = message.split("\r\n").collect();
        assert!(
            lines.iter().all(|line| !line.contains(['\r', '\n', '\0'])),
            "{text:?}"
        );
        let longest = lines.iter().map(|line| line.len()).max().unwrap();
        assert!(longest <= 78, "{longest}");
    }
}

#[test]
fn the_encoding_is_the_plainest_that_keeps_the_text() {
    let encoding = |text: &str| {
        let message = composed("a@example.com", &["b@example.com"], "s", text);
        let (_, rest) = message.split_once("Content-Transfer-Encoding: ").unwrap();
        rest.split_once("\r\n").unwrap().0.to_owned()
    };
    assert_eq!(encoding("plain"), "7bit");
    assert_eq!(encoding(""), "7bit");
    for text in [
        "From here",
        "trailing ",
        &"x".repeat(77),
        "Mostly ASCII, with one ü",
    ] {
        assert_eq!(encoding(text), "quoted-printable", "{text}");
    }
    assert_eq!(encoding("文字文字"), "base64");
}

#[test]
fn what_is_too_long_is_refused_or_cut() {
    let draft = |text: &str, header_prefix: &str| {
        Message::compose(&Draft {
            from: &sender("a@example.com"),
            to: &to(&["b@example.com"]),
            subject: &"ü".repeat(1_000),
            text,
            date: Timestamp::EPOCH,
            delivery: DeliveryId::from_u128(1),
            event_type: &"a.b".parse().unwrap(),
            header_prefix,
        })
    };
    let longest = "x".repeat(TEXT_BYTES_MAX);
    assert!(draft(&longest, "Acme").unwrap().bytes().len() < 300 * 1_024);
    assert_eq!(
        draft(&format!("{longest}x"), "Acme").unwrap_err(),
        MessageError::TextTooLong
    );
    for prefix in ["", "A:b", "A\r\nB", "Ä", &"x".repeat(65)] {
        assert_eq!(
            draft("t", prefix).unwrap_err(),
            MessageError::HeaderPrefix,
            "{prefix:?}"
        );
    }
}
