//! Conditions through their public face: what is read, what is refused, what holds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_json::{Conditions, Payload, Verdict};

fn row(path: &str, op: &str, value: &str) -> String {
    match value {
        "" => format!(r#"{{"path":"{path}","op":"{op}"}}"#),
        value => format!(r#"{{"path":"{path}","op":"{op}","value":{value}}}"#),
    }
}

fn holds(conditions: &str, data: &str) -> bool {
    let compiled = Conditions::read(conditions).unwrap().compile();
    compiled.hold(&Payload::read(data.as_bytes()).unwrap())
}

fn faults(conditions: &str) -> Vec<(String, String)> {
    let faults = Conditions::read(conditions).unwrap_err();
    faults
        .into_iter()
        .map(|fault| (fault.pointer, fault.message))
        .collect()
}

const DATA: &str = r#"{"total":1250.50,"id":8202522731445525542,"status":"Paid","none":null,"on":true,"*":"star",
    "tags":["a","vip"],"empty":[],"items":[{"sku":"x","n":1},{"sku":"y","n":3}],"a/b":{"~":0},"huge":1e999999999}"#;

#[test]
fn each_operator_holds_where_its_rule_says() {
    for (path, op, value, expected) in [
        ("/total", "eq", "1250.5", true),
        ("/total", "eq", "12505e-1", true),
        ("/total", "eq", "\"1250.5\"", false),
        ("/id", "eq", "8202522731445525542", true),
        ("/id", "eq", "8202522731445525543", false),
        ("/id", "lt", "8202522731445525543", true),
        ("/huge", "gt", "1e999999998", true),
        ("/total", "gte", "1250.50", true),
        ("/total", "gt", "1250.5", false),
        ("/total", "lte", "1.2505e3", true),
        ("/total", "lt", "-1", false),
        ("/total", "gt", "\"1\"", false),
        ("/status", "gt", "\"Pa\"", true),
        ("/status", "lt", "\"a\"", true),
        ("/none", "eq", "null", true),
        ("/none", "exists", "", true),
        ("/none", "lt", "1", false),
        ("/on", "ne", "true", false),
        ("/on", "in", "[1,true]", true),
        ("/on", "not_in", "[1,\"true\"]", true),
        ("/gone", "eq", "null", false),
        ("/gone", "ne", "1", true),
        ("/gone", "not_in", "[1]", true),
        ("/gone", "missing", "", true),
        ("/gone", "exists", "", false),
        ("/tags/*", "eq", "\"vip\"", true),
        ("/tags/*", "ne", "\"vip\"", false),
        ("/tags/*", "ne", "\"z\"", true),
        ("/tags/*", "not_in", "[\"z\",\"a\"]", false),
        ("/tags", "contains", "\"vip\"", true),
        ("/tags", "contains", "\"vi\"", false),
        ("/tags", "eq", "[\"a\",\"vip\"]", true),
        ("/empty/*", "missing", "", true),
        ("/empty", "missing", "", false),
        ("/items/*/n", "gt", "2", true),
        ("/items/0/n", "gt", "2", false),
        ("/items/00/n", "exists", "", false),
        ("/items/-", "exists", "", false),
        ("/items/1", "eq", "{\"n\":3.0,\"sku\":\"y\"}", true),
        ("/*", "eq", "\"star\"", true),
        ("/a~1b/~0", "eq", "0", true),
        ("/status", "contains", "\"ai\"", true),
        ("/status", "starts_with", "\"Pa\"", true),
        ("/status", "ends_with", "\"Pa\"", false),
        ("/total", "contains", "\"1\"", false),
    ] {
        assert_eq!(
            holds(&row(path, op, value), DATA),
            expected,
            "{path} {op} {value}"
        );
    }
}

#[test]
fn case_is_ignored_only_on_request_and_character_by_character() {
    let with =
        |op: &str, value: &str| format!(r#"{{"path":"","op":"{op}","value":{value},"ignore_case":true}}"#);
    assert!(!holds(&row("", "eq", "\"É\""), "\"é\""));
    assert!(holds(&with("eq", "\"É\""), "\"é\""));
    assert!(holds(&with("in", "[1,\"ΟΔΟΣ\"]"), "\"οδοσ\""));
    assert!(holds(&with("contains", "\"B\""), "\"abc\""));
    assert!(holds(&with("ends_with", "\"C\""), "\"abc\""));
    assert!(!holds(&with("eq", "\"ß\""), "\"SS\""));
    // U+212A has three bytes, and its lower case one.
    assert!(holds(&with("eq", "\"k\""), "\"\u{212a}\""));
    assert!(holds(&with("eq", "\"kk\""), "\"\\u212a\\u212a\""));
}

#[test]
fn names_and_strings_are_compared_whatever_their_spelling() {
    let data = r#"{"\u0061":1,"\ud83d\ude00":"\u0062","x\/y":{"a":1,"a":[2]}}"#;
    assert!(holds(&row("/a", "eq", "1"), data));
    assert!(holds(&row("/😀", "eq", "\"b\""), data));
    assert!(holds(&row("/x~1y/a/0", "eq", "2"), data));
    assert!(holds(&row("/x~1y", "eq", "{\"a\":[2]}"), data));
}

#[test]
fn groups_combine_their_parts() {
    let (yes, no) = (row("/a", "exists", ""), row("/a", "missing", ""));
    for (conditions, expected) in [
        (format!("{{\"all\":[{yes},{no}]}}"), false),
        (format!("{{\"any\":[{yes},{no}]}}"), true),
        (format!("{{\"not\":{{\"all\":[{yes},{no}]}}}}"), true),
        (format!("{{\"all\":[{yes},{{\"not\":{no}}}]}}"), true),
    ] {
        assert_eq!(holds(&conditions, "{\"a\":1}"), expected, "{conditions}");
    }
}

#[test]
fn what_is_written_reads_back_equal() {
    let text = r#"{"all":[{"path":"/t","op":"gte","value":1250.50},{"any":[{"path":"","op":"in","value":["é",null,{"a":[]}],"ignore_case":true}]},{"not":{"path":"/a~1b","op":"exists"}}]}"#;
    let conditions = Conditions::read(text).unwrap();
    assert_eq!(conditions.to_string(), text);
    assert_eq!(Conditions::read(&conditions.to_string()).unwrap(), conditions);
}

#[test]
fn each_fault_has_its_pointer() {
    let deep = format!(
        "{}{}{}",
        "{\"not\":".repeat(5),
        row("", "exists", ""),
        "}".repeat(5)
    );
    let many = |count: usize| format!("{{\"all\":[{}]}}", vec![row("", "exists", ""); count].join(","));
    let list = format!(
        "{{\"any\":[{}]}}",
        row("", "in", &format!("[{}]", vec!["1"; 201].join(",")))
    );
    for (conditions, pointer) in [
        ("{", ""),
        ("[]", ""),
        (r#"{"all":[],"any":[]}"#, "/any"),
        (r#"{"all":[]}"#, "/all"),
        (r#"{"all":{}}"#, "/all"),
        (r#"{"all":[{"path":"","op":"like","value":1}]}"#, "/all/0/op"),
        (r#"{"path":"a","op":"exists"}"#, "/path"),
        (r#"{"path":"/~2","op":"exists"}"#, "/path"),
        (r#"{"path":"/a","op":"exists","value":1}"#, "/value"),
        (r#"{"path":"/a","op":"eq"}"#, ""),
        (r#"{"op":"exists"}"#, ""),
        (r#"{"path":"/a","op":"gt","value":true}"#, "/value"),
        (r#"{"path":"/a","op":"starts_with","value":1}"#, "/value"),
        (r#"{"path":"/a","op":"in","value":1}"#, "/value"),
        (r#"{"path":"/a","op":"in","value":[]}"#, "/value"),
        (
            r#"{"path":"/a","op":"eq","value":1,"ignore_case":true}"#,
            "/ignore_case",
        ),
        (r#"{"path":"/a","op":"eq","value":1,"x/y":1}"#, "/x~1y"),
        (
            r#"{"not":{"path":"/a","op":"eq","value":1,"value":1}}"#,
            "/not/value",
        ),
        (&deep, "/not/not/not/not/not"),
        (&many(51), ""),
        (&list, ""),
    ] {
        let found = faults(conditions);
        assert_eq!(found.len(), 1, "{conditions} {found:?}");
        assert_eq!(found[0].0, pointer, "{conditions} {found:?}");
    }
    assert!(Conditions::read(&many(50)).is_ok());
    // What is beyond a bound is not read.
    let faulty = format!(
        "{{\"all\":[{},{}]}}",
        vec![row("", "exists", ""); 51].join(","),
        row("x", "y", "")
    );
    assert_eq!(faults(&faulty).len(), 1);
    assert_eq!(faults(&faulty)[0].1, "There are at most 50 rows.");
    assert_eq!(
        faults(&format!("{{\"all\":[{}]}}", vec!["1"; 100].join(","))).len(),
        20
    );
}

#[test]
fn several_conditions_on_one_payload_judge_alike_and_share_what_they_read() {
    let payload = Payload::read(DATA.as_bytes()).unwrap();
    let yes = Conditions::read(&row("/total", "gt", "1000")).unwrap().compile();
    let no = Conditions::read(&row("/total", "lt", "1000")).unwrap().compile();
    let first = yes.judge(&payload);
    assert_eq!(first, yes.judge(&payload));
    assert_eq!(first.verdict, Verdict::Holds);
    assert_eq!(no.judge(&payload).verdict, Verdict::DoesNotHold);
    // A look at each of ten members, and at one number.
    assert!(first.steps < 30, "{first:?}");
}
