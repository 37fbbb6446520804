//! `${VARIABLE}` in a description.

use super::SMALL;
use super::described;
use super::sender::environment::{expand, masked};

fn lookup(name: &str) -> Option<String> {
    match name {
        "KEY" => Some("s3cret".to_owned()),
        "ODD" => Some("a\"b".to_owned()),
        _ => None,
    }
}

#[test]
fn variables_are_replaced_and_defaults_used() {
    assert_eq!(expand("Bearer ${KEY}", &lookup).unwrap(), "Bearer s3cret");
    assert_eq!(
        expand("${HOST:-127.0.0.1}:${PORT:-80}", &lookup).unwrap(),
        "127.0.0.1:80"
    );
    assert_eq!(
        expand(r#"{"a":{"b":1}} $ {n}"#, &lookup).unwrap(),
        r#"{"a":{"b":1}} $ {n}"#
    );
}

#[test]
fn for_people_a_variable_that_is_set_stays_as_written() {
    assert_eq!(
        masked("${KEY} ${HOST:-here} ${NONE}", &lookup).unwrap(),
        "${KEY} here ${NONE}"
    );
}

#[test]
fn what_cannot_be_replaced_is_named() {
    for (text, expected) in [
        ("${NONE}", "the environment variable NONE is not set"),
        ("${KEY", "`${` without `}`"),
        ("${key}", "${key} does not name an environment variable"),
        (
            "${ODD}",
            "the value of ${ODD} has a character other than visible ASCII",
        ),
    ] {
        let words = expand(text, &lookup).expect_err(text).to_string();
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn variables_count_in_every_text_of_a_description() {
    let text = SMALL
        .replace("http://127.0.0.1:7000", "http://${ADDRESS:-a:1}")
        .replace(
            "[event]",
            "[headers]\nX = \"${KEY}\"\n\n[charge]\ncgroups = [\"${GROUP}\"]\n\n[event]",
        )
        .replace("\"/events\"", "\"/${KEY}/events\"");
    let description = described(&text);
    assert_eq!(description.required_variables(), ["GROUP", "KEY"]);
    let description = description
        .with_environment(&|name| Some(name.to_lowercase()))
        .unwrap();
    assert_eq!(description.address, "http://address");
    assert_eq!(description.headers["X"], "key");
    assert_eq!(description.charge.cgroups, ["group"]);
    assert_eq!(description.event.path, "/key/events");
}
