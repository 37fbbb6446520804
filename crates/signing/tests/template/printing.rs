//! What templates print, and what is said of those that do not.

use postrider_signing::template::{HEADER_BYTES_MAX, Template, TemplateKind};
use proptest::prelude::*;

use crate::{DATA, event, json, text};

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
fn the_json_text_of_tojson_is_text_to_comparisons_slices_and_filters() {
    for (source, expected) in [
        (r#"data.customer.tags | tojson | length"#, "9"),
        (r#"data.customer.tags | tojson == '["x","y"]'"#, "true"),
        (r#"'["x","y"]' != data.customer.tags | tojson"#, "false"),
        (r#"data.ok | tojson == data.ok | tojson"#, "true"),
        (r#"[data.ok | tojson] == ['true']"#, "true"),
        (r#"data.ok | tojson in ['false', 'true']"#, "true"),
        (r#"'"x"' in data.customer.tags | tojson"#, "true"),
        (r#"data.ok | tojson > 'trud'"#, "true"),
        (
            r#"(data.customer.tags | tojson)[:4] ~ (data.customer.tags | tojson)[-1]"#,
            "[\"x\"]",
        ),
        (
            r#"data.customer.tags | tojson | replace('"', '') | upper"#,
            "[X,Y]",
        ),
        (r#"data.customer.tags | tojson | first"#, "["),
        (
            r#"[data.ok | tojson, data.off | tojson] | sort | join(' ')"#,
            "false true",
        ),
        (r#"(data.ok | tojson) is string"#, "true"),
        (r#"{data.ok | tojson: 1}.true"#, "1"),
    ] {
        assert_eq!(text(&format!("{{{{ {source} }}}}")), expected, "{source}");
    }
    assert_eq!(
        json(r#"[{{ data.ok | tojson | default("x") }},{{ data.ok | tojson | string }}]"#),
        r#"[true,"true"]"#
    );
}

#[test]
fn an_object_of_a_template_keeps_the_last_of_equal_names() {
    assert_eq!(
        text(r#"{{ {"a": 1, "b": 2, "a": 3} }} {{ {"a": 1, "a": 2} | length }} {{ {"a": 1, "a": 2}.a }}"#),
        r#"{"b":2,"a":3} 1 2"#
    );
    assert_eq!(
        json(r#"{{ {data.ok | tojson: 1, "true": {"x": 1, 'x': [2]}} }}"#),
        r#"{"true":{"x":[2]}}"#
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
fn the_event_has_its_id_type_time_account_and_data() {
    assert_eq!(
        text("{{ event.id }} {{ event.type }} {{ event.timestamp }} {{ event.account }} {{ event.data.ok }}"),
        "evt_1 proposal.accepted 2026-01-31T09:30:00.000Z acc_1 true"
    );
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

/// What is refused on the last line of the template, and why.
const REFUSED: &[(&str, &str)] = &[
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
    ("\n{{ data.total * 1e308 < 1 }}", "the result is too large"),
    ("\n{{ data.total * 1e308 in [0] }}", "the result is too large"),
    (
        "\n{{ (data.total * 1e308) | number(2) }}",
        "the result is too large",
    ),
    ("\n{{ (data.total * 1e308) | string }}", "the result is too large"),
    ("\n{{ [data.total * 1e308] | sort }}", "the result is too large"),
    (
        "\n{{ [data.total * 1e308] | tojson | length }}",
        "the result is too large",
    ),
    ("{# a\nb #}\n{{ data.name - 2 }}", "tried to use - operator"),
    (
        "{% set a = 1 -%}\n\n{{ data.name - 2 }}",
        "tried to use - operator",
    ),
    (
        "{% set a = 1 -%}\n{# b\n -#}\n c\n {{- data.name - 2 }}",
        "tried to use - operator",
    ),
    (
        "a{% raw %}\n{% endraw\n-%}\n b {{ data.name - 2 }}",
        "tried to use - operator",
    ),
];

#[test]
fn operations_that_the_values_do_not_have_are_refused_with_their_line() {
    for (source, reason) in REFUSED {
        let last_line = 1 + source.matches('\n').count();
        let stop = Template::compile(source, TemplateKind::Text)
            .unwrap()
            .render(&event(DATA))
            .unwrap_err();
        assert!(
            stop.line == last_line && stop.reason.contains(reason),
            "{source:?}: {stop:?}"
        );
    }
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
