//! A customer's template and a producer's data: faults have a place, the bounds of a rendering hold, JSON is
//! JSON and a header is one line. The input is the template and the data, with a NUL between them.
#![no_main]
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use postrider_json::Payload;
use postrider_signing::template::{
    HEADER_BYTES_MAX, OUTPUT_BYTES_MAX, Preset, Template, TemplateEvent, TemplateKind, fields,
};
use serde::de::IgnoredAny;

/// Maximum time of compiling and rendering: many times what it takes without instrumentation.
const TIME_MAX: Duration = Duration::from_secs(2);

/// Maximum bytes of a message for the author: it quotes a name of the template at most.
const MESSAGE_BYTES_MAX: usize = 40 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let Some((source, data)) = std::str::from_utf8(bytes).ok().and_then(|it| it.split_once('\0')) else {
        return;
    };
    if Payload::read(data.as_bytes()).is_err() {
        return;
    }
    for kind in [TemplateKind::Json, TemplateKind::Text, TemplateKind::HeaderValue] {
        renders_within_bounds(source, kind, data);
    }
    presets_recognise(source, data);
    for field in fields(data) {
        let source = format!("{{{{ {} }}}}", field.path);
        let output =
            render(&source, TemplateKind::Text, data).expect("a field of the example is an expression");
        assert!(
            output.is_ok_and(|output| output.starts_with(&field.sample)),
            "{field:?}"
        );
    }
});

/// Compiles and renders. `None` if the template has a fault.
fn render(source: &str, kind: TemplateKind, data: &str) -> Option<Result<String, usize>> {
    let started = Instant::now();
    let lines = 1 + source.matches('\n').count();
    let template = match Template::compile(source, kind) {
        Ok(template) => template,
        Err(fault) => {
            assert!(
                (1..=lines).contains(&fault.line) && fault.message.len() <= MESSAGE_BYTES_MAX,
                "{fault:?}"
            );
            return None;
        }
    };
    let event = TemplateEvent {
        id: "evt_1",
        event_type: "a.b",
        timestamp: "2026-01-31T09:30:00.000Z",
        account: "acc_1",
        data,
    };
    let result = template.render(&event);
    assert!(started.elapsed() < TIME_MAX, "{:?}", started.elapsed());
    Some(result.map_err(|stop| {
        assert!(
            (1..=lines).contains(&stop.line) && stop.reason.len() <= MESSAGE_BYTES_MAX,
            "{stop:?}"
        );
        stop.line
    }))
}

fn renders_within_bounds(source: &str, kind: TemplateKind, data: &str) {
    let Some(Ok(output)) = render(source, kind, data) else {
        return;
    };
    match kind {
        TemplateKind::Json => {
            assert!(serde_json::from_str::<IgnoredAny>(&output).is_ok(), "{output}");
            assert!(output.len() <= OUTPUT_BYTES_MAX);
        }
        TemplateKind::Text => assert!(output.len() <= OUTPUT_BYTES_MAX),
        TemplateKind::HeaderValue => {
            assert!(output.len() <= HEADER_BYTES_MAX && !output.contains(char::is_control));
            assert_eq!(output.trim(), output);
        }
    }
}

/// A preset whose template compiles shows the sentence again. Slack's mentions nobody, unless the sentence
/// does.
fn presets_recognise(sentence: &str, data: &str) {
    for preset in Preset::ALL {
        let source = preset.template(sentence);
        if let Some(shown) = preset.sentence_of(&source) {
            assert_eq!(shown, sentence);
        }
        let result = render(&source, TemplateKind::Json, data);
        let ends_block = sentence.contains("autoescape") || sentence.contains("endlimit");
        if let Some(Ok(output)) = result
            && preset == Preset::Slack
            && !ends_block
            && !sentence.contains(['<', '\\'])
        {
            assert!(!output.contains('<'), "{output}");
        }
    }
}
