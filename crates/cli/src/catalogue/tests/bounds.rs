use super::super::TYPES_MAX;
use super::{imported, refusal};

/// A small document cannot become a large catalogue, nor take long.
#[test]
fn what_references_multiply_is_bounded() {
    // Each of 1,000 types reaches 1,000 schemas of ten values.
    let schemas: Vec<_> = (0..1_000)
        .map(|at| {
            format!(
                r##""s{at}":{{"enum":[1,2,3,4,5,6],"not":{{"$ref":"#/components/schemas/s{}"}}}}"##,
                (at + 1) % 1_000
            )
        })
        .collect();
    let message = r##"{"payload":{"items":{"$ref":"#/components/schemas/s0"}}}"##;
    let messages: Vec<_> = (0..1_000).map(|at| format!(r#""m{at}":{message}"#)).collect();
    let document = |messages: &[String], schemas: &[String]| {
        let (messages, schemas) = (messages.join(","), schemas.join(","));
        format!(
            r#"{{"asyncapi":"3.0.0","components":{{"messages":{{{messages}}},"schemas":{{{schemas}}}}}}}"#
        )
    };
    assert!(refusal(&document(&messages, &schemas)).contains("give the event type a simpler schema"));
    assert_eq!(imported(&document(&messages[..100], &schemas)).0.len(), 100);
    let many: Vec<_> = (0..=TYPES_MAX)
        .map(|at| format!(r#""m{at}":{{"payload":{{}}}}"#))
        .collect();
    assert!(refusal(&document(&many, &[])).contains("more than 5000 event types"));
    // Many places describe the same types.
    let alternatives: Vec<_> = (0..1_000)
        .map(|at| format!(r#"{{"properties":{{"data":{{}},"type":{{"const":"t{at}"}}}}}}"#))
        .collect();
    let all = format!(r#""all":{{"oneOf":[{}]}}"#, alternatives.join(","));
    let messages: Vec<_> = (0..1_000)
        .map(|at| format!(r##""m{at}":{{"payload":{{"$ref":"#/components/schemas/all"}}}}"##))
        .collect();
    assert!(refusal(&document(&messages, &[all])).contains("more than 20000 bodies of events"));
    let skipped: Vec<_> = (0..1_000)
        .map(|at| format!(r#""m{at}":{{"contentType":"text/csv"}}"#))
        .collect();
    let notes = imported(&document(&skipped, &[])).1;
    assert_eq!((notes.len(), notes[100].as_str()), (101, "900 more were skipped"));
    let long = format!(r#""m{}":{{}}"#, "m".repeat(1_024));
    assert!(refusal(&document(&[long], &[])).contains("this name is longer than 1024 bytes"));
    // Every level applies the next one twice.
    let doubled: Vec<_> = (0..60)
        .map(|at| {
            let next = format!(r##"{{"$ref":"#/components/schemas/s{}"}}"##, (at + 1) % 60);
            format!(r#""s{at}":{{"allOf":[{next},{next}]}}"#)
        })
        .collect();
    let message = r##""m":{"payload":{"$ref":"#/components/schemas/s0"}}"##.to_owned();
    assert!(refusal(&document(&[message], &doubled)).contains("more than 100 schemas apply to this body"));
    // Definitions of one name.
    let same: Vec<_> = (0..10_000).map(|at| format!(r#""s{at}":{{"x":{{}}}}"#)).collect();
    let all: Vec<_> = (0..10_000)
        .map(|at| format!(r##"{{"$ref":"#/components/schemas/s{at}/x"}}"##))
        .collect();
    let message = format!(r#""m":{{"payload":{{"anyOf":[{}]}}}}"#, all.join(","));
    assert!(
        imported(&document(&[message], &same)).0[0]
            .1
            .contains(r##""$ref":"#/$defs/x_10000""##)
    );
}
