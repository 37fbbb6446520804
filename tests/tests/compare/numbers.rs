//! Finding the number of an event in a delivered body.

use super::sender::Pointer;

fn number(pointer: &str, body: &str) -> Option<u32> {
    Pointer::parse(pointer).unwrap().number(body.as_bytes())
}

#[test]
fn a_number_is_found_however_the_body_is_written() {
    for body in [
        r#"{"data":{"n":"00000042","x":[1,{"n":7}]}}"#,
        r#"{ "x" : null, "data" : { "x" : {"n":1} , "n" : 42 } }"#,
        r#"{"d":{"n":"1"},"data":{"n":"00000042","b":true,"f":-1.5e3,"é":"\n"},"z":-1}"#,
    ] {
        assert_eq!(number("/data/n", body), Some(42), "{body}");
    }
    assert_eq!(number("/1/0/a~1b", r#"[{"n":1},[{"a/b":"9"},3]]"#), Some(9));
    assert_eq!(number("/0", "[8]"), Some(8));
}

#[test]
fn a_body_without_the_number_has_none() {
    for body in [
        "",
        "null",
        r#"{"n":1}"#,
        r#"{"data":[1]}"#,
        r#"{"data":{"n":null}}"#,
        r#"{"data":{"n":{"n":1}}}"#,
        r#"{"data":{"n":"4294967296"}}"#,
        r#"{"data":{"n":-1}}"#,
        r#"{"data":{"n":"12"}"#,
        r#"{"data":{"n":"12"}} trailing"#,
    ] {
        assert_eq!(number("/data/n", body), None, "{body}");
    }
}
