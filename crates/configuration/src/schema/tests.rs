//! How schemas judge numbers that a float cannot hold, and everything else.

use super::*;

fn details(schema: &str, data: &str) -> Vec<(String, String)> {
    let schema = Schema::compile(schema).unwrap();
    let payload = Payload::read(data.as_bytes()).unwrap();
    let violations = schema.violations(&payload).into_iter();
    violations.map(|it| (it.pointer, it.detail)).collect()
}

fn judges(schema: &str, data: &str, expected: bool) {
    let found = details(schema, data);
    assert_eq!(found.is_empty(), expected, "{schema} {data}: {found:?}");
}

#[test]
fn integers_beyond_float_precision_are_compared_exactly() {
    for (schema, good, bad) in [
        (
            r#"{"const":8202522731445525542}"#,
            "8202522731445525542",
            "8202522731445525543",
        ),
        (
            r#"{"const":12345678901234567890123}"#,
            "12345678901234567890123.0",
            "12345678901234567890124",
        ),
        (
            r#"{"enum":[1,12345678901234567890123]}"#,
            "12345678901234567890123",
            "12345678901234567890122",
        ),
        (
            r#"{"minimum":8202522731445525542}"#,
            "8202522731445525542",
            "8202522731445525541",
        ),
        (
            r#"{"maximum":12345678901234567890123}"#,
            "12345678901234567890123",
            "12345678901234567890124",
        ),
        (
            r#"{"exclusiveMinimum":12345678901234567890123}"#,
            "12345678901234567890124",
            "12345678901234567890123",
        ),
        (
            r#"{"exclusiveMaximum":12345678901234567890123}"#,
            "12345678901234567890122",
            "12345678901234567890123",
        ),
        (
            r#"{"multipleOf":3}"#,
            "12345678901234567890123",
            "12345678901234567890124",
        ),
        (
            r#"{"multipleOf":2}"#,
            "8202522731445525542",
            "8202522731445525543",
        ),
        (
            r#"{"type":"integer"}"#,
            "12345678901234567890123",
            "12345678901234567890123.5",
        ),
        (r#"{"minimum":1e400}"#, "1e400", "1e399"),
        (
            r#"{"uniqueItems":true}"#,
            "[12345678901234567890123,12345678901234567890124]",
            "[12345678901234567890123,12345678901234567890123.0]",
        ),
    ] {
        judges(schema, good, true);
        judges(schema, bad, false);
    }
}

#[test]
fn decimals_are_compared_exactly() {
    for (schema, good, bad) in [
        (r#"{"const":1250.50}"#, "1250.5", "1250.500000000000000001"),
        (r#"{"const":0.1}"#, "0.10", "0.1000000000000000055"),
        (r#"{"minimum":0.1}"#, "0.1", "0.09999999999999999999"),
        (r#"{"exclusiveMinimum":0.1}"#, "0.1000000000000000055", "0.1"),
        (r#"{"maximum":0.1}"#, "0.1", "0.1000000000000000055"),
        (r#"{"multipleOf":0.01}"#, "1250.50", "1250.505"),
        (r#"{"multipleOf":0.1}"#, "0.3", "0.35"),
        (r#"{"enum":[0.1,0.2]}"#, "0.2", "0.3"),
        (r#"{"type":"integer"}"#, "1059.0", "1059.5"),
    ] {
        judges(schema, good, true);
        judges(schema, bad, false);
    }
}

#[test]
fn exact_operands_are_found_anywhere_in_a_schema() {
    let big = "12345678901234567890123";
    for schema in [
        format!(r##"{{"$ref":"#/$defs/big","$defs":{{"big":{{"const":{big}}}}}}}"##),
        format!(r#"{{"allOf":[{{"minimum":{big}}},{{"maximum":{big}}}]}}"#),
        format!(r#"{{"not":{{"not":{{"enum":[{big}]}}}}}}"#),
        format!(r#"{{"$schema":"http://json-schema.org/draft-07/schema#","maximum":{big},"minimum":{big}}}"#),
    ] {
        judges(&schema, big, true);
        judges(&schema, "12345678901234567890124", false);
    }
    let object = format!(r#"{{"const":{{"minimum":{big},"b":[1]}}}}"#);
    judges(&object, &format!(r#"{{"b":[1.0],"minimum":{big}}}"#), true);
    judges(&object, r#"{"b":[1],"minimum":12345678901234567890124}"#, false);
    let names = r#"{"properties":{"minimum":{"const":5}},"propertyNames":{"enum":["minimum"]}}"#;
    judges(names, r#"{"minimum":5}"#, true);
    judges(names, r#"{"maximum":5}"#, false);
}

#[test]
fn the_exclusive_limits_of_draft_4_are_flags() {
    let schema = r#"{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true,"maximum":3,"exclusiveMaximum":false}"#;
    judges(schema, "1", false);
    judges(schema, "1.01", true);
    judges(schema, "3", true);
}

#[test]
fn a_violation_has_its_pointer_and_quotes_the_number_as_it_came() {
    let schema = r#"{"properties":{"a/b":{"items":{"maximum":12345678901234567890123}}}}"#;
    let found = details(schema, r#"{"a/b":[1,12345678901234567890124]}"#);
    let detail = "12345678901234567890124 is greater than the maximum of 12345678901234567890123";
    assert_eq!(found, [("/a~1b/1".to_owned(), detail.to_owned())]);
    let found = details(r#"{"enum":["draft","sent"]}"#, r#""gone""#);
    assert_eq!(found[0].1, r#""gone" is not one of ["draft","sent"]"#);
    assert_eq!(
        details(r#"{"items":{"type":"string"}}"#, "[1,2,3,4,5,6,7,8,9,10,11]").len(),
        VIOLATIONS_MAX
    );
}

#[test]
fn an_invalid_schema_is_refused() {
    for text in [
        "{",
        "[]",
        r#"{"type":"text"}"#,
        r#"{"minimum":"1"}"#,
        r#"{"multipleOf":0}"#,
        r#"{"multipleOf":1.234567890123456789}"#,
        r#"{"$ref":"https://example.com/schema.json"}"#,
    ] {
        assert!(Schema::compile(text).is_err(), "{text}");
    }
}

#[test]
fn data_deeper_than_127_levels_never_matches_a_schema() {
    let nested = |levels| "[".repeat(levels) + &"]".repeat(levels);
    judges("{}", &nested(127), true);
    judges("{}", &nested(128), false);
}

/// A schema that checks each level of the data against two alternatives, each of which checks the level below
/// against two.
const ALTERNATIVES: &str = r##"{"$defs":{"n":{"KEYWORD":[
    {"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"required":["x"]},
    {"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"required":["y"]}]}},"$ref":"#/$defs/n"}"##;

fn nested(levels: usize) -> String {
    r#"{"a":"#.repeat(levels) + "5" + &"}".repeat(levels)
}

#[test]
fn a_check_of_exponentially_many_steps_ends() {
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let schema = Schema::compile(&ALTERNATIVES.replace("KEYWORD", keyword)).unwrap();
        for levels in [1, 5, 30, 60] {
            let data = nested(levels);
            let payload = Payload::read(data.as_bytes()).unwrap();
            let began = Instant::now();
            let at_once = schema.violations_at_once(&payload);
            let found = schema.violations(&payload);
            assert!(
                !found.is_empty() && at_once.is_none_or(|it| it == found),
                "{keyword} {levels}"
            );
            assert!(
                began.elapsed() < TIME_MAX,
                "{keyword} {levels}: {:?}",
                began.elapsed()
            );
        }
    }
}

#[test]
fn a_schema_that_is_exponential_at_one_place_is_refused() {
    let defs: Vec<String> = (0..27)
        .map(|it| {
            let next = format!(r##"{{"$ref":"#/$defs/d{}"}}"##, it + 1);
            format!(r#""d{it}":{{"allOf":[{next},{next}]}}"#)
        })
        .collect();
    let text = format!(
        r##"{{"$defs":{{{},"d27":true}},"$ref":"#/$defs/d0"}}"##,
        defs.join(",")
    );
    let error = Schema::compile(&text).err().unwrap().to_string();
    assert_eq!(error, "more than 5000 schemas apply at one place of the data");
}

#[test]
fn small_data_is_checked_at_once_and_large_data_is_not() {
    let schema = Schema::compile(r#"{"items":{"type":"integer"}}"#).unwrap();
    let at_once = |data: &str| schema.violations_at_once(&Payload::read(data.as_bytes()).unwrap());
    assert_eq!(at_once("[1,2,3]"), Some(Vec::new()));
    assert_eq!(at_once("[1,2,3.5]").unwrap().len(), 1);
    let large = format!("[{}1]", "1,".repeat(100_000));
    assert_eq!(at_once(&large), None);
    judges(r#"{"items":{"type":"integer"}}"#, &large, true);
    let bad = format!("[{}1]", "1.5,".repeat(100_000));
    let found = details(r#"{"items":{"type":"integer"}}"#, &bad);
    assert_eq!(
        found[0],
        ("/0".to_owned(), r#"1.5 is not of type "integer""#.to_owned())
    );
}

#[test]
fn long_numbers_are_not_compared_again_and_again_at_once() {
    let number = "9".repeat(16_000);
    for keyword in ["minimum", "exclusiveMinimum", "multipleOf"] {
        let limits: Vec<String> = (1..=100).map(|n| format!(r#"{{"{keyword}":{n}}}"#)).collect();
        let schema = Schema::compile(&format!(
            r#"{{"anyOf":[{{"allOf":[{}]}},true]}}"#,
            limits.join(",")
        ))
        .unwrap();
        let at_once = |data: &str| schema.violations_at_once(&Payload::read(data.as_bytes()).unwrap());
        assert_eq!(at_once("9"), Some(Vec::new()), "{keyword}");
        assert_eq!(at_once(&number), None, "{keyword}");
    }
}

#[test]
fn details_and_pointers_are_short_however_long_the_data_is() {
    let long = "x".repeat(100_000);
    for (schema, data) in [
        (
            r#"{"type":"integer"}"#,
            format!(r#"{{"{long}":["{long}",{{"a":"{long}"}}]}}"#),
        ),
        (r#"{"type":"integer"}"#, format!(r#""{long}""#)),
        (r#"{"maxLength":3}"#, format!(r#""{long}""#)),
        (r#"{"const":1}"#, format!(r#"["{long}"]"#)),
        (r#"{"maximum":1}"#, "9".repeat(10_000)),
        (
            r#"{"additionalProperties":{"type":"integer"}}"#,
            format!(r#"{{"{long}":"{long}"}}"#),
        ),
        (r#"{"additionalProperties":false}"#, format!(r#"{{"{long}":1}}"#)),
        (
            r#"{"anyOf":[{"type":"integer"},{"minItems":5}]}"#,
            format!(r#"["{long}"]"#),
        ),
        (
            r#"{"propertyNames":{"maxLength":3}}"#,
            format!(r#"{{"{long}":1}}"#),
        ),
        (r#"{"uniqueItems":true}"#, format!(r#"["{long}","{long}"]"#)),
    ] {
        let found = details(schema, &data);
        assert!(!found.is_empty(), "{schema}");
        for (pointer, detail) in found {
            assert!(
                pointer.len() <= 1024 && detail.chars().count() <= 200,
                "{schema}: {pointer} {detail}"
            );
        }
    }
    let required = format!(r#"{{"required":["{long}"]}}"#);
    assert_eq!(details(&required, "{}")[0].1.chars().count(), 200);
    let words: Vec<String> = (0..10_000).map(|it| format!("\"word{it}\"")).collect();
    let found = details(&format!(r#"{{"enum":[{}]}}"#, words.join(",")), "1");
    assert!(found[0].1.chars().count() <= 200, "{}", found[0].1);
}

#[test]
fn an_error_holds_the_beginning_of_a_large_value_only() {
    let text = format!(r#"{{"{0}":["{0}"]}}"#, "x".repeat(100_000));
    let value = Value::read(&text).unwrap();
    let held = jsonschema::json::Node::<ExactJson>::to_value(&&value);
    assert!(held.to_string().len() < 500, "{held}");
}
