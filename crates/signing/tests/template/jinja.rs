//! Compares ordinary templates with Jinja2 of PyPI, which `./test` installs.
//!
//! What differs on purpose is in `docs/templates.md`: how true, false, null, lists and objects are printed,
//! and what missing fields do.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use postrider_signing::template::{Template, TemplateKind};

use crate::event;

const DATA: &str = r#"{
    "total": 1250.5, "count": 7, "negative": -3, "zero": 0, "name": "ada lovelace-byron (née b.)", "shout": "HELLO World",
    "padded": "  \n x y \t", "empty": "", "id": 8202522731445525542, "text": "The quick brown fox jumps over the lazy dog.",
    "number": "42.9", "url": "a b/c?d=é&f=~", "letters": ["b", "A", "c", "a"], "numbers": [3, 1, 2.5, 1],
    "customer": {"name": "Ada", "city": {"zip": "1010"}},
    "people": [{"name": "Bob", "age": 30}, {"name": "al", "age": 25}, {"name": "Cy", "age": 30}]
}"#;

const TEMPLATES: &[&str] = &[
    "Hello {{ data.customer.name }} of {{ data.customer.city.zip }}, {{ event.type }} {{ event.id }}",
    "{{ data['name'] }} {{ data.letters[0] }} {{ data.letters[-1] }} {{ data.people[1].name }} {{ data.people.2.age }}",
    "{{ data.total }} {{ data.id }} {{ data.count + 1 }} {{ data.count - 10 }} {{ data.count * data.total }}",
    "{{ data.count / 2 }} {{ data.count // 2 }} {{ -data.count // 2 }} {{ data.negative % 2 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 7.5 % -2 }}",
    "{{ 1 / 3 }} {{ 2 / 3 }} {{ 0.1 + 0.2 }} {{ 1e3 * 1 }} {{ 12345678901234567.0 * 10 }} {{ 0.00001 * 1 }} {{ 1.0 * 3 }}",
    "{{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ - 1 + 2 }} {{ 1 ~ (2 + 3) }} {{ (1 + 2) ~ 3 }} {{ 'a' ~ 1 ~ 'b' }} {{ 'a' + 'b' 'c' }}",
    "{{ 'y' if data.count > 6 else 'n' }}{{ 'y' if 1 < data.count <= 7 else 'n' }}{{ 'y' if data.count == 7.0 and not data.zero else 'n' }}",
    "{{ 'y' if 'a' in data.letters else 'n' }}{{ 'y' if 'z' not in data.letters else 'n' }}{{ 'y' if 'fox' in data.text else 'n' }}{{ 'y' if 'name' in data.customer else 'n' }}",
    "{{ 'y' if not data.empty or data.zero else 'n' }}{{ data.empty or 'x' }}{{ data.name and 'x' }}{{ 'a' if false else 'b' if false else 'c' }}[{{ 'a' if false }}]",
    "{{ 'y' if data.letters == ['b', 'A', 'c', 'a'] else 'n' }}{{ 'y' if data.customer != {'name': 'Ada'} else 'n' }}{{ 'y' if 'b' < 'a' else 'n' }}",
    "{% if data.count > 10 %}big{% elif data.count > 5 %}middle{% else %}small{% endif %}",
    "{% for p in data.people %}{{ loop.index }}/{{ loop.length }} {{ p.name }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for p in data.people %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ 'f' if loop.first else '' }}{% endfor %}",
    "{% for p in data.people if p.age == 30 %}{{ loop.index }}{{ p.name }}{{ loop.length }} {% else %}none{% endfor %}",
    "{% for p in data.people if p.age == 99 %}x{% else %}none{% endfor %}{% for x in [] %}{% else %}empty{% endfor %}",
    "{% for k, v in data.customer.items() %}{{ k }} {% endfor %}{% for k in data.customer %}{{ k }},{% endfor %}{% for k, v in data.customer|items %}{{ k }}{% endfor %}",
    "{% for a, b in [[1, 2], [3, 4]] %}{{ a }}{{ b }};{% endfor %}",
    "{% for a in data.numbers %}{% for b in data.letters %}{{ a }}{{ b }}{{ loop.index }} {% endfor %}{{ loop.index }}\n{% endfor %}",
    "{% set x = 1 %}{% for i in data.numbers %}{{ x }}{% set x = i %}{{ x }} {% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}{% with x = 3, y = x %}{{ x }}{{ y }}{% set x = 4 %}{{ x }}{% endwith %}{{ x }}",
    "{% for i in [1, 2, 3] %}{% if i == 2 %}{% set seen = i %}{% endif %}[{{ seen }}]{% endfor %}",
    "a\n  {%- if true %}\n  b\n  {% endif -%}\n  c  {#- note -#}  d\n\n",
    "{{- ' x ' -}}  y {% raw %}{{ not }} {% a %}{% endraw %} z",
    "  {%- for i in [1,2] -%}  {{ i }}  {%- endfor -%}  ",
    "{{ data.letters|join(', ') }} {{ data.numbers|join }} {{ data.people|join('-', attribute='name') }} {{ data.customer|join('+') }}",
    "{{ data.letters|sort|join }} {{ data.letters|sort(true)|join }} {{ data.letters|sort(case_sensitive=true)|join }} {{ data.numbers|sort|join(' ') }}",
    "{{ data.people|sort(attribute='age')|map(attribute='name')|join(' ') }} {{ data.people|sort(attribute='age', reverse=true)|map(attribute='name')|join(' ') }}",
    "{{ data.letters|unique|join }} {{ data.numbers|unique|join(' ') }} {{ data.letters|unique(true)|join }}",
    "{{ data.letters|first }} {{ data.letters|last }} {{ data.text|first }} {{ data.text|last }} {{ data.customer|first }}",
    "{{ data.letters|length }} {{ data.text|count }} {{ data.customer|length }} {{ data.text|wordcount }}",
    "{{ data.numbers|sum }} {{ data.people|sum(attribute='age') }} {{ data.people|sum('age', 5) }} {{ [1, 2]|sum }}",
    "{{ data.numbers|min }} {{ data.numbers|max }} {{ data.letters|min }} {{ data.letters|max }} {{ (data.people|max(attribute='age')).name }}",
    "{{ data.letters|reverse|join }} {{ data.text|reverse }}",
    "{{ data.text|truncate(20) }} {{ data.text|truncate(20, true) }} {{ data.text|truncate(40) }} {{ data.text|truncate(10, false, '…', 0) }} {{ data.text|truncate(43) }}",
    "{{ data.text|replace('o', '0') }} {{ data.text|replace('o', '0', 2) }} {{ 'ab'|replace('', '-') }} {{ 'aaa'|replace('aa', 'b') }}",
    "{{ data.missing|default('x') }} {{ data.empty|default('x') }} {{ data.empty|default('x', true) }} {{ data.missing|d(1) + 1 }} {{ data.a.b.c|default('deep') }}",
    "{{ data.total|round }} {{ 42.55|round(1) }} {{ 42.55|round(1, 'floor') }} {{ 42.51|round(1, 'ceil') }} {{ 2.5|round }} {{ 3.5|round }} {{ 7|round }} {{ 7|round(2, 'floor') }}",
    "{{ data.number|int }} {{ data.number|float }} {{ 'x'|int }} {{ 'x'|int(3) }} {{ 3.99|int }} {{ -3.99|int }} {{ 'x'|float(1.5) }} {{ '7'|int + 1 }} {{ 7|float }}",
    "{{ data.negative|abs }} {{ -1.5|abs }} {{ -1|abs }} {{ data.count|string ~ 'x' }}",
    "{{ data.url|urlencode }} {{ 'a/b c'|urlencode }}",
    "{{ data.name|upper }} {{ data.shout|lower }} {{ data.name|title }} {{ data.shout|capitalize }} [{{ data.padded|trim }}] {{ 'xxaxx'|trim('x') }}",
    "{{ 'y' if data.name is defined else 'n' }}{{ 'y' if data.no is defined else 'n' }}{{ 'y' if data.no is undefined else 'n' }}{{ 'y' if data.no is not defined else 'n' }}",
    "{{ 'y' if data.count is odd else 'n' }}{{ 'y' if data.count is even else 'n' }}{{ 'y' if data.count is divisibleby 7 else 'n' }}{{ 'y' if data.count is divisibleby(3) else 'n' }}",
    "{{ 'y' if data.count is number else 'n' }}{{ 'y' if data.name is string else 'n' }}{{ 'y' if data.customer is mapping else 'n' }}{{ 'y' if data.count is integer else 'n' }}{{ 'y' if data.total is integer else 'n' }}",
    "{{ 'y' if none is none else 'n' }}{{ 'y' if true is boolean else 'n' }}{{ 'y' if data.letters is sequence else 'n' }}",
    "{{ data.text[:3] }}|{{ data.text[-4:] }}|{{ data.text[4:9] }}|{{ data.letters[1:]|join }}|{{ data.letters[:-1]|join }}|{{ data.text[100:] }}|{{ data.text[9:4] }}|{{ data.text[0] }}",
    "{{ {'a': 1, 'b': 2}['b'] }} {{ {'a': {'b': 'x'}}.a.b }} {{ {data.name: 1}[data.name] }} {{ {1: 'one'}[1] }}",
    "{{ 'a\\n\\t\\\\\\'b' }} {{ \"it's\" }} {{ 'é' }} {{ '\\u00e9' }}",
    "{{ data.total|int // 100 * 100 }} {{ data.people[0].age + data.people[1].age }} {{ data.numbers|sort|first }}",
];

/// Texts for the filters of texts.
const TEXTS: &[&str] = &[
    "",
    "x",
    "two words",
    "UPPER lower",
    "ἈΧΙΛΛΕΎΣ ΟΔΟΣ",
    "straße",
    "éa-b c_d",
    "(in) [brackets] {and} <more>",
    "  padded  ",
    "a\nb\tc",
    "1st 2nd",
    "naïve café",
    "日本語 テキスト",
    "word—dash",
    "'quoted'",
];

const TEXT_FILTERS: &[&str] = &[
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "reverse",
    "length",
    "wordcount",
    "urlencode",
    "truncate(5)",
    "truncate(6, true, '', 0)",
    "replace('a', 'aa')",
    "first|default('-')",
    "last|default('-')",
    "join(',')",
    "int",
    "default('d', true)",
];

#[test]
fn ordinary_templates_print_what_jinja_prints() {
    let mut cases: Vec<(String, String)> = TEMPLATES
        .iter()
        .map(|&source| (source.into(), DATA.into()))
        .collect();
    for text in TEXTS {
        let data = serde_json::to_string(text).unwrap();
        cases.extend(
            TEXT_FILTERS
                .iter()
                .map(|filter| (format!("[{{{{ data|{filter} }}}}]"), data.clone())),
        );
    }
    let expected = jinja(&cases);
    let mut wrong = Vec::new();
    for ((source, data), expected) in cases.iter().zip(expected) {
        let template =
            Template::compile(source, TemplateKind::Text).unwrap_or_else(|fault| panic!("{source}: {fault}"));
        let output = template
            .render(&event(data))
            .unwrap_or_else(|stop| panic!("{source}: {stop}"));
        if output != expected {
            wrong.push(format!("{source}\n  ours  {output:?}\n  jinja {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Renders all cases in one process of Python.
fn jinja(cases: &[(String, String)]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = folder.join("../../tests/.cache/jinja/bin/python");
    let python = if installed.exists() {
        installed
    } else {
        "python3".into()
    };
    let mut child = Command::new(python)
        .arg(folder.join("tests/oracles/jinja.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_string(cases).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "Jinja2 is missing: ./test installs it");
    serde_json::from_slice(&output.stdout).unwrap()
}
