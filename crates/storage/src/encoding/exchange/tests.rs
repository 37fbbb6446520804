use bytes::Bytes;
use postrider_model::{
    DeliveryId, HttpExchange, HttpRequest, HttpResponse, SmtpExchange, SmtpStep, Timestamp,
};

use super::*;

const CONTEXT: Context = Context {
    delivery: DeliveryId::from_u128(5),
    started_at: Timestamp::from_unix_ms(1_700_000_000_000),
};

fn http(response: Option<HttpResponse>) -> Exchange {
    Exchange::Http(HttpExchange {
        request: HttpRequest {
            url: "https://a.example/hooks\0".to_owned(),
            headers: vec![("Postrider-Attempt".to_owned(), "1".to_owned())],
        },
        response,
    })
}

#[test]
fn an_exchange_survives_its_columns() {
    let empty = HttpResponse {
        status: 204,
        headers: Vec::new(),
        body: Bytes::new(),
        truncated: false,
    };
    let full = HttpResponse {
        status: 503,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: Bytes::from_static(b"\xffbusy"),
        truncated: true,
    };
    let step = |command: &str, code, enhanced: Option<&str>| SmtpStep {
        command: command.to_owned(),
        code,
        enhanced: enhanced.map(str::to_owned),
        reply: "no\nsuch \"user\" é\0".to_owned(),
    };
    let unasked = SmtpExchange {
        to: "ann@a.example".to_owned(),
        ..SmtpExchange::default()
    };
    let asked = SmtpExchange {
        to: "ann@a.example, bob@b.example".to_owned(),
        server: "mail.example.com:587".to_owned(),
        tls: Some("TLSv1.3".to_owned()),
        steps: vec![
            step("MAIL FROM:<a@a.example>", Some(250), None),
            step("RCPT TO:<ann@a.example>", Some(550), Some("5.1.1")),
            step("DATA", None, None),
        ],
    };
    let smtp = [unasked, asked].map(Exchange::Smtp);
    for exchange in [http(None), http(Some(empty)), http(Some(full))]
        .into_iter()
        .chain(smtp)
    {
        let columns = ExchangeColumns::of(&exchange, &CONTEXT);
        assert_eq!(
            columns.clone().into_exchange(&CONTEXT),
            Ok(exchange.clone()),
            "{columns:?}"
        );
    }
}

#[test]
fn an_unknown_kind_and_damaged_headers_are_named() {
    let exchange = http(None);
    let columns = ExchangeColumns::of(&exchange, &CONTEXT);
    let other = ExchangeColumns {
        kind: 9,
        ..columns.clone()
    };
    assert_eq!(
        other.into_exchange(&CONTEXT),
        Err(Damaged("the kind of an exchange"))
    );
    let damaged = ExchangeColumns {
        request_headers: vec![200].into(),
        ..columns
    };
    assert_eq!(
        damaged.into_exchange(&CONTEXT),
        Err(Damaged("the headers of an attempt"))
    );
}
