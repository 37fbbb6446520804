//! What inspection accepts, what it reports as lossy, and where.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_json::{DEPTH_MAX, JsonErrorKind, LossReason, inspect};

fn loss(json: &str) -> Option<(String, &'static str)> {
    inspect(json)
        .unwrap()
        .loss
        .map(|loss| (loss.pointer, loss.reason.as_str()))
}

#[test]
fn numbers_whose_decimal_value_a_double_keeps_are_lossless() {
    for number in [
        "0",
        "-1",
        "1.10",
        "1E2",
        "1e21",
        "1000000000000000000000",
        "9007199254740992",
        "0.30000000000000004",
        "5e-324",
        "1.7976931348623157e308",
        "0e99999999999999999999",
        "0e-400",
        "0.0",
        "123456.789e3",
        "8.5e22",
    ] {
        assert_eq!(loss(number), None, "{number}");
    }
}

#[test]
fn numbers_whose_decimal_value_would_change_are_lossy() {
    for number in [
        "9007199254740993",
        "0.1000000000000000055",
        "1e400",
        "-1e309",
        "3.0000000000000000001",
        "1e-400",
        "2e-324",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "12345678901234567890",
        "4.9406564584124654e-324",
        "1.7976931348623159e308",
    ] {
        assert_eq!(
            loss(number),
            Some((String::new(), "number_precision")),
            "{number}"
        );
    }
}

#[test]
fn every_spelling_of_negative_zero_is_lossy() {
    for number in [
        "-0",
        "-0.0",
        "-0e5",
        "-0.000E-7",
        "-0.00000000000000000000",
        "-0e99999999999999999999",
    ] {
        assert_eq!(loss(number), Some((String::new(), "negative_zero")), "{number}");
    }
}

#[test]
fn lone_surrogates_are_lossy_in_names_and_strings_but_pairs_are_not() {
    assert_eq!(loss(r#""\ud83d\ude00""#), None);
    for json in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ude00\ud83d""#,
        r#""\ud83dx""#,
        r#""\ud83d\u0041""#,
        r#""\ud83d\n""#,
    ] {
        assert_eq!(loss(json), Some((String::new(), "lone_surrogate")), "{json}");
    }
    assert_eq!(
        loss(r#"{"\ud800":1}"#),
        Some(("/\u{fffd}".into(), "lone_surrogate"))
    );
}

#[test]
fn names_are_compared_unescaped_and_within_one_object() {
    for json in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\u0061":1,"a":2}"#,
        r#"{"\u0061":1,"b":0,"\u0061":2}"#,
        r#"{"a":{"a":1,"b":{"\u0061":1}},"a":2}"#,
    ] {
        assert_eq!(loss(json), Some(("/a".into(), "duplicate_name")), "{json}");
    }
    for json in [
        r#"[{"a":1},{"a":2}]"#,
        r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#,
        r#"{"a":1,"A":2,"":3,"aa":4,"\u00e4":5,"ä̈":6}"#,
        r#"{"customer_name_1":1,"customer_nbme_1":2,"customer_namf_1":3}"#,
    ] {
        assert_eq!(loss(json), None, "{json}");
    }
}

#[test]
fn duplicates_are_found_in_small_and_large_objects() {
    for count in [1, 2, 31, 32, 33, 34, 100, 1_000] {
        let members: Vec<String> = (0..count)
            .map(|at| format!("\"name{at}\":{{\"x\":{at}}}"))
            .collect();
        let json = format!("{{{}}}", members.join(","));
        assert_eq!(loss(&json), None, "{count}");
        for duplicate in [0, count / 2, count - 1] {
            let json = format!("{{{},\"name{duplicate}\":0}}", members.join(","));
            let found = loss(&json);
            assert_eq!(
                found,
                Some((format!("/name{duplicate}"), "duplicate_name")),
                "{count}"
            );
        }
    }
}

#[test]
fn names_of_an_object_stay_separate_from_those_of_a_large_inner_object() {
    let many: Vec<String> = (0..50).map(|at| format!("\"n{at}\":0")).collect();
    let many = many.join(",");
    assert_eq!(
        loss(&format!(
            r#"{{"n1":{{{many}}},"n2":{{"\u0061":{{{many}}}}},"n3":[{{{many}}}]}}"#
        )),
        None
    );
    let json = format!(r#"{{"n1":{{{many}}},"n2":{{"n1":0}},"n1":0}}"#);
    assert_eq!(loss(&json), Some(("/n1".into(), "duplicate_name")));
}

#[test]
fn the_first_loss_is_reported_with_its_pointer() {
    for (json, pointer) in [
        (r#"{"a":[0,[],{"b/c~d":[1,1e400]}],"x":-0}"#, "/a/2/b~1c~0d/1"),
        (r#"[[],[[-0]],-0]"#, "/1/0/0"),
        (r#"{"":{"\u0022":-0}}"#, "//\""),
        (r#"{"a":{"b":1},"c":[{"d":1,"d":2}]}"#, "/c/0/d"),
    ] {
        assert_eq!(loss(json).unwrap().0, pointer, "{json}");
    }
}

#[test]
fn reasons_have_stable_names_and_read_as_sentences() {
    for (reason, name) in [
        (LossReason::DuplicateName, "duplicate_name"),
        (LossReason::LoneSurrogate, "lone_surrogate"),
        (LossReason::NegativeZero, "negative_zero"),
        (LossReason::NumberPrecision, "number_precision"),
    ] {
        assert_eq!(reason.as_str(), name);
        assert!(reason.to_string().ends_with('.'));
    }
}

#[test]
fn errors_say_what_was_expected_and_where() {
    for (json, message) in [
        ("", "expected a value at line 1, column 1"),
        (" \n\n  ", "expected a value at line 3, column 3"),
        ("{\"a\":1 2}", "expected `,` or `}` at line 1, column 8"),
        ("[1\n 2]", "expected `,` or `]` at line 2, column 2"),
        ("[1,]", "expected a value at line 1, column 4"),
        ("[", "expected a value or `]` at line 1, column 2"),
        ("{", "expected a name in double quotes or `}` at line 1, column 2"),
        (
            "{\"a\":1,}",
            "expected a name in double quotes at line 1, column 8",
        ),
        ("{\"a\" 1}", "expected `:` at line 1, column 6"),
        ("{\"a\":}", "expected a value at line 1, column 6"),
        (
            "{'a':1}",
            "expected a name in double quotes or `}` at line 1, column 2",
        ),
        ("1 1", "expected nothing more at line 1, column 3"),
        ("01", "expected nothing more at line 1, column 2"),
        ("-", "expected a digit at line 1, column 2"),
        ("1.", "expected a digit at line 1, column 3"),
        ("1e+", "expected a digit at line 1, column 4"),
        (
            "\"é",
            "expected the string to end with a double quote at line 1, column 3",
        ),
        (
            "\"é\u{1}\"",
            "expected control characters to be escaped at line 1, column 3",
        ),
        (
            "\"é\\x\"",
            "expected an escape sequence of JSON at line 1, column 4",
        ),
        (
            "\"\\u00g0\"",
            "expected an escape sequence of JSON at line 1, column 6",
        ),
        ("nul", "expected a value at line 1, column 1"),
        ("\u{feff}{}", "expected a value at line 1, column 1"),
        ("NaN", "expected a value at line 1, column 1"),
    ] {
        assert_eq!(inspect(json).unwrap_err().to_string(), message, "{json:?}");
    }
}

#[test]
fn values_nest_500_deep_and_no_deeper() {
    let nested = |open: &str, close: &str, depth| format!("{}{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), ("{\"a\":[", "]}")] {
        let per_repeat = close.len();
        let deepest = nested(open, close, DEPTH_MAX / per_repeat);
        assert_eq!(inspect(&deepest).map(|inspection| inspection.loss), Ok(None));
        let too_deep = deepest.replacen(&format!("{open}{close}"), &format!("{open}[]{close}"), 1);
        assert_eq!(inspect(&too_deep).unwrap_err().kind, JsonErrorKind::TooDeep);
        assert!(
            inspect(&too_deep)
                .unwrap_err()
                .to_string()
                .starts_with("nested more than 500 levels deep at ")
        );
    }
}

#[test]
fn usual_documents_are_recognised_as_fixed_points() {
    let js = r#"{"id":"p_1","name":"Zoë 😀 \"x\"\n","n":[0,-12,1250.5,0.1,471915.5458492425,9007199254740991],"ok":true,"none":null,"o":{},"a":[]}"#;
    let inspection = inspect(js).unwrap();
    assert!(inspection.js_fixed_point && !inspection.python_fixed_point);
    let python = r#"{"id": "p_1", "name": "Zo\u00eb \ud83d\ude00 \"x\"\n", "n": [0, 1.0, -12, 1250.5, 1e-05, 1e+16], "o": {}, "a": []}"#;
    let inspection = inspect(python).unwrap();
    assert!(inspection.python_fixed_point && !inspection.js_fixed_point);
}
