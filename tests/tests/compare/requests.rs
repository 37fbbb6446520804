//! The requests that result from a description.

use super::{SMALL, described, payload, values};

#[test]
fn an_event_carries_its_data_and_its_number_wherever_they_are_asked_for() {
    let text = SMALL.replace(
        r#"body = '{"data":{payload}}'"#,
        r#"headers = { Idempotency-Key = "{run}-{n}" }
body = '{"id":"{n}","data":{payload},"text":"{payload_string}"}'"#,
    );
    let request = described(&text).event_request(&values(), &payload()).unwrap();
    let mut event = request.for_numbers("127.0.0.1:7000");
    for number in [7, 12_345_678] {
        event.set_number(number);
        let sent = String::from_utf8(event.bytes.clone()).unwrap();
        let digits = format!("{number:08}");
        let body = format!(
            r#"{{"id":"{digits}","data":{{"n":"{digits}","note":"a \"quoted\" word"}},"text":"{{\"n\":\"{digits}\",\"note\":\"a \\\"quoted\\\" word\"}}"}}"#
        );
        let head = format!(
            "POST /events HTTP/1.1\r\nHost: 127.0.0.1:7000\r\nContent-Type: application/json\r\n\
             Idempotency-Key: 0123abcd-{digits}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        assert_eq!(sent, format!("{head}{body}"));
        assert_eq!(request.numbered(number).bytes("127.0.0.1:7000"), event.bytes);
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }
}

#[test]
fn a_header_of_a_request_takes_precedence_over_one_of_all() {
    let text = SMALL.replace(
        "[event]",
        "[headers]\nAuthorization = \"all\"\nX-All = \"yes\"\n\n[event]",
    );
    let text = text.replace(
        "path = ",
        "headers = { authorization = \"one\", Content-Type = \"text/plain\" }\npath = ",
    );
    let request = described(&text).event_request(&values(), &payload()).unwrap();
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    assert_eq!(
        headers,
        ["authorization: one", "Content-Type: text/plain", "X-All: yes"]
    );
}

#[test]
fn a_request_without_a_body_has_no_content_type() {
    let text = format!("{SMALL}\n[[setup]]\nmethod = \"PUT\"\npath = \"/tenants/{{run}}\"\n");
    let request = described(&text).setup_request(0, &values()).unwrap();
    assert_eq!(
        String::from_utf8(request.bytes("here:80")).unwrap(),
        "PUT /tenants/0123abcd HTTP/1.1\r\nHost: here:80\r\nContent-Length: 0\r\n\r\n"
    );
}

#[test]
fn a_body_that_is_not_json_is_refused_before_it_is_sent() {
    let text = SMALL.replace(r#"'{"data":{payload}}'"#, r#"'{"number":{n},"data":{payload}}'"#);
    let fault = described(&text).event_request(&values(), &payload()).unwrap_err();
    let words = fault.to_string();
    assert!(words.starts_with("event: the body is not JSON"), "{words}");
    assert!(words.contains(r#""number":00000000"#), "{words}");
}

#[test]
fn a_status_is_accepted_if_it_is_listed_and_any_2xx_if_none_is() {
    let any = described(SMALL);
    assert!(any.event.call().accepts(204) && !any.event.call().accepts(302));
    let listed = described(&SMALL.replace("path = ", "accepted = [202]\npath = "));
    assert!(listed.event.call().accepts(202) && !listed.event.call().accepts(200));
}

#[test]
fn a_response_without_the_value_to_capture_is_shown() {
    let text = format!("{SMALL}\n[[setup]]\npath = \"/apps\"\ncapture = {{ app = \"/data/id\" }}\n");
    let description = described(&text);
    let mut values = values();
    let fault = description
        .capture(0, br#"{"error":"no"}"#, &mut values)
        .unwrap_err();
    assert_eq!(
        fault.to_string(),
        r#"setup 1: the response has no text or number at /data/id: {"error":"no"}"#
    );
    let fault = description
        .capture(0, br#"{"data":{"id":"a\r\nHost: b"}}"#, &mut values)
        .unwrap_err();
    assert!(fault.to_string().contains("visible ASCII"), "{fault}");
    description
        .capture(0, br#"{"data":{"id":42}}"#, &mut values)
        .unwrap();
    assert_eq!(values["app"], "42");
}
