//! What is said of templates that do not compile.

use postrider_signing::template::{Template, TemplateKind};

#[test]
fn faults_name_their_line_and_column() {
    assert_faults(&[
        ("a\n  {{ customer.name }}", 2, 6, "`data.customer`"),
        ("{{ data.x | nope }}", 1, 13, "there is no filter `nope`"),
        ("{{ data.x | safe }}", 1, 13, "each value is escaped"),
        ("é{{ data.x", 1, 2, "`{{` is not closed"),
        ("{% if data.x %}", 1, 3, "`{% endif %}` is missing"),
        (
            "{% if data.x %}{% endfor %}",
            1,
            19,
            "`endfor` has no block to belong to",
        ),
        ("{% macro x() %}", 1, 4, "`macro` is not supported"),
        ("{% set x %}a{% endset %}", 1, 8, "the only form of `set`"),
        ("{% set data = 1 %}", 1, 8, "cannot be the name of a variable"),
        ("{{ range(3) }}", 1, 4, "there is no function `range`"),
        ("{{ data.x.upper() }}", 1, 11, "… | upper"),
        ("{{ data.x ** 2 }}", 1, 11, "the tag has to end here"),
        ("{{ data.x | truncate(1, size=2) }}", 1, 25, "no parameter `size`"),
        ("{{ data.x | replace('a') }}", 1, 24, "needs `new`"),
        ("{{ event.x }}", 1, 10, "`event.id`"),
        ("{{ }}", 1, 3, "a value is missing"),
        ("{{ 1 $ 2 }}", 1, 6, "`$` is not expected here"),
        ("{{ 'a }}", 1, 1, "`{{` is not closed"),
        ("{% for x in data.y recursive %}{% endfor %}", 1, 20, "recursive"),
        ("{% autoescape 'html' %}{% endautoescape %}", 1, 15, "\"slack\""),
        ("{{ (1, 2) }}", 1, 6, "the tag has to end here"),
        ("{{ () }}", 1, 5, "a value is expected here"),
        ("{% set x = 1, 2 %}", 1, 13, "the tag has to end here"),
        ("{% set x.y = 1 %}", 1, 8, "the only form of `set`"),
        ("{{ data.x | d(*data.y) }}", 1, 15, "the tag has to end here"),
        ("{{ [a=1] }}", 1, 5, "there is no variable `a`"),
        ("{{ {1} }}", 1, 6, "the tag has to end here"),
        ("{{ data.x | first.a }}", 1, 18, "the tag has to end here"),
        ("{{ data.x | first[0] }}", 1, 18, "the tag has to end here"),
        ("{{ data.x | default('a')[0] }}", 1, 25, "the tag has to end here"),
        ("{{ data.x is defined.a }}", 1, 21, "the tag has to end here"),
        ("{{ data.x[] }}", 1, 11, "an index is missing"),
        ("{{ data.x[1:2:3] }}", 1, 14, "the tag has to end here"),
        ("{{ ([1) }}", 1, 7, "the tag has to end here"),
        ("{{ __render }}", 1, 4, "there is no variable `__render`"),
        ("{% set __render = 1 %}", 1, 8, "cannot be the name of a variable"),
        ("{{ data.__list(1) }}", 1, 9, "there is no method `__list`"),
        ("{% limit 0 %}{% endlimit %}", 1, 10, "a number of characters"),
    ]);
}

#[test]
fn faults_of_loops_and_dates_name_their_line_and_column() {
    assert_faults(&[
        ("{{ data.x | date('%Q') }}", 1, 22, "knows no directive `%Q`"),
        ("{{ loop.index }}", 1, 4, "within `{% for %}` only"),
        (
            "{% for a in [1] %}{{ loop.cycle() }}{% endfor %}",
            1,
            27,
            "`loop` has",
        ),
        ("{% set l = loop %}", 1, 12, "within `{% for %}` only"),
        (
            "{% for a in data.b if loop.first %}{% endfor %}",
            1,
            23,
            "the condition of a `for` cannot use `loop`",
        ),
        (
            "{% for a in data.b %}{% for c in [loop.index] if c in [a, loop.index] %}{% endfor %}{% endfor %}",
            1,
            59,
            "the condition of a `for` cannot use `loop`",
        ),
        ("{{ data.x | date('%-j') }}", 1, 23, "knows no directive `%-j`"),
        ("{{ data.x | date('%-Y') }}", 1, 23, "knows no directive `%-Y`"),
        ("{{ data.x | date('%d %-') }}", 1, 25, "is not complete: `%-`"),
    ]);
}

/// Compiles each template, which has a fault on this line, at this character, with this in its message.
fn assert_faults(cases: &[(&str, usize, usize, &str)]) {
    let mut wrong = Vec::new();
    for &(source, line, column, message) in cases {
        let fault = Template::compile(source, TemplateKind::Text).unwrap_err();
        let is_right = (fault.line, fault.column) == (line, Some(column)) && fault.message.contains(message);
        if !is_right {
            wrong.push(format!("{source:?}: {fault:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
