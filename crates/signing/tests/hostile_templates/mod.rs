//! The table of attacks.

use super::{Case, DATA_BYTES};

/// Repeats a text up to the size of the largest data.
fn filled(before: &str, part: &str, after: &str) -> String {
    let count = (DATA_BYTES - before.len() - after.len()) / part.len();
    format!("{before}{}{after}", part.repeat(count))
}

/// A list of 1,000 numbers, for loops.
fn numbers() -> String {
    format!("[{}0]", "0,".repeat(999))
}

/// Attacks with large data alone, on a template that does something usual.
fn data() -> Vec<Case> {
    let names: Vec<String> = (0..DATA_BYTES / 12).map(|at| format!("\"{at:06}\":1")).collect();
    let distinct = format!("{{{}}}", names.join(","));
    vec![
        ("numbers", "{{ data | length }}".into(), filled("[", "0,", "0]")),
        (
            "empty lists",
            "{{ data | length }}".into(),
            filled("[", "[],", "0]"),
        ),
        (
            "duplicate names",
            "{% for a in data %}{{ a }}{% endfor %}".into(),
            filled("{", "\"a\":1,", "\"a\":1}"),
        ),
        (
            "distinct names",
            "{{ data.x }}{{ data | length }}".into(),
            distinct,
        ),
        (
            "deep lists",
            "{{ data }}{{ data == data }}".into(),
            "[".repeat(500) + &"]".repeat(500),
        ),
        (
            "many objects",
            "{{ data | map(attribute='a') | join }}".into(),
            filled("[", "{\"a\":1},", "0]"),
        ),
        ("escapes", "{{ data }}".into(), filled("[", "\"\\u00e9\",", "0]")),
        (
            "a long text",
            "{{ data | upper }}".into(),
            filled("\"", "ŉ", "\""),
        ),
        ("a long number", "{{ data + 1 }}".into(), filled("1", "0", "")),
        (
            "long escaped names",
            "{{ data }}".into(),
            filled("{", &format!("\"\\u0061{}\":1,", "a".repeat(1_000)), "\"b\":1}"),
        ),
    ]
}

/// Attacks by templates that let something grow.
fn growth() -> Vec<Case> {
    let doubling = |statement: &str, end: &str| {
        format!(
            "{{% set x = data %}}{}{end}",
            statement.repeat((16_384 - 100) / statement.len())
        )
    };
    let text = filled("\"", "a", "\"");
    let small = "\"aaaaaaaa\"".to_owned();
    vec![
        ("double with ~", doubling("{%set x=x~x%}", "{{ x }}"), small.clone()),
        ("double with +", doubling("{%set x=x+x%}", "{{ x }}"), small.clone()),
        ("double with ~ of a long text", doubling("{%set x=x~x~x~x%}", ""), text.clone()),
        ("double with join", doubling("{%set x=[x,x]|join(x)%}", ""), small.clone()),
        ("double with replace", doubling("{%set x=x|replace('a',x)%}", ""), small.clone()),
        ("replace nothing", "{{ data|replace('',data) }}".into(), text.clone()),
        ("double a list", doubling("{%set x=[x,x]%}", "{{ x }}"), small.clone()),
        ("print a doubled list", "{% set x = [[data,data],[data,data]] %}{% set x = [[x,x],[x,x]] %}{% set x = [[x,x],[x,x]] %}{% set x = [[x,x],[x,x]] %}{% set x = [[x,x],[x,x]] %}{{ x|string|length }}".into(), small.clone()),
        ("compare doubled lists", "{% set x = data %}".to_owned() + &"{% set x = [x,x] %}".repeat(19) + "{{ x == [x[0], x[1]] }}", small.clone()),
        ("tojson of tojson", "{{ data".to_owned() + &"|tojson".repeat(90) + "|length }}", filled("\"", "\\\\", "\"")),
        ("a map of maps", doubling("{%set x={1:x,2:x}%}", "{{ x }}"), small.clone()),
        ("multiply a text", "{{ 'a' * 1000000000 }}{{ [1] * 1000000000 }}".into(), small.clone()),
        ("powers", "{{ 10 ** 10 ** 10 }}".into(), small.clone()),
        ("squares", doubling("{%set x=x*x%}", "{{ x }}"), "1.5".into()),
        ("many digits", "{{ 1.5|number(15, data, data) }}{{ 1e100|number(2, data) }}".into(), text.clone()),
        ("split", "{{ data|split('a')|length }}".into(), text.clone()),
        ("items of a text", "{{ data|join(', ') }}".into(), text.clone()),
        ("range", "{% for i in range(1000000000) %}{% endfor %}".into(), small.clone()),
        ("namespace", "{% set n = namespace(a=1) %}".into(), small.clone()),
        ("captures", "{% set x %}{{ data }}{% endset %}".into(), small),
    ]
}

/// Attacks by templates that do much work for little output.
fn work() -> Vec<Case> {
    let loops = |depth: usize, body: &str| {
        "{% for i in data.n %}".repeat(depth) + body + &"{% endfor %}".repeat(depth)
    };
    let with = |field: &str| format!("{{\"n\":{},\"x\":{field}}}", numbers());
    let text = with(&filled("\"", "ab", "\""));
    let names: Vec<String> = (0..80_000).map(|at| format!("\"{at:06}\":1")).collect();
    let object = with(&format!("{{{}}}", names.join(",")));
    let texts: Vec<String> = (0..1_000)
        .map(|at| format!("\"{}{at}\"", "a".repeat(1_000)))
        .collect();
    let texts = with(&format!("[{}]", texts.join(",")));
    vec![
        ("empty loops", loops(4, ""), with("1")),
        (
            "loops with a condition",
            loops(2, "{% for i in data.n if i %}{% endfor %}"),
            with("1"),
        ),
        (
            "the last member",
            loops(2, "{% if data.x['079999'] == 2 %}{% endif %}"),
            object.clone(),
        ),
        (
            "names of a long name's length",
            loops(2, "{{ data[data.k] }}"),
            format!(
                "{{\"n\":{},\"{}b\":1,\"k\":\"{}\"}}",
                numbers(),
                "a".repeat(400_000),
                "a".repeat(400_001)
            ),
        ),
        (
            "escaped long names",
            loops(2, "{{ data.k.y }}"),
            format!(
                "{{\"n\":{},\"k\":{{\"\\u0061{}\":1}}}}",
                numbers(),
                "a".repeat(900_000)
            ),
        ),
        (
            "the last element",
            loops(2, "{% if data.x[-1] == '' %}{% endif %}"),
            texts.clone(),
        ),
        (
            "loops over an object",
            loops(2, "{% for a in data.x %}{% endfor %}"),
            object,
        ),
        (
            "hidden members",
            loops(2, "{% for a in data.x %}{% endfor %}"),
            with(&filled("{", "\"a\":1,", "\"a\":1}")),
        ),
        (
            "search",
            loops(2, "{% if 'abc' in data.x %}{% endif %}"),
            text.clone(),
        ),
        (
            "search a list",
            loops(2, "{% if 'abc' in data.x %}{% endif %}"),
            texts.clone(),
        ),
        (
            "slices",
            loops(2, "{% if data.x[5:9] == '' %}{% endif %}"),
            text.clone(),
        ),
        (
            "characters",
            loops(2, "{% if data.x[-5] == '' %}{% endif %}"),
            text.clone(),
        ),
        (
            "length",
            loops(2, "{% if data.x|length == 3 %}{% endif %}"),
            text.clone(),
        ),
        (
            "trim",
            loops(2, "{% if data.x|trim(data.x) %}{% endif %}"),
            text.clone(),
        ),
        (
            "trim characters",
            loops(1, "{% if data.x|trim('zyxwvutsrqponmlkjihgfedcba') %}{% endif %}"),
            text.clone(),
        ),
        (
            "wordcount",
            loops(2, "{% if data.x|wordcount == 3 %}{% endif %}"),
            text.clone(),
        ),
        (
            "dates",
            loops(2, "{% if data.x|date == 3 %}{% endif %}"),
            with(&filled("\"2026-01-31T09:30:00.", "1", "\"")),
        ),
        (
            "date formats",
            loops(
                2,
                &format!(
                    "{{% if event.timestamp|date('{}') == '' %}}{{% endif %}}",
                    "%B".repeat(4_000)
                ),
            ),
            with("1"),
        ),
        (
            "truncated output",
            format!("{{% limit 1 %}}{}{{% endlimit %}}", loops(2, "{{ data.x }}")),
            text.clone(),
        ),
        (
            "truncated lists",
            format!("{{% limit 1 %}}{}{{% endlimit %}}", loops(2, "{{ data }}")),
            text,
        ),
        (
            "sort",
            loops(2, "{% if data.x|sort|first == '' %}{% endif %}"),
            texts.clone(),
        ),
        (
            "unique",
            loops(2, "{% if data.x|unique|first == '' %}{% endif %}"),
            texts.clone(),
        ),
        (
            "max",
            loops(2, "{% if data.x|max == '' %}{% endif %}"),
            texts.clone(),
        ),
        (
            "compare lists",
            loops(2, "{% if data.x == data.x|reverse %}{% endif %}"),
            texts,
        ),
        (
            "long numbers",
            loops(2, "{% if data.x == 1 or data.x is odd or data.x %}{% endif %}"),
            with(&filled("0.", "0", "")),
        ),
        (
            "a variable with a long number",
            "{% set x = data.x %}".to_owned() + &loops(2, "{% if x %}{% endif %}"),
            with(&filled("0.", "0", "")),
        ),
        ("sums", loops(2, "{% if data.n|sum == 1 %}{% endif %}"), with("1")),
        (
            "large maps",
            loops(
                2,
                &format!(
                    "{{% if {{{}}}[data.x] == 2 %}}{{% endif %}}",
                    "true:1,".repeat(2_000)
                ),
            ),
            with("false"),
        ),
        (
            "urlencode",
            loops(2, "{% if data.x|urlencode == '' %}{% endif %}"),
            with(&filled("\"", "é", "\"")),
        ),
    ]
}

/// Attacks on the compiler.
fn sources() -> Vec<Case> {
    let full = |before: &str, part: &str, after: &str| {
        format!(
            "{before}{}{after}",
            part.repeat((16_384 - before.len() - after.len()) / part.len())
        )
    };
    vec![
        (
            "many variables",
            (0..1_100).map(|at| format!("{{%set a{at}=1%}}")).collect(),
            "1".into(),
        ),
        ("open raw", full("{%raw%}", "{%", ""), "1".into()),
        (
            "open raw with quotes",
            full("{%raw%}", "{%endraw'", ""),
            "1".into(),
        ),
        ("open tags", full("", "{{", ""), "1".into()),
        ("open braces", full("{{", "{", ""), "1".into()),
        ("lines", full("{{", "\n", "1}}"), "1".into()),
        ("values on lines", full("{{[", "1,\n", "1]}}"), "1".into()),
        ("many prints", full("", "{{1}}", ""), "1".into()),
        ("many arguments", full("{{1|d(", "1,", "1)}}"), "1".into()),
        ("one text of many", full("{{", "''", "}}"), "1".into()),
    ]
}

pub fn cases() -> Vec<Case> {
    [data(), growth(), work(), sources()].concat()
}
