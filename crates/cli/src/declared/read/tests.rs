use super::*;

fn json(text: &str) -> String {
    let mut faults = Faults::default();
    let node = read(text, &mut faults);
    faults
        .check("f")
        .map_or_else(|error| error.to_string(), |()| node.unwrap().json())
}

#[test]
fn scalars_are_read_by_the_core_schema_and_keep_their_digits() {
    for (yaml, expected) in [
        ("a: 1.10", r#"{"a":1.10}"#),
        ("a: 8202522731445525542123", r#"{"a":8202522731445525542123}"#),
        ("a: +.5e3", r#"{"a":0.5e3}"#),
        ("a: 007", r#"{"a":7}"#),
        ("a: 0x1F", r#"{"a":31}"#),
        ("a: 0x+1", r#"{"a":"0x+1"}"#),
        ("a: 1.", r#"{"a":1}"#),
        ("a: -", "f:1:4: not valid YAML"),
        ("a: 1e", r#"{"a":"1e"}"#),
        ("a: 1_000", r#"{"a":"1_000"}"#),
        ("a: yes", r#"{"a":"yes"}"#),
        ("a: True", r#"{"a":true}"#),
        ("a: '1'", r#"{"a":"1"}"#),
        ("a: ~", r#"{"a":null}"#),
        ("a:", r#"{"a":null}"#),
        ("a: 2026-01-31T09:30:00Z", r#"{"a":"2026-01-31T09:30:00Z"}"#),
        ("1: a", r#"{"1":"a"}"#),
        ("a: |\n  x\n  y\n", r#"{"a":"x\ny\n"}"#),
        ("a: >-\n  x\n  y\n", r#"{"a":"x y"}"#),
        ("", "null"),
        ("# nothing", "null"),
    ] {
        let found = json(yaml);
        assert!(found.starts_with(expected), "{yaml:?}: {found}");
    }
}

#[test]
fn json_is_yaml_and_its_pairs_of_escapes_are_one_character() {
    assert_eq!(
        json("{\n\t\"a\": [1, \"\\ud83d\\ude00 \\\\ud83d \\u00e9 \\/\"], \"b\": {}}"),
        "{\"a\":[1,\"😀 \\\\ud83d é /\"],\"b\":{}}"
    );
}

#[test]
fn what_is_odd_is_refused_with_its_place() {
    for (yaml, expected) in [
        ("a: 1\nb: 2\na: 3\n", "f:3:1: `a` is there twice"),
        ("a: 1\n---\nb: 2\n", "f:2:1: the file has more than one document"),
        ("a: !secret x\n", "f:1:4: tags"),
        ("a: .inf\n", "f:1:4: infinity"),
        ("? [a]\n: b\n", "f:1:3: expected a text as the key"),
        ("a: &x [*x]\n", "f:1:8: this alias"),
        ("a: *x\n", "f:1:4: not valid YAML"),
        ("b: &x {c: 1}\na:\n  <<: *x\n", "f:3:3: merge keys"),
        ("a:\n\tb: 1\n", "f:2:"),
        ("a: [1, 2\nb: 3", "f:2:"),
    ] {
        let found = json(yaml);
        assert!(found.starts_with(expected), "{yaml:?}: {found}");
    }
}

#[test]
fn aliases_are_copies_and_cannot_multiply_without_end() {
    assert_eq!(json("a: &x [1]\nb: *x"), r#"{"a":[1],"b":[1]}"#);
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let found = json(&laughs);
    assert!(found.contains("too many values"), "{found}");
    // Anchors within anchors are copies too.
    let nested = format!("{}x{}", "&a [".repeat(90), "]".repeat(90));
    assert!(json(&nested).starts_with('['), "{}", json(&nested));
}

/// No file of the largest size takes longer than a moment, or exhausts the stack.
#[test]
fn depth_is_bounded() {
    for unit in ["[", "{a: ", "- ", "? ", "[{", "&a ["] {
        let found = json(&unit.repeat(100_000));
        assert!(
            found.starts_with("f:1:"),
            "{unit:?}: {}",
            &found[..found.len().min(100)]
        );
    }
    let block: String = (0..3_000)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    assert!(json(&block).contains("nested deeper than 100 levels"));
}
