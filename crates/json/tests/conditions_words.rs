//! What people read about conditions: sentences, summaries, and the fields of an example.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_json::conditions::{
    FIELDS_MAX, FOUND_BYTES_MAX, RowExplanation, SAMPLE_BYTES_MAX, SUMMARY_BYTES_MAX, WORK_MAX,
};
use postrider_json::{CompiledConditions, Conditions, FieldKind, Payload, fields};

const DATA: &str = r#"{"total":300,"id":82025227314,"status":"draft","on":true,"none":null,"tags":["a","vip","b"],"one":["x"],
    "customer":{"name":"Müller"},"items":[{"quantity":1500},{"quantity":2}],"empty":[]}"#;

/// The explanation of the only row.
fn explained(compiled: &CompiledConditions, data: &str) -> RowExplanation {
    let payload = Payload::read(data.as_bytes()).unwrap();
    compiled.explain(&payload, &mut WORK_MAX.clone()).pop().unwrap()
}

/// The sentence of one row, `path op value`, and the one within `not`.
fn sentences(row: &str) -> [String; 2] {
    let mut parts = row.splitn(3, ' ');
    let (path, op) = (parts.next().unwrap(), parts.next().unwrap());
    let value = parts.next().map(|value| format!(",\"value\":{value}"));
    let row = format!(r#"{{"path":"{path}","op":"{op}"{}}}"#, value.unwrap_or_default());
    [row.clone(), format!("{{\"not\":{row}}}")].map(|conditions| {
        let compiled = Conditions::read(&conditions).unwrap().compile();
        explained(&compiled, DATA).sentence
    })
}

/// A row, its sentence, and its sentence within `not`.
const SENTENCES: &[(&str, &str, &str)] = &[
    (
        "/total gte 1000",
        "total is 300, needs at least 1,000",
        "total is 300, as needed: not at least 1,000",
    ),
    (
        "/total lt 1000.50",
        "total is 300, as needed: less than 1,000.50",
        "total is 300, needs at least 1,000.50",
    ),
    (
        "/total lte 300",
        "total is 300, as needed: at most 300",
        "total is 300, needs more than 300",
    ),
    (
        "/id eq 82025227314",
        "id is 82025227314, as needed",
        "id is 82025227314, must not be 82025227314",
    ),
    (
        "/status eq \"paid\"",
        "status is \"draft\", needs \"paid\"",
        "status is \"draft\", as needed: not \"paid\"",
    ),
    (
        "/status ne \"draft\"",
        "status is \"draft\", must not be \"draft\"",
        "status is \"draft\", as needed",
    ),
    (
        "/status in [\"paid\",\"sent\",1]",
        "status is \"draft\", needs \"paid\", \"sent\" or 1",
        "status is \"draft\", as needed: not \"paid\", \"sent\" or 1",
    ),
    (
        "/total not_in [1,2,3,4,5,6,300]",
        "total is 300, must not be 1, 2, 3, 4, 5 or 2 more",
        "total is 300, as needed",
    ),
    (
        "/status starts_with \"p\"",
        "status is \"draft\", needs to start with \"p\"",
        "status is \"draft\", as needed: does not start with \"p\"",
    ),
    (
        "/status ends_with \"ft\"",
        "status is \"draft\", as needed: ends with \"ft\"",
        "status is \"draft\", must not end with \"ft\"",
    ),
    (
        "/customer/name contains \"ü\"",
        "customer.name is \"Müller\", as needed: contains \"ü\"",
        "customer.name is \"Müller\", must not contain \"ü\"",
    ),
    (
        "/gone exists",
        "gone is missing, needs a value",
        "gone is missing, as needed",
    ),
    (
        "/on missing",
        "on is true, must be missing",
        "on is true, as needed",
    ),
    (
        "/gone gt 5",
        "gone is missing, needs more than 5",
        "gone is missing, as needed: not more than 5",
    ),
    (
        "/none eq null",
        "none is null, as needed",
        "none is null, must not be null",
    ),
    (
        "/tags/* eq \"vip\"",
        "tags has \"vip\" and 2 other values, as needed",
        "tags has \"vip\" and 2 other values, must have none that is \"vip\"",
    ),
    (
        "/tags/* ne \"z\"",
        "tags has \"a\" and 2 other values, as needed: none that is \"z\"",
        "tags has \"a\" and 2 other values, needs one that is \"z\"",
    ),
    (
        "/items/*/quantity lt 1",
        "items.quantity has 1,500 and 1 other value, needs one that is less than 1",
        "items.quantity has 1,500 and 1 other value, as needed: none that is less than 1",
    ),
    (
        "/one/* starts_with \"y\"",
        "one has \"x\", needs one that starts with \"y\"",
        "one has \"x\", as needed: none that starts with \"y\"",
    ),
    (
        "/empty/* exists",
        "empty has no values, needs a value",
        "empty has no values, as needed",
    ),
];

#[test]
fn sentences_say_what_was_found_and_what_is_needed() {
    for (row, plain, inverted) in SENTENCES {
        assert_eq!(sentences(row), [*plain, *inverted], "{row}");
    }
}

#[test]
fn what_was_found_is_cut_whatever_is_long_in_it() {
    let long = "é".repeat(10_000);
    for data in [
        format!("[\"{long}\"]"),
        format!("{{\"{long}\":1}}"),
        format!("{{\"{}\":1}}", "\\u00e9".repeat(10_000)),
        format!("[{}1]", "1,".repeat(10_000)),
        "9".repeat(10_000),
    ] {
        let missing = Conditions::read(r#"{"path":"","op":"missing"}"#)
            .unwrap()
            .compile();
        let row = explained(&missing, &data);
        let found = row.found.unwrap();
        assert!(
            found.ends_with('…') && found.len() <= FOUND_BYTES_MAX + 3,
            "{found}"
        );
        assert!(row.sentence.len() < 2 * FOUND_BYTES_MAX, "{}", row.sentence);
    }
    let path = "/x".repeat(200);
    let values = vec![format!("\"{}\"", "y".repeat(1_000)); 50].join(",");
    let wide = format!(r#"{{"path":"{path}","op":"in","value":[{values}]}}"#);
    let wide = Conditions::read(&wide).unwrap();
    let row = explained(&wide.compile(), "null");
    assert!(row.sentence.len() < 600, "{}", row.sentence);
    assert!(wide.summary().len() <= SUMMARY_BYTES_MAX + 3);
}

#[test]
fn a_summary_is_one_line_for_people() {
    for (conditions, summary) in [
        (
            r#"{"all":[{"path":"/total","op":"gte","value":1000},{"path":"/country","op":"eq","value":"DE"}]}"#,
            "total ≥ 1000 and country is DE",
        ),
        (
            r#"{"any":[{"path":"/a","op":"lt","value":1},{"all":[{"path":"/b","op":"exists"},{"path":"/c/*","op":"missing"}]}]}"#,
            "a < 1 or (b exists and c is missing)",
        ),
        (
            r#"{"not":{"any":[{"path":"/t/*","op":"eq","value":"a b"},{"path":"/t/*","op":"ne","value":"true"}]}}"#,
            "not (any of t is \"a b\" or none of t is \"true\")",
        ),
        (
            r#"{"all":[{"any":[{"path":"","op":"in","value":["DE","AT",7]}]}]}"#,
            "data is DE, AT or 7",
        ),
        (
            r#"{"path":"/a~1b/0","op":"contains","value":"É","ignore_case":true}"#,
            "a/b.0 contains É (in any case)",
        ),
        (
            r#"{"path":"/n","op":"not_in","value":[1,2,3,4,5,6]}"#,
            "n is not 1, 2, 3, 4, 5 or 1 more",
        ),
    ] {
        assert_eq!(Conditions::read(conditions).unwrap().summary(), summary);
    }
    let row = r#"{"path":"/total","op":"gte","value":1000}"#;
    let many = Conditions::read(&format!("{{\"all\":[{}]}}", vec![row; 50].join(","))).unwrap();
    let summary = many.summary();
    assert!(
        summary.ends_with('…') && summary.len() <= SUMMARY_BYTES_MAX + 3,
        "{summary}"
    );
}

#[test]
fn the_fields_of_an_example_are_listed_in_its_order() {
    let data = r#"{"total":1250.50,"customer":{"name":"\u0041da","vip":true,"a/b":null},"tags":["x","y"],
        "items":[{"sku":null},{"sku":"s","n":1},{"n":"2"}],"empty":[],"*":1,"m":[[1],[2]]}"#;
    let found: Vec<_> = fields(data)
        .into_iter()
        .map(|field| (field.path, field.kind, field.sample))
        .collect();
    let expected = [
        ("/total", FieldKind::Number, "1250.50"),
        ("/customer/name", FieldKind::String, "\"Ada\""),
        ("/customer/vip", FieldKind::Bool, "true"),
        ("/customer/a~1b", FieldKind::Null, "null"),
        ("/tags/*", FieldKind::String, "\"x\""),
        ("/items/*/sku", FieldKind::String, "\"s\""),
        ("/items/*/n", FieldKind::Mixed, "1"),
        ("/*", FieldKind::Number, "1"),
        ("/m/*/*", FieldKind::Number, "1"),
    ];
    let expected = expected.map(|(path, kind, sample)| (path.to_owned(), kind, sample.to_owned()));
    assert_eq!(found, expected);
    assert_eq!(fields("{"), []);
}

#[test]
fn fields_are_bounded_and_each_is_a_path_that_conditions_accept() {
    let members: Vec<_> = (0..10_000)
        .map(|at| format!("\"m{at}\":\"{}\"", "v".repeat(100)))
        .collect();
    let wide = format!("{{{}}}", members.join(","));
    assert_eq!(fields(&wide).len(), FIELDS_MAX);
    assert!(
        fields(&wide)
            .iter()
            .all(|field| field.sample.len() <= SAMPLE_BYTES_MAX + 3)
    );
    let deep = "{\"abc\":".repeat(499) + "1" + &"}".repeat(499);
    assert_eq!(fields(&deep), []);
    for name in [
        "n".repeat(510),
        "n".repeat(511),
        "n".repeat(513),
        "~".repeat(256),
        "\\u0041".repeat(511),
    ] {
        for field in fields(&format!("{{\"{name}\":1,\"ok\":2}}")) {
            let row = format!(r#"{{"path":"{}","op":"exists"}}"#, field.path);
            assert!(Conditions::read(&row).is_ok(), "{row}");
        }
    }
    let paths = fields(&format!("{{\"{}\":1,\"ok\":2}}", "n".repeat(513)));
    assert_eq!(paths.len(), 1);
}
