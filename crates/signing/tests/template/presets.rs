//! Messages to chat systems, from one sentence.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_signing::template::{Preset, Template, TemplateEvent, TemplateKind};
use proptest::prelude::*;
use serde_json::Value;

/// The most characters of a message that each system takes, and the most bytes of its request.
const LIMITS: [(Preset, usize, usize); 4] = [
    (Preset::Slack, 4_000, 64 * 1024),
    (Preset::MicrosoftTeams, 4_000, 28_000),
    (Preset::Discord, 2_000, 64 * 1024),
    (Preset::GoogleChat, 4_000, 32_000),
];

fn sent(preset: Preset, sentence: &str, data: &str) -> Value {
    let template = Template::compile(&preset.template(sentence), TemplateKind::Json).unwrap();
    let event = TemplateEvent {
        id: "evt_1",
        event_type: "a.b",
        timestamp: "2026-01-31T09:30:00.000Z",
        account: None,
        data,
    };
    serde_json::from_str(&template.render(&event).unwrap()).unwrap()
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
    let event = TemplateEvent {
        id: "",
        event_type: "",
        timestamp: "",
        account: None,
        data: r#"{"v":"\u003c!channel>"}"#,
    };
    let output = template.render(&event).unwrap();
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
fn urls_are_expected_by_host_and_path() {
    for (preset, host, path, expected) in [
        (Preset::Slack, "hooks.slack.com", "/services/T/B/x", true),
        (Preset::Slack, "HOOKS.slack.com", "/services/T/B/x", true),
        (Preset::Slack, "hooks.slack.com.example.com", "/services/", false),
        (Preset::Slack, "hooks.slack.com", "/", false),
        (
            Preset::MicrosoftTeams,
            "prod-1.westeurope.logic.azure.com",
            "/workflows/x",
            true,
        ),
        (
            Preset::MicrosoftTeams,
            "evillogic.azure.com",
            "/workflows/x",
            false,
        ),
        (Preset::Discord, "discord.com", "/api/webhooks/1/x", true),
        (
            Preset::GoogleChat,
            "chat.googleapis.com",
            "/v1/spaces/x/messages",
            true,
        ),
    ] {
        assert_eq!(preset.expects(host, path), expected, "{preset:?} {host} {path}");
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
            let event = TemplateEvent { id: "", event_type: "", timestamp: "", account: None, data: &data };
            let output = template.render(&event).unwrap();
            prop_assert!(serde_json::from_str::<Value>(&output).is_ok(), "{}", output);
        }
    }
}
