//! What templates print, and what is said of those that do not.

use postrider_signing::template::{HEADER_BYTES_MAX, Template, TemplateEvent, TemplateKind};
use proptest::prelude::*;

const DATA: &str = r#"{
    "id": 8202522731445525542, "total": 1250.50, "huge": 1e400, "name": "Ada \"A\" <b>\n\u00e9",
    "ok": true, "off": false, "nothing": null, "empty": "", "a b": "spaced", "größe": "XL",
    "customer": {"name": "Ada", "tags": ["x", "y"]}, "twice": 1, "twice": 2,
    "items": [{"sku": "b", "price": 2.50, "n": 2}, {"sku": "A", "price": 10, "n": 1}, {"sku": "c", "n": 3}]
}"#;

fn event(data: &str) -> TemplateEvent<'_> {
    TemplateEvent {
        id: "evt_1",
        event_type: "proposal.accepted",
        timestamp: "2026-01-31T09:30:00.000Z",
        account: None,
        data,
    }
}

fn rendered(source: &str, kind: TemplateKind) -> String {
    let template = Template::compile(source, kind).unwrap_or_else(|fault| panic!("{source}: {fault}"));
    template
        .render(&event(DATA))
        .unwrap_or_else(|stop| panic!("{source}: {stop}"))
}

fn text(source: &str) -> String {
    rendered(source, TemplateKind::Text)
}

fn json(source: &str) -> String {
    rendered(source, TemplateKind::Json)
}

#[test]
fn numbers_are_printed_as_written_and_compared_exactly() {
    assert_eq!(
        text("{{ data.id }} {{ data.total }} {{ data.huge }}"),
        "8202522731445525542 1250.50 1e400"
    );
    assert_eq!(
        json(r#"[{{ data.id }},{{ data.total }},{{ data.huge }}]"#),
        "[8202522731445525542,1250.50,1e400]"
    );
    for (condition, expected) in [
        ("data.id == 8202522731445525542", true),
        ("data.id == 8202522731445525543", false),
        ("data.total == 1250.5", true),
        ("1250.49 < data.total <= 1250.50", true),
        ("data.huge > 1e399", true),
        ("data.total in [1, 1250.5]", true),
        ("data.missing > 1", false),
        ("data.missing < 1", false),
        ("data.name > 1", false),
        (
            "data.items[0] == {\"n\": 2.0, \"sku\": \"b\", \"price\": 2.5}",
            true,
        ),
        ("data.customer.tags == [\"x\", \"y\"]", true),
        ("data.customer.tags == [\"y\", \"x\"]", false),
    ] {
        let source = format!("{{{{ {condition} }}}}");
        assert_eq!(text(&source), expected.to_string(), "{condition}");
    }
    assert_eq!(
        text("{{ data.total * 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }}"),
        "2501.0 3 -4 2 3.5"
    );
}

#[test]
fn a_missing_field_prints_nothing_in_text_and_null_where_json_expects_a_value() {
    assert_eq!(
        text(
            "[{{ data.no.such.field }}][{{ data.no[3]['x'] }}][{{ data.nothing }}][{{ data.no ~ data.nothing }}]"
        ),
        "[][][][]"
    );
    assert_eq!(
        json(r#"{"a":"{{ data.no.such }}{{ data.nothing }}","b":{{ data.no }},"c":{{ data.nothing }}}"#),
        r#"{"a":"","b":null,"c":null}"#
    );
    assert_eq!(
        text("{{ data.no | default('x') }} {{ data.nothing | d('y') }} {{ data.empty | d('z', true) }}"),
        "x y z"
    );
    assert_eq!(
        text("{% for item in data.no %}x{% else %}none{% endfor %}{{ data.no | length }}"),
        "none0"
    );
}

#[test]
fn json_is_escaped_for_the_place_where_a_value_is_printed() {
    assert_eq!(
        json(
            r#"{"text":"Hello {{ data.name }}","name":{{ data.name }},"{{ data.customer.name }}":{{ data.ok }}}"#
        ),
        r#"{"text":"Hello Ada \"A\" <b>\né","name":"Ada \"A\" <b>\né","Ada":true}"#
    );
    assert_eq!(
        json(r#"{"s":"{{ data.customer }}","v":{{ data.customer }},"t":{{ data.customer | tojson }}}"#),
        r#"{"s":"{\"name\":\"Ada\",\"tags\":[\"x\",\"y\"]}","v":{"name":"Ada","tags":["x","y"]},"t":{"name":"Ada","tags":["x","y"]}}"#
    );
    assert_eq!(
        json(r#"{"a\"{{ data.customer.name }}\\":1}"#),
        r#"{"a\"Ada\\":1}"#
    );
    assert_eq!(
        json(r#"[{{ ["x", data.total, {"k": none}] }}, {{ (data.total|tojson)|tojson }}]"#),
        r#"[["x",1250.50,{"k":null}], "1250.50"]"#
    );
}

#[test]
fn objects_are_printed_in_the_order_of_the_text_and_the_last_duplicate_counts() {
    assert_eq!(text("{{ data.twice }}"), "2");
    let template =
        Template::compile("{{ data }} {{ data|length }} {{ data.b }}", TemplateKind::Text).unwrap();
    let data = r#" { "z" : [ 1.0 , "\u00e9\ud800" ] , "a" : {"b":1,"b":2} , "\u007a": {} , "b" : [] } "#;
    assert_eq!(
        template.render(&event(data)).unwrap(),
        r#"{"a":{"b":2},"z":{},"b":[]} 3 []"#
    );
    let many: Vec<String> = (0..30).map(|at| format!("\"m{}\":{at}", at % 20)).collect();
    let many = format!("{{{}}}", many.join(","));
    let template = Template::compile(
        "{{ data.m3 }} {{ data.m15 }} {{ data | length }}",
        TemplateKind::Text,
    )
    .unwrap();
    assert_eq!(template.render(&event(&many)).unwrap(), "23 15 20");
}

#[test]
fn variables_follow_jinjas_scopes() {
    assert_eq!(
        text(
            "{% set a = 1 %}{% for i in [1, 2] %}{{ a }}{% if i == 1 %}{% set a = 5 %}{% endif %}{{ a }} {% endfor %}{{ a }}"
        ),
        "15 11 1"
    );
    assert_eq!(
        text("{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}"),
        "211"
    );
    assert_eq!(text("{% if true %}{% set a = 1 %}{% endif %}{{ a }}"), "1");
    assert_eq!(
        text("{% with a = 1 if data.no else 2, b = [3, 4] %}{{ a }}{{ b[1] }}{% endwith %}"),
        "24"
    );
    assert_eq!(
        text("{% for a in [1, 2, 3] if a > 1 and a < 3 %}{{ a }}{{ loop.length }}{% endfor %}"),
        "21"
    );
    assert_eq!(
        text(
            "{% for a in [1, 2] %}{% for b in 'x y' | split %}{{ loop.index }}{{ a }}{{ b }}{{ ',' if not loop.last }}{% endfor %};{% endfor %}"
        ),
        "11x,21y;12x,22y;"
    );
    assert_eq!(
        text("{% for name, value in data.customer.items() %}{{ name }}={{ value }} {% endfor %}"),
        "name=Ada tags=[\"x\",\"y\"] "
    );
}

#[test]
fn a_header_is_one_line_whatever_the_data_holds() {
    let template = Template::compile("\n a {{ data.v }}\tb \n", TemplateKind::HeaderValue).unwrap();
    let data = r#"{"v":"x\r\nSet-Cookie: a\u0000\u0085\u007f\u2603"}"#;
    assert_eq!(
        template.render(&event(data)).unwrap(),
        "a x  Set-Cookie: a   \u{2603} b"
    );
    let long = format!("{{\"v\":\"{}\"}}", "x".repeat(HEADER_BYTES_MAX));
    let stop = template.render(&event(&long)).unwrap_err();
    assert_eq!((stop.line, &*stop.reason), (2, "the output is longer than 1 KiB"));
}

#[test]
fn output_that_is_not_json_is_refused_with_the_line_that_printed_it() {
    for (source, line, reason) in [
        (
            "{\n\"a\": {{ data.total }}\n{{ data.ok }}}",
            3,
            "expected `,` or `}`",
        ),
        ("{\n\n \"a\":\n x}", 4, "expected a value"),
        ("{# nothing #}", 1, "the output is empty"),
        (
            "[{% for i in [1,2] %}\n{{ i }}{% endfor %}]",
            2,
            "expected `,` or `]`",
        ),
        (
            "[{% for a in data.items %}{% for b in data.items %}\n\n{{ a }}{% endfor %}{% endfor %}",
            3,
            "expected `,` or `]`",
        ),
        ("[\"\\{{ data.name }}\"]", 1, "a backslash stands before the tag"),
    ] {
        let stop = Template::compile(source, TemplateKind::Json)
            .unwrap()
            .render(&event(DATA))
            .unwrap_err();
        assert!(
            stop.line == line && stop.reason.contains(reason),
            "{source:?}: {stop:?}"
        );
    }
}

#[test]
fn output_that_is_too_long_is_refused_with_the_line_that_printed_it() {
    let source = format!(
        "{{% for a in data %}}\n{{% for b in data %}}\n{{{{ b }}}}\n{}{{% endfor %}}{{% endfor %}}",
        "x".repeat(1024)
    );
    let data = format!("[{}0]", "0,".repeat(99));
    let template = Template::compile(&source, TemplateKind::Text).unwrap();
    let stop = template.render(&event(&data)).unwrap_err();
    assert_eq!(
        (stop.line, &*stop.reason),
        (3, "the output is longer than 256 KiB")
    );
}

#[test]
fn operations_that_the_values_do_not_have_are_refused_with_their_line() {
    for (source, reason) in [
        (
            "\n{{ data.name - 2 }}",
            "tried to use - operator on unsupported types string and number",
        ),
        (
            "\n{{ data.no + 1 }}",
            "tried to use + operator on unsupported types undefined and number",
        ),
        ("\n{{ data.items + data.items }}", "tried to use + operator"),
        ("\n{{ data.items * 2 }}", "tried to use * operator"),
        ("\n{{ -data.customer }}", "invalid operation"),
        (
            "\n{{ 1 / (data.total - data.total) }}",
            "unable to calculate 1 / 0.0",
        ),
        ("\n{{ data.id * data.id * data.id }}", "unable to calculate"),
        ("\n{{ data.huge + 1 }}", "tried to use + operator"),
        ("\n{{ data.total * 1e308 * 10 }}", "the result is too large"),
        (
            "\n{% for x in data.total %}{% endfor %}",
            "number is not iterable",
        ),
        (
            "\n{% for a, b in data.items %}{% endfor %}",
            "sequence of wrong length",
        ),
        (
            "\n{{ data.name | truncate(2) }}",
            "`length` of `truncate` is shorter than its `end`",
        ),
        (
            "\n{{ data.name | truncate(-1) }}",
            "`length` of `truncate` has to be an integer",
        ),
        (
            "\n{{ data.customer.tags | sum }}",
            "`sum` needs numbers, not text",
        ),
    ] {
        let stop = Template::compile(source, TemplateKind::Text)
            .unwrap()
            .render(&event(DATA))
            .unwrap_err();
        assert!(
            stop.line == 2 && stop.reason.contains(reason),
            "{source:?}: {stop:?}"
        );
    }
}

#[test]
fn a_limit_cuts_each_string_and_leaves_the_json_whole() {
    for (characters, expected) in [
        (1, r#"{"…":"…","b":["…"],"c":12}"#),
        (4, r#"{"a":"Ada…","b":["Ada…"],"c":12}"#),
        (5, r#"{"a":"Ada …","b":["Ada …"],"c":12}"#),
        (
            20,
            r#"{"a":"Ada \"A\" <b>\né \n\u00e9","b":["Ada \"A\" <b>\né"],"c":12}"#,
        ),
    ] {
        let source = format!(
            r#"{{% limit {characters} %}}{{"a":"{{{{ data.name }}}} \n\u00e9","b":{{{{ [data.name] }}}},"c":12}}{{% endlimit %}}"#
        );
        let expected = match characters {
            1 => r#"{"a":"…","b":["…"],"c":12}"#,
            _ => expected,
        };
        assert_eq!(json(&source), expected);
    }
    assert_eq!(
        text("{% limit 3 %}a{{ data.customer.name }}b{% endlimit %}c"),
        "aA…c"
    );
    assert_eq!(json(r#"{% limit 9 %}["\{% endlimit %}"]"]"#), r#"["\"]"]"#);
}

#[test]
fn white_space_control_comments_and_raw_blocks_are_jinjas() {
    assert_eq!(
        text("a  {{- 1 -}}  b {#- c -#} d\n{%- if true %} e {% endif -%}\n f\n"),
        "a1bd e f"
    );
    assert_eq!(
        text("{% raw %}{{ x }}{% if %}{# {% endraw %}{{ '{{' }}"),
        "{{ x }}{% if %}{# {{"
    );
    assert_eq!(text("{{ {'a': {'b': 1}}.a.b }}{{ '}}' }}"), "1}}");
}

proptest! {
    /// In a raw block, no text is a tag, but for the end of the block.
    #[test]
    fn text_that_looks_like_tags_is_printed_as_it_is(
        parts in proptest::collection::vec(prop_oneof![
            Just("{"), Just("%"), Just("#"), Just("}"), Just("-"), Just("+"), Just(" "), Just("\n"), Just("é"),
            Just("{%+endraw%}"), Just("{%+ endraw +%}"), Just("{{ nope }}"), Just("{% nope %}"), Just("{% raw %}"),
        ], 0..12),
        after in prop_oneof![Just(""), Just("{{ 'x' }}"), Just("{{- 'x' }}"), Just("{"), Just("{# #}%")],
    ) {
        let raw = parts.concat();
        let printed = match after {
            "{{ 'x' }}" => format!("{raw}x"),
            "{{- 'x' }}" => format!("{raw}x"),
            "{# #}%" => format!("{raw}%"),
            other => format!("{raw}{other}"),
        };
        let source = format!("{{% raw %}}{raw}{{% endraw %}}{after}");
        prop_assert_eq!(text(&source), printed);
    }
}
