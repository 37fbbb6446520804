use serde_json::json;

use super::*;

fn refused(schema: &Value) -> Option<String> {
    check(schema).err().map(|error| error.to_string())
}

/// `levels` levels, each of which applies the next twice.
fn doubling(levels: usize, keyword: &str) -> Value {
    let mut defs = Map::new();
    for level in 0..levels {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        defs.insert(format!("d{level}"), json!({keyword: [next, next]}));
    }
    defs.insert(format!("d{levels}"), json!({"type": "object"}));
    json!({"$defs": defs, "$ref": "#/$defs/d0"})
}

#[test]
fn exponentially_many_schemas_at_one_place_are_refused() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        assert_eq!(refused(&doubling(8, keyword)), None);
        let error = refused(&doubling(27, keyword)).unwrap();
        assert!(error.contains("more than 5000 schemas"), "{error}");
    }
    let inside = json!({"properties": {"a": {"items": doubling(27, "allOf")["$defs"]["d0"]}},
        "$defs": doubling(27, "allOf")["$defs"]});
    assert!(refused(&inside).is_some());
}

#[test]
fn references_by_id_anchor_and_dynamic_anchor_count() {
    let twice = |it: &Value| json!([it, it]);
    let named = |keyword: &str, anchor: &str| {
        let defs: Map<String, Value> = (0..20)
            .map(|level| {
                let next = json!({keyword: format!("#d{}", level + 1)});
                (
                    format!("{level}"),
                    json!({anchor: format!("d{level}"), "allOf": twice(&next)}),
                )
            })
            .chain([("last".to_owned(), json!({anchor: "d20"}))])
            .collect();
        json!({"$defs": defs, keyword: "#d0"})
    };
    for (keyword, anchor) in [
        ("$ref", "$anchor"),
        ("$ref", "$dynamicAnchor"),
        ("$dynamicRef", "$dynamicAnchor"),
    ] {
        assert!(refused(&named(keyword, anchor)).is_some(), "{keyword} {anchor}");
    }
    let by_id: Map<String, Value> = (0..20)
        .map(|level| {
            let next = json!({"$ref": format!("d{}", level + 1)});
            (
                format!("{level}"),
                json!({"$id": format!("http://a.example/x/d{level}"), "allOf": twice(&next)}),
            )
        })
        .chain([("last".to_owned(), json!({"$id": "http://a.example/x/d20"}))])
        .collect();
    assert!(refused(&json!({"$defs": by_id, "$ref": "http://a.example/x/d0"})).is_some());
}

#[test]
fn a_schema_that_applies_itself_at_the_same_place_is_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}},
            "properties": {"x": {"$ref": "#/$defs/a"}}}),
        json!({"$dynamicAnchor": "n", "allOf": [{"$dynamicRef": "#n"}]}),
    ] {
        assert!(refused(&schema).unwrap().contains("leads back"), "{schema}");
    }
}

#[test]
fn recursion_through_the_data_and_usual_schemas_are_accepted() {
    let tree = json!({"$defs": {"node": {"type": "object", "properties": {
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}}, "$ref": "#/$defs/node"});
    let strict = json!({"$id": "http://a.example/strict", "$dynamicAnchor": "node",
        "$ref": "tree", "unevaluatedProperties": false,
        "$defs": {"tree": {"$id": "http://a.example/tree", "$dynamicAnchor": "node", "type": "object",
            "properties": {"children": {"type": "array", "items": {"$dynamicRef": "#node"}}}}}});
    let kinds: Vec<Value> = (0..100)
        .map(|kind| json!({"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"kind": {"const": kind}}}]}))
        .collect();
    let choice = json!({"$defs": {"base": {"required": ["kind"]}}, "oneOf": kinds});
    let meta = json!({"$ref": "https://json-schema.org/draft/2020-12/schema"});
    let draft_7 = json!({"$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"a": {"$id": "#a", "type": "string"}}, "properties": {"x": {"$ref": "#a"}}});
    for schema in [tree, strict, choice, meta, draft_7, json!(true), json!({})] {
        assert_eq!(refused(&schema), None, "{schema}");
    }
}

#[test]
fn long_chains_of_references_are_refused() {
    let chain = |length: usize| {
        let mut defs: Map<String, Value> = (0..length)
            .map(|it| (format!("d{it}"), json!({"$ref": format!("#/$defs/d{}", it + 1)})))
            .collect();
        defs.insert(format!("d{length}"), json!({}));
        json!({"$defs": defs, "$ref": "#/$defs/d0"})
    };
    assert_eq!(refused(&chain(150)), None);
    assert!(refused(&chain(5_000)).unwrap().contains("in a row"));
    let wide: Vec<Value> = (0..5_001).map(|_| json!(true)).collect();
    assert!(refused(&json!({"anyOf": wide})).is_some());
}
