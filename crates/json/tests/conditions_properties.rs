//! Conditions and data at random: three ways of evaluating them agree.

mod naive;
mod tree;

use postrider_json::conditions::WORK_MAX;
use postrider_json::{Conditions, Payload};
use proptest::prelude::*;
use tree::Tree;

/// One of few values, so that they are often equal, in one of their spellings.
fn number() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "1e3",
        "1000",
        "1000.0",
        "1E+3",
        "0.001e6",
        "100000e-2",
        "-0",
        "0",
        "0.0",
        "-0.0e5",
        "0e99",
        "1e-400",
        "10e-401",
        "1e400",
        "-1e400",
        "-1e-400",
        "123456789012345678901234567890",
        "123456789012345678901234567891",
        "123456789012345678901234567890.0",
        "12345678901234567890.123456789",
        "1250.50",
        "1250.5",
        "8202522731445525542",
        "8202522731445525543",
        "0.1",
        "0.10000000000000000001",
    ]);
    let any = (-1_100..1_100_i32, -3..4_i32, 0..3_usize).prop_map(|(digits, exponent, zeros)| match zeros {
        0 => format!("{digits}e{exponent}"),
        1 => format!("{digits}.0E{exponent:+}"),
        _ => format!("{digits}.{digits:05}").replace(".-", ".0"),
    });
    prop_oneof![3 => odd.prop_map(String::from), 1 => any]
}

/// A string's JSON: letters whose cases have other lengths, and escapes.
fn string() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "A",
        "b",
        "é",
        "É",
        "\\u00c9",
        "\\u0041",
        "ß",
        "İ",
        "\\u212a",
        "k",
        "\\n",
        "\\ud83d\\ude00",
        "😀",
    ]);
    prop::collection::vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// A member's name, spelled in two ways, and the segment of a path.
fn name() -> impl Strategy<Value = (String, String)> {
    let names = vec![
        ("\"a\"", "a"),
        ("\"\\u0061\"", "a"),
        ("\"b\"", "b"),
        ("\"0\"", "0"),
        ("\"*\"", "*"),
        ("\"\"", ""),
        ("\"x/~\"", "x~1~0"),
        ("\"É\"", "É"),
    ];
    prop::sample::select(names).prop_map(|(json, segment)| (json.to_owned(), segment.to_owned()))
}

fn scalar() -> impl Strategy<Value = String> {
    let literal = prop::sample::select(vec!["true", "false", "null"]).prop_map(String::from);
    prop_oneof![4 => number(), 3 => string(), 1 => literal]
}

fn object(members: Vec<((String, String), String)>) -> String {
    let members: Vec<_> = members
        .into_iter()
        .map(|((name, _), value)| format!("{name}: {value}"))
        .collect();
    format!("{{{}}}", members.join(" , "))
}

/// JSON, with duplicate names now and then. Most of it is an object that the paths of [`path`] fit.
fn data() -> impl Strategy<Value = String> {
    let any = scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name(), inner), 0..6).prop_map(object),
        ]
    });
    let scalars = prop::collection::vec(scalar(), 0..6);
    let fitting = (scalar(), scalars, any.clone()).prop_map(|(one, several, any)| {
        format!(
            r#"{{"*":{any},"a":{one},"b":[{}],"x\/~":{{"\u0061":{one}}}}}"#,
            several.join(",")
        )
    });
    prop_oneof![1 => any, 3 => fitting]
}

fn path() -> impl Strategy<Value = String> {
    let fitting = prop::sample::select(vec!["/a", "/b/*", "/b/*", "/b", "/b/1", "/x~1~0/a", "/*", "/*/*"]);
    let segment = prop_oneof![
        3 => name().prop_map(|(_, segment)| segment),
        3 => Just("*".to_owned()),
        1 => prop::sample::select(vec!["0", "1", "00", "-", "1e0"]).prop_map(String::from),
    ];
    let any = prop::collection::vec(segment, 0..4).prop_map(|segments| {
        let segments = segments.into_iter().map(|segment| format!("/{segment}"));
        segments.collect::<String>()
    });
    prop_oneof![1 => any, 3 => fitting.prop_map(String::from)]
}

fn row() -> impl Strategy<Value = String> {
    let tree = prop::collection::vec(number(), 0..3).prop_map(|items| format!("[{}]", items.join(",")));
    let value = prop_oneof![4 => scalar(), 1 => tree, 1 => data()];
    let ops = vec![
        "eq",
        "ne",
        "in",
        "not_in",
        "gt",
        "gte",
        "lt",
        "lte",
        "contains",
        "starts_with",
        "ends_with",
        "exists",
        "missing",
    ];
    let list = prop::collection::vec(value.clone(), 1..8);
    (
        path(),
        prop::sample::select(ops),
        value,
        list,
        scalar_of_range(),
        string(),
        any::<bool>(),
    )
        .prop_map(|(path, op, value, list, bound, text, ignore_case)| {
            let value = match op {
                "in" | "not_in" => format!("[{}]", list.join(",")),
                "gt" | "gte" | "lt" | "lte" => bound,
                "starts_with" | "ends_with" => text,
                _ => value,
            };
            let value = match op {
                "exists" | "missing" => String::new(),
                _ => format!(",\"value\":{value}"),
            };
            let plain = format!(r#"{{"path":"{path}","op":"{op}"{value}"#);
            let with_case = format!("{plain},\"ignore_case\":true}}");
            // Where case cannot be ignored, it is not.
            match ignore_case && Conditions::read(&with_case).is_ok() {
                true => with_case,
                false => format!("{plain}}}"),
            }
        })
}

fn scalar_of_range() -> impl Strategy<Value = String> {
    prop_oneof![2 => number(), 1 => string()]
}

fn conditions() -> impl Strategy<Value = String> {
    let list = |inner: BoxedStrategy<String>| prop::collection::vec(inner, 1..4);
    row().prop_recursive(3, 12, 3, move |inner| {
        let inner = inner.boxed();
        prop_oneof![
            list(inner.clone()).prop_map(|parts| format!("{{\"all\":[{}]}}", parts.join(","))),
            list(inner.clone()).prop_map(|parts| format!("{{\"any\":[{}]}}", parts.join(","))),
            inner.prop_map(|part| format!("{{\"not\":{part}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn conditions_hold_exactly_where_the_naive_evaluator_says(text in conditions(), data in data()) {
        // Values with duplicate names are refused.
        let Ok(conditions) = Conditions::read(&text) else { return Ok(()) };
        let expected = naive::holds(&Tree::read(&text).unwrap(), &Tree::read(&data).unwrap());
        let compiled = conditions.compile();
        let payload = Payload::read(data.as_bytes()).unwrap();
        prop_assert_eq!(compiled.hold(&payload), expected, "on the payload");
        let printed = conditions.to_string();
        let again = Conditions::read(&printed).unwrap();
        prop_assert_eq!(&again, &conditions, "{}", printed);
        prop_assert_eq!(again.compile().hold(&payload), expected, "{}", printed);
    }

    #[test]
    fn a_row_is_explained_as_it_is_judged(row in row(), inverted in any::<bool>(), data in data()) {
        let text = if inverted { format!("{{\"not\":{row}}}") } else { row };
        let Ok(conditions) = Conditions::read(&text) else { return Ok(()) };
        let payload = Payload::read(data.as_bytes()).unwrap();
        let compiled = conditions.compile();
        let mut steps = WORK_MAX;
        let explanation = compiled.explain(&payload, &mut steps).pop().unwrap();
        prop_assert!(explanation.compared);
        prop_assert_eq!(explanation.inverted, inverted);
        let fits = explanation.holds != inverted;
        prop_assert_eq!(fits, compiled.hold(&payload));
        let says_so = explanation.sentence.contains(", as needed");
        prop_assert_eq!(says_so, fits, "{}", explanation.sentence);
    }
}
