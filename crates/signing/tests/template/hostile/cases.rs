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

/// Attacks by templates that do much work for little output: what two nested loops repeat, and with which
/// `data.x`.
const WORK: [(&str, &str, &str); 26] = [
    (
        "loops with a condition",
        "{% for i in data.n if i %}{% endfor %}",
        "1",
    ),
    (
        "empty loops",
        "{% for i in data.n %}{% for i in data.n %}{% endfor %}{% endfor %}",
        "1",
    ),
    (
        "the last member",
        "{% if data.x['079999'] == 2 %}{% endif %}",
        "object",
    ),
    (
        "loops over an object",
        "{% for a in data.x %}{% endfor %}",
        "object",
    ),
    (
        "hidden members",
        "{% for a in data.x %}{% endfor %}",
        "duplicates",
    ),
    ("a long name", "{{ data.x[data.x.k] }}", "long names"),
    ("escaped long names", "{{ data.x.y }}", "long names"),
    (
        "the last element",
        "{% if data.x[-1] == '' %}{% endif %}",
        "texts",
    ),
    ("search", "{% if 'abc' in data.x %}{% endif %}", "text"),
    ("search a list", "{% if 'abc' in data.x %}{% endif %}", "texts"),
    ("slices", "{% if data.x[5:9] == '' %}{% endif %}", "text"),
    ("characters", "{% if data.x[-5] == '' %}{% endif %}", "text"),
    ("length", "{% if data.x|length == 3 %}{% endif %}", "text"),
    ("trim", "{% if data.x|trim(data.x) %}{% endif %}", "text"),
    (
        "trim characters",
        "{% if data.x|trim('zyxwvutsrqponmlkjihgfedcba') %}{% endif %}",
        "text",
    ),
    ("wordcount", "{% if data.x|wordcount == 3 %}{% endif %}", "text"),
    ("title", "{% if data.x|title == 3 %}{% endif %}", "text"),
    ("dates", "{% if data.x|date == 3 %}{% endif %}", "date"),
    (
        "truncated output",
        "{% limit 1 %}{{ data.x }}{% endlimit %}",
        "text",
    ),
    ("truncated lists", "{% limit 1 %}{{ data }}{% endlimit %}", "text"),
    ("sort", "{% if data.x|sort|first == '' %}{% endif %}", "texts"),
    ("unique", "{% if data.x|unique|first == '' %}{% endif %}", "texts"),
    (
        "compare lists",
        "{% if data.x == data.x|reverse %}{% endif %}",
        "texts",
    ),
    (
        "long numbers",
        "{% if data.x == 1 or data.x is odd or data.x %}{% endif %}",
        "zeros",
    ),
    (
        "a variable with a long number",
        "{% set x = data.x %}{% for i in data.n %}{{ x or '' }}{% endfor %}",
        "zeros",
    ),
    (
        "sums",
        "{% if data.n|sum == 1 or data.n|max == 2 %}{% endif %}",
        "1",
    ),
];

fn work() -> Vec<Case> {
    let field = |name: &str| match name {
        "text" => filled("\"", "ab", "\""),
        "texts" => {
            let texts: Vec<String> = (0..1_000)
                .map(|at| format!("\"{}{at}\"", "a".repeat(1_000)))
                .collect();
            format!("[{}]", texts.join(","))
        }
        "object" => {
            let names: Vec<String> = (0..80_000).map(|at| format!("\"{at:06}\":1")).collect();
            format!("{{{}}}", names.join(","))
        }
        "duplicates" => filled("{", "\"a\":1,", "\"a\":1}"),
        "long names" => {
            let long = "a".repeat(300_000);
            format!("{{\"\\u0061{long}\":1,\"{long}bc\":1,\"k\":\"{long}aa\"}}")
        }
        "date" => filled("\"2026-01-31T09:30:00.", "1", "\""),
        "zeros" => filled("0.", "0", ""),
        other => other.to_owned(),
    };
    let repeated = |body: &str| {
        format!(
            "{}{body}{}",
            "{% for i in data.n %}".repeat(2),
            "{% endfor %}".repeat(2)
        )
    };
    let mut cases: Vec<Case> = WORK
        .into_iter()
        .map(|(name, body, x)| {
            let data = format!("{{\"n\":{},\"x\":{}}}", numbers(), field(x));
            (name, repeated(body), data)
        })
        .collect();
    for (name, body) in [
        (
            "date formats",
            format!(
                "{{% if event.timestamp|date('{}') == '' %}}{{% endif %}}",
                "%B".repeat(4_000)
            ),
        ),
        (
            "large maps",
            format!(
                "{{% if {{{}}}[data.x] == 2 %}}{{% endif %}}",
                "true:1,".repeat(2_000)
            ),
        ),
        (
            "urlencode",
            "{% if data.x|urlencode == '' %}{% endif %}".to_owned(),
        ),
    ] {
        let data = format!("{{\"n\":{},\"x\":{}}}", numbers(), filled("\"", "é", "\""));
        cases.push((name, repeated(&body), data));
    }
    cases
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

/// Attacks with a statement that is repeated up to the size of the largest template: what stands before it,
/// the statement, what stands after it, and the data.
const REPEATED: [(&str, &str, &str, &str, &str); 12] = [
    (
        "add empty lists",
        "{% set x = [] %}",
        "{% set x = x + x %}",
        "{{ x }}",
        "1",
    ),
    (
        "multiply an empty list",
        "{% set x = [] * 2 %}",
        "{% set x = x + x %}",
        "",
        "1",
    ),
    (
        "add lists of the data",
        "{% set x = data %}",
        "{% set x = x + x %}",
        "{{ x|length }}",
        "[]",
    ),
    (
        "slice a slice",
        "{% set x = data %}",
        "{% set x = x[1:] %}",
        "{{ x[-1] }}",
        "list",
    ),
    (
        "slice something missing",
        "{% set x = data.no[:] %}",
        "{% set x = x + x %}",
        "",
        "1",
    ),
    ("many negations", "{{ ", "- -", "1}}", "1"),
    ("many blocks", "", "{% limit 1 %}", "", "1"),
    ("many raw blocks", "", "{% raw %}{{%{% endraw %}", "", "1"),
    (
        "tags in text",
        "{% raw %}",
        "{%+endraw%}{{loop()}}",
        "{% endraw %}",
        "1",
    ),
    ("many texts in a row", "{{ 1", " ~'a'", " }}", "1"),
    ("many comparisons", "{{ 1 ", "in [1] ", " }}", "1"),
    (
        "many branches",
        "{% if data %}",
        "{% elif data %}",
        "{% endif %}",
        "1",
    ),
];

/// Attacks with what two nested loops repeat on two long texts, `s` and `t`, that differ at their end.
const LONG_TEXTS: [(&str, &str); 5] = [
    ("compare long texts", "{{ '' if s == t }}"),
    ("order long texts", "{% if s < t < s < t %}{% endif %}"),
    ("find long texts", "{% if s in [t, t, t, t, s] %}{% endif %}"),
    ("go through a long text", "{% for c in s %}{% endfor %}"),
    ("sort long texts", "{% set x = [s, t, s, t]|sort %}"),
];

/// Attacks on what `minijinja` does not count by itself.
fn library() -> Vec<Case> {
    let mut cases: Vec<Case> = REPEATED
        .into_iter()
        .map(|(name, before, statement, after, data)| {
            let count = (16_384 - before.len() - after.len()) / statement.len();
            let source = format!("{before}{}{after}", statement.repeat(count));
            let data = if data == "list" { numbers() } else { data.into() };
            (name, source, data)
        })
        .collect();
    let long = "a".repeat(DATA_BYTES / 2 - 8_000);
    let long_texts = format!("{{\"n\":{},\"s\":\"{long}b\",\"t\":\"{long}c\"}}", numbers());
    for (name, body) in LONG_TEXTS {
        let source = format!(
            "{{% set s = data.s %}}{{% set t = data.t %}}{}{body}{}",
            "{% for i in data.n %}".repeat(2),
            "{% endfor %}".repeat(2)
        );
        cases.push((name, source, long_texts.clone()));
    }
    let list = filled("[", "1,", "1]");
    cases.extend([
        (
            "multiply lists",
            "{{ data * 100000000 == data * 100000000 }}".into(),
            numbers(),
        ),
        (
            "unpack a long list",
            "{% for a, b in [data] %}{% endfor %}".into(),
            list.clone(),
        ),
        (
            "a condition for each of many elements",
            "{% for a in data if a %}{% endfor %}".into(),
            list,
        ),
        (
            "join lists",
            "{% for i in data %}{% set y = data ~ data %}{% endfor %}".into(),
            numbers(),
        ),
    ]);
    cases
}

pub fn cases() -> Vec<Case> {
    [data(), growth(), work(), sources(), library()].concat()
}
