//! Messages to chat systems, from one sentence.

use postrider_signing::template::{Preset, Template, TemplateKind};
use proptest::prelude::*;
use serde_json::Value;

use crate::event;

/// The most characters of a message that each system takes, and the most bytes of its request.
const LIMITS: [(Preset, usize, usize); 4] = [
    (Preset::Slack, 4_000, 64 * 1024),
    (Preset::MicrosoftTeams, 4_000, 28_000),
    (Preset::Discord, 2_000, 64 * 1024),
    (Preset::GoogleChat, 4_000, 32_000),
];

fn sent(preset: Preset, sentence: &str, data: &str) -> Value {
    let template = Template::compile(&preset.template(sentence), TemplateKind::Json).unwrap();
    serde_json::from_str(&template.render(&event(data)).unwrap()).unwrap()
}

/// The text of a message, where each system looks for it.
fn message(preset: Preset, sent: &Value) -> &str {
    let pointer = match preset {
        Preset::Slack | Preset::GoogleChat => "/text",
        Preset::MicrosoftTeams => "/attachments/0/content/body/0/inlines/0/text",
        Preset::Discord => "/content",
    };
    sent.pointer(pointer).unwrap().as_str().unwrap()
}

#[test]
fn each_preset_sends_the_sentence_with_the_events_fields() {
    let data = r#"{"customer":{"name":"Ada \"A\" & Sons\nLtd"},"total":1250.50}"#;
    let sentence = "Deal \"won\" \\o/\n{{ data.customer.name }}: {{ data.total | number(2) }}{% if data.total > 1000 %} *big*{% endif %}";
    for preset in Preset::ALL {
        let sent = sent(preset, sentence, data);
        let name = match preset {
            Preset::Slack => "Ada \"A\" &amp; Sons\nLtd",
            _ => "Ada \"A\" & Sons\nLtd",
        };
        let expected = format!("Deal \"won\" \\o/\n{name}: 1,250.50 *big*");
        assert_eq!(message(preset, &sent), expected, "{preset:?}");
        assert_eq!(Preset::find(preset.name()), Some(preset));
    }
}

#[test]
fn data_mentions_nobody_and_makes_no_links() {
    let data = r#"{"v":"<!channel> <@U1> <https://e.example|bank> @everyone [bank](https://e.example) \\[x <users/all> \u003c"}"#;
    let texts = Preset::ALL.map(|preset| {
        let sent = sent(
            preset,
            "{{ data.v }}{% for x in [data] %}{{ x }}{{ x | tojson }}{% endfor %}",
            data,
        );
        message(preset, &sent).to_owned()
    });
    assert!(!texts[0].contains(['<', '>']), "{}", texts[0]);
    assert!(
        texts[0].starts_with("&lt;!channel&gt; &lt;@U1&gt;"),
        "{}",
        texts[0]
    );
    assert!(
        texts[2].contains("@everyone \\[bank](https://e.example) \\\\\\[x"),
        "{}",
        texts[2]
    );
    assert!(!texts[3].contains(['<', '>']), "{}", texts[3]);
    let discord = sent(Preset::Discord, "{{ data.v }}", data);
    assert_eq!(discord["allowed_mentions"], serde_json::json!({"parse": []}));
    // Markdown does not apply to a text run.
    let teams = sent(Preset::MicrosoftTeams, "{{ data.v }}", data);
    assert_eq!(
        teams.pointer("/attachments/0/content/body/0/type").unwrap(),
        "RichTextBlock"
    );
}

#[test]
fn values_that_are_printed_as_json_are_escaped_for_the_markup_too() {
    let source = r#"{% autoescape "slack" %}{"text":{{ data.v }},"more":{{ [data.v, data] | tojson }}}{% endautoescape %}"#;
    let template = Template::compile(source, TemplateKind::Json).unwrap();
    let data = r#"{"v":"\u003c!channel>"}"#;
    let output = template.render(&event(data)).unwrap();
    assert_eq!(
        output,
        r#"{"text":"&lt;!channel&gt;","more":["&lt;!channel&gt;",{"v":"&lt;!channel&gt;"}]}"#
    );
}

#[test]
fn a_message_is_cut_to_what_the_system_takes() {
    for (preset, characters, bytes) in LIMITS {
        for (character, name) in [
            ("x", "ASCII"),
            ("\u{1}", "controls"),
            ("😀", "pairs"),
            ("☃", "three bytes"),
        ] {
            let data = format!(
                "{{\"v\":{}}}",
                serde_json::to_string(&character.repeat(10_000)).unwrap()
            );
            let sent = sent(preset, "{{ data.v }} and more", &data);
            let text = message(preset, &sent);
            let length = text.encode_utf16().count();
            assert!(
                length == characters || length == characters - 1,
                "{preset:?}, {name}: {length}"
            );
            assert!(
                text.ends_with('…') && sent.to_string().len() <= bytes,
                "{preset:?}, {name}"
            );
        }
        let short = sent(preset, "{{ data.v }} and more", r#"{"v":"x"}"#);
        assert_eq!(message(preset, &short), "x and more");
    }
}

#[test]
fn a_preset_recognises_its_own_templates_alone() {
    for preset in Preset::ALL {
        let template = preset.template("a");
        for other in Preset::ALL {
            assert_eq!(other.sentence_of(&template).is_some(), other == preset);
        }
        for changed in [
            template.replace(":\"", ": \""),
            template.replace('a', "\\u0061"),
            format!("{template}\n"),
        ] {
            assert_eq!(preset.sentence_of(&changed), None, "{changed}");
        }
    }
}

#[test]
fn a_hyphen_removes_white_space_from_a_sentence() {
    for (sentence, expected) in [
        ("a\n{{- data.v }}", "aADA"),
        ("{{ data.v -}} \n\t b", "ADAb"),
        ("a \n {%- if true -%} \n {% endif -%} \n b\nc", "ab\nc"),
        ("\"\n{#- \" -#}\n\"\n", "\"\"\n"),
    ] {
        for preset in Preset::ALL {
            let sent = sent(preset, sentence, r#"{"v":"ADA"}"#);
            assert_eq!(message(preset, &sent), expected, "{preset:?} {sentence:?}");
            let shown = preset.sentence_of(&preset.template(sentence));
            assert_eq!(shown.as_deref(), Some(sentence));
        }
    }
}

#[test]
fn a_limit_in_a_sentence_does_not_replace_that_of_the_system() {
    let data = format!("{{\"v\":\"{}\"}}", "x".repeat(10_000));
    for (preset, characters, _) in LIMITS {
        let sentence = "{% limit 5 %}{{ data.v }}{% endlimit %}{% limit 9999 %}{{ data.v }}{% endlimit %}";
        let sent = sent(preset, sentence, &data);
        let text = message(preset, &sent);
        assert!(
            text.starts_with("xxxx…xxx") && text.ends_with("xxx…"),
            "{preset:?}"
        );
        assert_eq!(text.encode_utf16().count(), characters, "{preset:?}");
    }
}

fn sentence() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        Just("{{ data.v }}".to_owned()),
        Just("{{ \"}}\" ~ data['v'] }}".to_owned()),
        Just("{% if data.v %}\"{% endif %}".to_owned()),
        Just("{% raw %}{{ \"x\" }}{% endraw %}".to_owned()),
        Just("{# \" #}".to_owned()),
        Just("{{- data.v -}} ".to_owned()),
        Just(" \n\u{b}{%- if data.v -%}\n\u{85}{%- endif -%}\n".to_owned()),
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    /// Whatever the sentence and the data, the message is JSON, and the form shows the sentence again.
    #[test]
    fn a_sentence_survives_and_its_message_is_json(sentence in sentence(), value in any::<String>()) {
        for preset in Preset::ALL {
            let source = preset.template(&sentence);
            let Ok(template) = Template::compile(&source, TemplateKind::Json) else {
                continue;
            };
            prop_assert_eq!(preset.sentence_of(&source), Some(sentence.clone()));
            let data = format!("{{\"v\":{}}}", serde_json::to_string(&value).unwrap());
            let output = template.render(&event(&data)).unwrap();
            prop_assert!(serde_json::from_str::<Value>(&output).is_ok(), "{}", output);
        }
    }
}
