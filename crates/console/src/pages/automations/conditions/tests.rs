use super::*;

fn typed(form: &str) -> ConditionFields {
    ConditionFields::typed(&Form::parse(form.as_bytes()).unwrap())
}

fn json(form: &str) -> String {
    let kinds = |path: &str| match path {
        "/total" => Some(Kind::Number),
        "/customer/zip" => Some(Kind::String),
        _ => None,
    };
    let (json, faults) = typed(form).json(&kinds);
    json.unwrap_or_else(|| format!("{} {}", faults[0].pointer, faults[0].detail))
}

fn row(field: &str, op: &str, value: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    json(&format!(
        "cond=0&field.0={}&op.0={op}&value.0={}",
        encoded(field),
        encoded(value)
    ))
}

/// Field, operator and value as typed, and the JSON of the row.
const TYPED: [(&str, &str, &str, &str); 11] = [
    (
        "total",
        "gte",
        "1000",
        r#"{"all":[{"path":"/total","op":"gte","value":1000}]}"#,
    ),
    (
        "x",
        "eq",
        "1250.50",
        r#"{"all":[{"path":"/x","op":"eq","value":1250.50}]}"#,
    ),
    (
        "x",
        "eq",
        "paid",
        r#"{"all":[{"path":"/x","op":"eq","value":"paid"}]}"#,
    ),
    (
        "x",
        "eq",
        "true",
        r#"{"all":[{"path":"/x","op":"eq","value":true}]}"#,
    ),
    (
        "x",
        "eq",
        "\"true\"",
        r#"{"all":[{"path":"/x","op":"eq","value":"true"}]}"#,
    ),
    (
        "x",
        "starts_with",
        "42",
        r#"{"all":[{"path":"/x","op":"starts_with","value":"42"}]}"#,
    ),
    (
        "x",
        "gt",
        "2026-01-31",
        r#"{"all":[{"path":"/x","op":"gt","value":"2026-01-31"}]}"#,
    ),
    (
        "x",
        "missing",
        "ignored",
        r#"{"all":[{"path":"/x","op":"missing"}]}"#,
    ),
    (
        "/a.b/*",
        "eq",
        "x",
        r#"{"all":[{"path":"/a.b/*","op":"eq","value":"x"}]}"#,
    ),
    (
        "a.b~c",
        "eq",
        "x",
        r#"{"all":[{"path":"/a/b~0c","op":"eq","value":"x"}]}"#,
    ),
    (
        "customer.zip",
        "in",
        "01234, \"a, b\",, 7",
        r#"{"all":[{"path":"/customer/zip","op":"in","value":["01234","a, b","7"]}]}"#,
    ),
];

#[test]
fn a_value_is_read_by_the_kind_of_its_field_and_else_by_its_looks() {
    for (field, op, value, expected) in TYPED {
        assert_eq!(row(field, op, value), expected, "{field} {op} {value}");
    }
}

#[test]
fn what_a_person_gets_wrong_is_said_at_its_field() {
    for (field, op, value, expected) in [
        (
            "total",
            "gte",
            "1,000",
            "value “1,000” is not a number; write digits, with a point before decimals",
        ),
        (
            "x",
            "gt",
            "€ 5",
            "value “€ 5” is not a number; write digits, with a point before decimals",
        ),
        (
            "total",
            "lt",
            "many",
            "value “many” is not a number, but the field is",
        ),
        (
            "total",
            "eq",
            "",
            "value enter a value, or `\"\"` for an empty text",
        ),
        (
            "x",
            "in",
            " , ",
            "value enter a value, or `\"\"` for an empty text",
        ),
        ("", "eq", "1", "path enter a field"),
    ] {
        let expected = format!("/trigger/conditions/all/0/{expected}");
        assert_eq!(row(field, op, value), expected);
    }
    let second = "cond=0&cond=1&cond=2&field.1=a&op.1=exists&field.2=b&op.2=eq&join=none";
    assert!(
        json(second).starts_with("/trigger/conditions/not/any/1/value "),
        "empty rows do not count"
    );
}

#[test]
fn stored_conditions_come_back_as_they_were() {
    for stored in [
        r#"{"all":[{"path":"/total","op":"gte","value":1000}]}"#,
        r#"{"any":[{"path":"/a/b","op":"eq","value":"x"},{"path":"/c","op":"exists"}]}"#,
        r#"{"not":{"any":[{"path":"/a.b/~1","op":"in","value":["1","x, y",2,null,true,"","a b"]}]}}"#,
        r#"{"all":[{"path":"/a","op":"contains","value":"X","ignore_case":true}]}"#,
        r#"{"all":[{"path":"/a","op":"eq","value":{"b":["\n"]}},{"path":"/a","op":"eq","value":" x"}]}"#,
        r#"{"all":[{"path":"/a","op":"eq","value":"1,000"},{"path":"","op":"eq","value":8202522731445525542}]}"#,
        r#"{"all":[{"any":[{"path":"/a","op":"exists"}]}]}"#,
    ] {
        let conditions = Conditions::read(stored).unwrap();
        let (json, faults) = ConditionFields::of(Some(&conditions)).json(&|_| None);
        assert_eq!((json.as_deref(), faults.len()), (Some(stored), 0));
    }
    let nested = Conditions::read(r#"{"all":[{"any":[{"path":"/a","op":"exists"}]}]}"#).unwrap();
    assert!(ConditionFields::of(Some(&nested)).text.is_some());
}

#[test]
fn rows_become_json_and_json_rows() {
    let mut fields = typed("cond=0&field.0=a&op.0=eq&value.0=x&join=any");
    fields.as_json(&|_| None);
    let text = r#"{"any":[{"path":"/a","op":"eq","value":"x"}]}"#;
    assert_eq!(fields.text.as_deref(), Some(text));
    fields.as_rows();
    assert_eq!(
        (fields.join, fields.rows.len(), &fields.text),
        (Join::Any, 1, &None)
    );
    let mut broken = typed("conditions=%7B");
    broken.as_rows();
    assert_eq!(broken.text.as_deref(), Some("{"), "what is typed stays");
}
