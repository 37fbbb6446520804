//! What a description may not say.

use super::SMALL;
use super::sender::Description;

/// The words with which a changed description is refused.
fn refused(text: &str) -> String {
    Description::parse(text).expect_err(text).to_string()
}

#[test]
fn unknown_keys_are_refused_and_named() {
    for (place, with_unknown) in [
        ("nmae", format!("nmae = \"x\"\n{SMALL}")),
        ("retries", format!("{SMALL}retries = 3\n")),
        ("pid", format!("{SMALL}\n[charge]\npid = 12\n")),
        (
            "headrs",
            format!("{SMALL}\n[[setup]]\npath = \"/\"\nheadrs = {{}}\n"),
        ),
    ] {
        let words = refused(&with_unknown);
        assert!(words.contains(&format!("unknown field `{place}`")), "{words}");
    }
}

#[test]
fn missing_keys_are_refused_and_named() {
    for key in ["name", "version", "address", "number", "path", "body"] {
        let lines = SMALL
            .lines()
            .filter(|line| !line.starts_with(&format!("{key} = ")));
        let words = refused(&lines.collect::<Vec<_>>().join("\n"));
        assert!(
            words.contains(&format!("missing field `{key}`")),
            "{key}: {words}"
        );
    }
}

#[test]
fn what_cannot_work_is_refused_with_its_place() {
    for (from, to, expected) in [
        ("/n\"", "n\"", "number: \"n\" does not point into a JSON document"),
        (
            "\"/events\"",
            "\"events\"",
            "event: path \"events\" does not begin with a slash",
        ),
        (
            "\"/events\"",
            "\"/a b\"",
            "event: path \"/a b\" does not begin with a slash or has spaces",
        ),
        (
            "\"/events\"",
            "\"/{app}\"",
            "event: {app} is unknown here; known are {sink}, {run}, {now}, {n}",
        ),
        (
            "{payload}",
            "{}",
            "event: the body contains neither {payload} nor {payload_string}",
        ),
        (
            "path =",
            "method = \"FETCH\"\npath =",
            "event: method \"FETCH\" is not one of",
        ),
        (
            "path =",
            "accepted = [99]\npath =",
            "event: accepted: 99 is not a status",
        ),
        (
            "path =",
            "headers = { \"a b\" = \"\" }\npath =",
            "\"a b\" is not a header name",
        ),
        (
            "path =",
            "headers = { Host = \"x\" }\npath =",
            "the benchmark sets Host itself",
        ),
        (
            "path =",
            "headers = { X = \"a\\r\\nb\" }\npath =",
            "the value of X has a control character",
        ),
        ("\"Small\"", "\"a | b\"", "name: a row of a table needs a name"),
    ] {
        let words = refused(&SMALL.replace(from, to));
        assert!(words.contains(expected), "{to}: {words}");
    }
}

#[test]
fn a_value_can_be_used_only_after_it_was_captured() {
    let setup = |first: &str, second: &str| format!("{SMALL}\n[[setup]]\n{first}\n\n[[setup]]\n{second}\n");
    let capture = "path = \"/apps\"\ncapture = { app = \"/id\" }";
    let usage = "path = \"/apps/{app}\"";
    assert!(Description::parse(&setup(capture, usage)).is_ok());
    assert!(refused(&setup(usage, capture)).contains("setup 1: {app} is unknown here"));
    assert!(refused(&setup(capture, capture)).contains("setup 2: capture: {app} has a meaning already"));
    let reserved = capture.replace("app =", "payload =");
    assert!(refused(&setup(&reserved, usage)).contains("{payload} has a meaning already"));
    let odd = capture.replace("app =", "\"The app\" =");
    assert!(refused(&setup(&odd, usage)).contains("\"The app\" is not a name"));
}

#[test]
fn an_address_is_that_of_a_plain_http_server() {
    let authority = |address: &str| {
        Description::parse(&SMALL.replace("http://127.0.0.1:7000", address))
            .unwrap()
            .authority()
    };
    assert_eq!(authority("http://localhost").unwrap(), "localhost:80");
    assert_eq!(authority("http://[::1]:7000/").unwrap(), "[::1]:7000");
    for wrong in [
        "https://a:1",
        "a:1",
        "http://",
        "http://a:1/api",
        "http://u@a:1",
        "http://a:port",
    ] {
        let words = authority(wrong).expect_err(wrong).to_string();
        assert!(words.contains("is not of the form http://host:port"), "{words}");
    }
}
