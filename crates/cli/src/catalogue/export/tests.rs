use super::*;
use crate::catalogue::import;
use crate::declared::faults::Faults;
use crate::declared::read::read;
use crate::declared::write;

/// Event types as the API shows them, with what is hard to carry over.
const TYPES: &[&str] = &[
    r#"{"name":"a","description":"","visible":true,"example":null,"schema":null}"#,
    r#"{"name":"A-1_b.c","description":"A-1_b.c","visible":true,"example":{"n":8202522731445525542,"m":1250.50},"schema":true}"#,
    r#"{"name":"b","description":" Two\nlines: \"é😀\"\n","visible":true,"example":false,"schema":{}}"#,
    r##"{"name":"c","description":"x","visible":true,"example":[],"schema":{"$defs":{"Item":{"properties":{"next":
        {"$ref":"#/$defs/Item"},"root":{"$ref":"#"},"q":{"$ref":"#/$defs/a~1b%20c"}}},"a/b c":{"maximum":1e400}},
        "items":{"$ref":"#/$defs/Item"},"const":{"$ref":"#/$defs/none"}}}"##,
    r##"{"name":"d","description":"x","visible":true,"example":null,"schema":{"$ref":"#/$defs/x","$defs":
        {"x":{"example":1,"type":"object"}},"examples":[{"from_env":"A"}]}}"##,
    r##"{"name":"e","description":"x","visible":true,"example":"{\"type\":\"data\"}","schema":{"$id":"https://a.example/",
        "$ref":"#/$defs/x","$defs":{"x":{"$anchor":"y"}}}}"##,
    r##"{"name":"f","description":"x","visible":true,"example":{"type":"z","data":1},"schema":{"properties":{"type":
        {"const":"z"},"data":{"$ref":"#/properties/type"}},"oneOf":[{"properties":{"type":{"const":"q"}}}],
        "discriminator":{"propertyName":"type","mapping":{"z":"#/properties/data","y":"Y"}}}}"##,
    r##"{"name":"g","description":"x","visible":true,"example":1,"schema":{"prefixItems":[{"$dynamicRef":"#n"}],
        "not":{"$dynamicAnchor":"n","type":["string","null"],"nullable":true},"$schema":
        "https://json-schema.org/draft/2020-12/schema"}}"##,
    r#"{"name":"h","description":"x","visible":true,"example":1,"schema":{"description":"only","title":"T"}}"#,
    r#"{"name":"i","description":"x","visible":true,"example":1,"schema":false}"#,
];

fn types() -> Vec<Node> {
    TYPES.iter().map(|json| Node::of_json(json).unwrap()).collect()
}

/// What an import of the document finds, as the API would show it in an empty catalogue.
fn catalogue(text: &str) -> Vec<Node> {
    let imported = import("f", text).unwrap_or_else(|failure| panic!("{failure} in\n{text}"));
    assert_eq!(imported.notes, [""; 0]);
    let entries = imported.declared.event_types.unwrap().into_iter();
    let view = |entry: crate::declared::file::Entry| {
        let mut view =
            Node::of_json(r#"{"description":"","visible":true,"example":null,"schema":null}"#).unwrap();
        view.set("name", Tree::text(entry.key).nowhere());
        for member in entry.settled.members() {
            view.set(&member.name, member.value.clone());
        }
        view
    };
    entries.map(view).collect()
}

#[test]
fn an_export_is_imported_as_the_same_catalogue() {
    let types = types();
    for format in [Format::Openapi, Format::Asyncapi] {
        let document = document(format, "Events", &types, false);
        for text in [write::document(&document), write::indented_json(&document)] {
            let mut found = catalogue(&text);
            found.sort_by(|one, other| one.text_of("name").cmp(&other.text_of("name")));
            let mut expected = types.clone();
            expected.sort_by(|one, other| one.text_of("name").cmp(&other.text_of("name")));
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!(found.is_equal(expected), "{}\n{}", found.json(), expected.json());
            }
            assert!(text.contains("8202522731445525542") && text.contains("1250.50"));
        }
    }
}

#[test]
fn only_what_customers_see_is_exported_unless_all_is_asked_for() {
    let hidden = r#"{"name":"hidden","description":"x","visible":false,"example":1,"schema":null}"#;
    let own = r#"{"name":"postrider.x","description":"x","visible":true,"example":1,"schema":null}"#;
    let types: Vec<_> = [TYPES[1], hidden, own]
        .iter()
        .map(|json| Node::of_json(json).unwrap())
        .collect();
    for format in [Format::Openapi, Format::Asyncapi] {
        let text = |all| write::document(&document(format, "Events", &types, all));
        let names = |text: &str| -> Vec<String> {
            let found = catalogue(text).into_iter();
            found
                .filter_map(|view| view.text_of("name").map(str::to_owned))
                .collect()
        };
        assert_eq!(names(&text(false)), ["A-1_b.c"]);
        assert_eq!(names(&text(true)), ["A-1_b.c", "hidden"]);
        let hidden = catalogue(&text(true)).remove(1);
        assert!(!hidden.get("visible").unwrap().is_true());
    }
}

#[test]
fn the_body_is_the_envelope_that_is_sent() {
    let types = [Node::of_json(TYPES[1]).unwrap()];
    let text = write::document(&document(Format::Openapi, "Events", &types, false));
    let root = read(&text, &mut Faults::default()).unwrap();
    let post = root
        .get("webhooks")
        .and_then(|it| it.get("A-1_b.c")?.get("post"))
        .unwrap();
    let content = post
        .get("requestBody")
        .and_then(|it| it.get("content")?.get("application/json"));
    let example = content.and_then(|it| it.get("example")).unwrap().json();
    assert_eq!(
        example,
        r#"{"id":"evt_01h455vb4pex5vsknk084sn02q","type":"A-1_b.c","timestamp":"2026-01-31T09:30:00.000Z","data":{"n":8202522731445525542,"m":1250.50}}"#
    );
}
