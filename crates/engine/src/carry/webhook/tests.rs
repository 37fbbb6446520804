use std::time::Duration;

use postrider_model::Outcome;

use bytes::Bytes;

use super::*;

fn response(status_code: Option<u16>) -> Response {
    Response {
        outcome: match status_code {
            Some(200..300) => Outcome::Succeeded,
            Some(_) => Outcome::BadStatus,
            None => Outcome::ConnectError,
        },
        status_code,
        error: status_code.is_none().then(|| "connection refused".to_owned()),
        headers: vec![("server".to_owned(), "test".to_owned())],
        body: Bytes::from_static(b"ok"),
        truncated: true,
        retry_after: None,
        waited: Duration::ZERO,
    }
}

fn result_of(response: Response) -> Carried {
    let request = Request {
        url: "https://a.example/".to_owned(),
        headers: vec![("webhook-id".to_owned(), "evt_1".to_owned())],
        body: Bytes::from_static(b"{}"),
        timeout: Duration::from_secs(1),
        tenant: 1,
        identity: None,
        response_bytes_kept: None,
    };
    carried(request, response)
}

#[test]
fn a_410_advises_to_disable_the_action() {
    let gone = |status| result_of(response(Some(status))).advice.gone;
    assert!(gone(410));
    assert!(![200, 404, 409, 411, 500].into_iter().any(gone));
}

#[test]
fn a_429_and_a_503_advise_to_send_less() {
    let advice = |status| {
        let advice = result_of(response(Some(status))).advice;
        (advice.overloaded, advice.rate_limited)
    };
    assert_eq!((advice(503), advice(429)), ((true, false), (false, true)));
    for status in [200, 410, 500, 502, 504] {
        assert_eq!(advice(status), (false, false), "{status}");
    }
}

#[test]
fn retry_after_is_passed_on() {
    let retry_after = Some(Duration::from_secs(7));
    let asked = result_of(Response {
        retry_after,
        ..response(Some(503))
    });
    assert_eq!(asked.advice.retry_after, retry_after);
}

#[test]
fn an_exchange_without_a_status_has_no_response() {
    let refused = result_of(response(None));
    assert_eq!(refused.advice, Advice::default());
    let Exchange::Http(http) = refused.exchange else {
        panic!("a webhook");
    };
    assert_eq!(http.response, None);
    assert_eq!(http.request.url, "https://a.example/");
    let Exchange::Http(http) = result_of(response(Some(200))).exchange else {
        panic!("a webhook");
    };
    let response = http.response.unwrap();
    assert_eq!((response.status, response.truncated), (200, true));
}
