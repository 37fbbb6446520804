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
