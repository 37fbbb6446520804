//! The bounds of templates, their addresses, and what an editor asks about them.

use postrider_signing::template::{
    HEADER_BYTES_MAX, OUTPUT_BYTES_MAX, SOURCE_BYTES_MAX, Template, TemplateKind, fields,
};

use crate::{DATA, event, text};

#[test]
fn sources_and_outputs_are_bounded() {
    let longest = "x".repeat(SOURCE_BYTES_MAX);
    assert_eq!(text(&longest), longest);
    assert!(Template::compile(&format!("{longest}x"), TemplateKind::Text).is_err());
    assert!(Template::compile(&"x".repeat(HEADER_BYTES_MAX + 1), TemplateKind::HeaderValue).is_err());
    let source = format!("{{% for i in data.n %}}{}{{% endfor %}}", "x".repeat(1024));
    let template = Template::compile(&source, TemplateKind::Text).unwrap();
    let times = |count: usize| format!("{{\"n\":[{}]}}", vec!["0"; count].join(","));
    assert_eq!(
        template.render(&event(&times(256))).unwrap().len(),
        OUTPUT_BYTES_MAX
    );
    let stop = template.render(&event(&times(257))).unwrap_err();
    assert_eq!(stop.reason, "the output is longer than 256 KiB");
}

#[test]
fn the_fields_of_an_example_can_be_rendered() {
    let found = fields(DATA);
    let paths: Vec<&str> = found.iter().map(|field| &*field.path).collect();
    for path in [
        "data.id",
        "data[\"a b\"]",
        "data.größe",
        "data.customer.tags[0]",
        "data.items[0].sku",
    ] {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    for field in &found {
        assert_eq!(
            text(&format!("{{{{ {} }}}}", field.path)),
            field.sample,
            "{}",
            field.path
        );
    }
    assert!(fields("{").is_empty());
    let odd = r#"{"\"\\\n\u0001é ☃":"x"}"#;
    let [field] = &fields(odd)[..] else {
        panic!("one field");
    };
    let template = Template::compile(&format!("{{{{ {} }}}}", field.path), TemplateKind::Text).unwrap();
    assert_eq!(template.render(&event(odd)).unwrap(), "x");
}

#[test]
fn the_data_must_be_json() {
    let template = Template::compile("", TemplateKind::Text).unwrap();
    assert!(template.render(&event("{")).is_err());
    assert_eq!(
        Template::compile("{{ data }}", TemplateKind::Text)
            .unwrap()
            .render(&event(" \"x\" "))
            .unwrap(),
        "x"
    );
}

#[test]
fn what_a_template_builds_is_bounded_in_bytes_and_in_steps() {
    for (source, reason) in [
        (
            "{% set x = data ~ data ~ data ~ data ~ data %}",
            "too much memory",
        ),
        (
            "{% set x = data + data + data + data %}",
            "too much time or memory",
        ),
        ("{{ 'a' * 10000000 }}", "too much time or memory"),
        ("{% for i in data | split('a') %}{% endfor %}", "too much memory"),
        (
            "{% set l = data[:500] | split('a') %}{% for a in l %}{% for b in l %}{{ '' }}{% endfor %}{% endfor %}",
            "too much time or memory",
        ),
        (
            "{% for a in [1, 2, 3] %}{{ data | wordcount }}{% endfor %}",
            "too long",
        ),
    ] {
        let template = Template::compile(source, TemplateKind::Text).unwrap();
        let data = format!("\"{}\"", "a".repeat(1024 * 1024));
        let stop = template.render(&event(&data)).unwrap_err();
        assert!(stop.reason.contains(reason), "{source}: {stop}");
    }
}
