mod bounds;

use super::*;

/// The event types of a document as JSON by name, and the notes.
fn imported(text: &str) -> (Vec<(String, String)>, Vec<String>) {
    let imported = import("f", text).unwrap_or_else(|failure| panic!("{failure}"));
    let types = imported.declared.event_types.unwrap();
    let types = types.into_iter().map(|entry| (entry.key, entry.settled.json()));
    (types.collect(), imported.notes)
}

/// The fields of the only event type of a document.
fn only(text: &str) -> (String, String) {
    let (mut types, notes) = imported(text);
    assert_eq!((types.len(), notes.as_slice()), (1, &[][..]), "{types:?}");
    types.remove(0)
}

fn refusal(text: &str) -> String {
    import("f", text).unwrap_err().to_string()
}

/// An OpenAPI document whose webhook `a.b` has a body with this schema, and these components.
fn openapi(schema: &str, components: &str) -> String {
    format!(
        r#"{{"openapi":"3.1.0","webhooks":{{"a.b":{{"post":{{"requestBody":{{"content":{{"application/json":
        {{"schema":{schema}}}}}}}}}}}}},"components":{{"schemas":{components}}}}}"#
    )
}

#[test]
fn the_data_of_an_envelope_is_the_event_types_and_any_other_body_is_data() {
    let user = r##"{"User":{"type":"object"},
        "Base":{"properties":{"id":{},"data":{"type":"object"},"type":{"type":"string"}}},
        "Kind":{"const":"c.d"},"Alias":{"$ref":"#/components/schemas/User"}}"##;
    for (schema, name, expected) in [
        (
            r#"{"properties":{"total":{"type":"number"}}}"#,
            "a.b",
            r#"{"properties":{"total":{"type":"number"}}}"#,
        ),
        (
            r##"{"$ref":"#/components/schemas/Alias"}"##,
            "a.b",
            r#"{"type":"object"}"#,
        ),
        (
            r#"{"properties":{"type":{"const":"x.y"},"data":{"maximum":8202522731445525542}}}"#,
            "x.y",
            r#"{"maximum":8202522731445525542}"#,
        ),
        (
            r#"{"properties":{"type":{"enum":["x.y"]},"data":{"maximum":1250.50}}}"#,
            "x.y",
            r#"{"maximum":1250.50}"#,
        ),
        (
            r#"{"properties":{"type":{"enum":["x","y"]},"data":{"minimum":1}}}"#,
            "a.b",
            r#"{"minimum":1}"#,
        ),
        (
            r##"{"properties":{"type":{"$ref":"#/components/schemas/Kind"},"data":
            {"$ref":"#/components/schemas/Alias","description":"It"}}}"##,
            "c.d",
            r#"{"type":"object"}"#,
        ),
        (
            r##"{"allOf":[{"$ref":"#/components/schemas/Base"},{"properties":{"type":{"const":"x.y"},
            "data":{"minimum":1}}}]}"##,
            "x.y",
            r#"{"minimum":1}"#,
        ),
        (
            r##"{"allOf":[{"allOf":[{"properties":{"data":{"minimum":1},"type":{}}}]},{"properties":
            {"data":{"maximum":2}}}]}"##,
            "a.b",
            r#"{"allOf":[{"maximum":2},{"minimum":1}]}"#,
        ),
        (
            r##"{"$ref":"#/components/schemas/Base"}"##,
            "a.b",
            r#"{"type":"object"}"#,
        ),
    ] {
        let found = only(&openapi(schema, user));
        assert_eq!(
            found,
            (name.to_owned(), format!(r#"{{"schema":{expected}}}"#)),
            "{schema}"
        );
    }
}

#[test]
fn alternatives_without_an_envelope_are_those_of_data_and_silence_about_data_says_nothing() {
    let either =
        r#"{"oneOf":[{"properties":{"type":{"const":"card"}}},{"properties":{"type":{"const":"bank"}}}]}"#;
    let expected = ("a.b".to_owned(), format!(r#"{{"schema":{either}}}"#));
    assert_eq!(only(&openapi(either, "{}")), expected);
    // Nothing is stated of `data`, so that the schema of the server stays.
    let found = only(&openapi(
        r#"{"properties":{"type":{"const":"x"},"data":{"description":"any"}}}"#,
        "{}",
    ));
    assert_eq!(found, ("x".to_owned(), "{}".to_owned()));
}

#[test]
fn what_a_schema_refers_to_becomes_its_definitions() {
    let of_data = |data: &str, components: &str| {
        let schema = format!(r#"{{"properties":{{"type":{{}},"data":{data}}}}}"#);
        only(&openapi(&schema, components)).1
    };
    for (data, components, expected) in [
        // Once, with what it refers to itself, and nothing else.
        (
            r##"{"items":{"$ref":"#/components/schemas/A"},"not":{"$ref":"#/components/schemas/A"}}"##,
            r##"{"A":{"items":{"$ref":"#/components/schemas/B"}},"B":{"minimum":1},"C":{}}"##,
            r##"{"items":{"$ref":"#/$defs/A"},"not":{"$ref":"#/$defs/A"},"$defs":
            {"A":{"items":{"$ref":"#/$defs/B"}},"B":{"minimum":1}}}"##,
        ),
        // Recursion, into the root and into a definition.
        (
            r##"{"$ref":"#/components/schemas/A"}"##,
            r##"{"A":{"properties":{"a":{"$ref":"#/components/schemas/A"},"b":{"$ref":"#/components/schemas/B"},
            "c":{"$ref":"#/components/schemas/A/properties/b"}}},"B":{"items":{"$ref":"#/components/schemas/B"}}}"##,
            r##"{"properties":{"a":{"$ref":"#"},"b":{"$ref":"#/$defs/B"},"c":{"$ref":"#/properties/b"}},"$defs":
            {"B":{"items":{"$ref":"#/$defs/B"}}}}"##,
        ),
        // Names that are taken, and pointers of any kind.
        (
            r##"{"$defs":{"A":{"minimum":1}},"anyOf":[{"$ref":"#/components/schemas/A"},
            {"$ref":"#/components/schemas/B/properties/A"},{"$ref":"#/components/schemas/x~1%20y"}]}"##,
            r#"{"A":{"minimum":2},"B":{"properties":{"A":{"minimum":3}}},"x/ y":{"minimum":4}}"#,
            r##"{"$defs":{"A":{"minimum":1},"A_2":{"minimum":2},"A_3":{"minimum":3},"x_1_y":{"minimum":4}},
            "anyOf":[{"$ref":"#/$defs/A_2"},{"$ref":"#/$defs/A_3"},{"$ref":"#/$defs/x_1_y"}]}"##,
        ),
        // What only looks like a reference, and a discriminator.
        (
            r##"{"properties":{"$ref":{"const":{"$ref":"#/x"}}},"examples":[],"discriminator":{"propertyName":"p",
            "mapping":{"a":"#/components/schemas/A","b":"B","c":"#/missing"}}}"##,
            r#"{"A":{"minimum":1}}"#,
            r##"{"properties":{"$ref":{"const":{"$ref":"#/x"}}},"examples":[],"discriminator":{"propertyName":"p",
            "mapping":{"a":"#/$defs/A","b":"B","c":"#/missing"}},"$defs":{"A":{"minimum":1}}}"##,
        ),
        // References of a schema with a base of its own, and anchors, are its own.
        (
            r##"{"not":{"$id":"https://a.example/x","$ref":"#/$defs/y"},"items":{"$ref":"#z"},"contains":{"$anchor":"z"}}"##,
            "{}",
            r##"{"not":{"$id":"https://a.example/x","$ref":"#/$defs/y"},"items":{"$ref":"#z"},"contains":{"$anchor":"z"}}"##,
        ),
        // Drafts before 2020-12.
        (
            r#"{"items":[{"minimum":1}],"additionalItems":false}"#,
            "{}",
            r#"{"prefixItems":[{"minimum":1}],"items":false}"#,
        ),
    ] {
        let expected = Node::of_json(&format!(r#"{{"schema":{expected}}}"#)).unwrap();
        let found = Node::of_json(&of_data(data, components)).unwrap();
        assert!(found.is_equal(&expected), "{}", found.json());
    }
}

#[test]
fn schemas_of_openapi_3_0_are_put_into_todays_words() {
    let text = r##"
openapi: 3.0.3
x-webhooks:
  a.b:
    post:
      summary: It happened
      requestBody:
        content:
          application/json:
            schema:
              properties:
                a: {type: string, nullable: true, enum: [x]}
                b: {type: integer, minimum: 1, exclusiveMinimum: true}
                c: {maximum: 2, exclusiveMaximum: false, nullable: false}
"##;
    let expected = r#"{"description":"It happened","schema":{"properties":{"a":{"type":["string","null"],"enum":["x",null]},"b":{"type":"integer","exclusiveMinimum":1},"c":{"maximum":2}}}}"#;
    assert_eq!(only(text), ("a.b".to_owned(), expected.to_owned()));
}

#[test]
fn a_body_of_alternatives_is_an_event_type_for_each() {
    let text = r##"
openapi: 3.1.0
webhooks:
  all:
    post:
      description: Something happened
      requestBody:
        content:
          application/json:
            schema:
              oneOf:
                - $ref: '#/components/schemas/Created'
                - {description: Gone, properties: {type: {const: user.deleted}, data: {minimum: 2}}}
            examples:
              one: {$ref: '#/components/examples/Deleted'}
components:
  schemas:
    Created: {properties: {type: {const: user.created}, data: {minimum: 1, examples: [7]}}}
  examples:
    Deleted: {value: {type: user.deleted, data: 8202522731445525542}}
"##;
    let expected = [
        (
            "user.created",
            r#"{"description":"Something happened","example":7,"schema":{"minimum":1,"examples":[7]}}"#,
        ),
        (
            "user.deleted",
            r#"{"description":"Gone","example":8202522731445525542,"schema":{"minimum":2}}"#,
        ),
    ];
    let expected = expected.map(|(name, fields)| (name.to_owned(), fields.to_owned()));
    assert_eq!(imported(text).0, expected);
}

#[test]
fn messages_of_asyncapi_2_are_found_wherever_they_stand_and_once() {
    let text = r##"
asyncapi: 2.6.0
channels:
  users:
    publish:
      message: {$ref: '#/components/messages/UserCreated'}
    subscribe:
      message:
        oneOf:
          - $ref: '#/components/messages/UserCreated'
          - {name: user.deleted, payload: {minimum: 1}, traits: [{$ref: '#/components/messageTraits/t'}]}
  inline:
    subscribe:
      message: {summary: Inline, payload: {minimum: 2}}
components:
  messageTraits:
    t: {description: Of a trait, examples: [{payload: 3}]}
  messages:
    UserCreated:
      payload: {type: object, properties: {type: {const: user.created}, data: {type: object}}}
      examples: [{payload: {type: user.created, data: {a: 1250.50}}}]
    Avro: {schemaFormat: application/vnd.apache.avro;version=1.9.0, payload: {type: record}}
    Csv: {contentType: text/csv, payload: {type: string}}
    postrider.x: {payload: {}}
"##;
    let (types, notes) = imported(text);
    let expected = [
        (
            "user.created",
            r#"{"example":{"a":1250.50},"schema":{"type":"object"}}"#,
        ),
        (
            "user.deleted",
            r#"{"description":"Of a trait","example":3,"schema":{"minimum":1}}"#,
        ),
        ("inline", r#"{"description":"Inline","schema":{"minimum":2}}"#),
    ];
    let expected = expected.map(|(name, fields)| (name.to_owned(), fields.to_owned()));
    assert_eq!(types, expected);
    assert_eq!(
        notes,
        [
            "/components/messages/Avro was skipped: its payload is in the format application/vnd.apache.avro;version=1.9.0, \
             not a JSON Schema",
            "/components/messages/Csv was skipped: its content is text/csv, and Postrider sends JSON",
            "/components/messages/postrider.x was skipped: types that begin with `postrider.` are Postrider's own",
        ]
    );
}

#[test]
fn messages_of_asyncapi_3_have_their_format_around_their_schema() {
    let text = r##"
asyncapi: 3.0.0
channels:
  users:
    address: null
    messages:
      created: {$ref: '#/components/messages/user.created'}
      user.deleted:
        x-internal: true
        payload: {schemaFormat: application/schema+json;version=draft-07, schema: {$ref: '#/components/schemas/U'}}
      proto: {payload: {schemaFormat: application/vnd.google.protobuf;version=3, schema: message}}
operations:
  send: {action: send, channel: {$ref: '#/channels/users'}, messages: [{$ref: '#/channels/users/messages/created'}]}
components:
  schemas: {U: {type: object, properties: {schema: {minimum: 1}}}}
  messages:
    user.created: {payload: {$ref: '#/components/schemas/U'}}
"##;
    let (types, notes) = imported(text);
    let schema = r#""schema":{"type":"object","properties":{"schema":{"minimum":1}}}"#;
    let expected = [
        ("user.created".to_owned(), format!("{{{schema}}}")),
        (
            "user.deleted".to_owned(),
            format!(r#"{{"visible":false,{schema}}}"#),
        ),
    ];
    assert_eq!(types, expected);
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn everything_wrong_is_listed_with_line_and_pointer() {
    let text = r##"
openapi: 3.1.0
webhooks:
  new user: {post: {}}
  a: {post: {requestBody: {content: {application/json: {schema: {$ref: other.yaml}}}}}}
  b: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}
  c:
    post: {requestBody: {content: {application/json: {schema: {items: {$ref: '#/components/schemas/A'},
      not: {$ref: '#/nothing'}, if: {$ref: '#anchor'}}}}}}
  d: {$ref: '#/webhooks/e'}
  e: {$ref: '#/webhooks/d'}
  f: {post: {requestBody: {content: {application/json: {schema: {properties: {type: {const: c}}}}}}}}
  g: {post: {requestBody: {content: {application/json: {schema: {properties: {type: {const: z}}}}}}}}
  h: {post: {requestBody: {content: {application/json: {schema: {minimum: 1, properties: {type: {const: z}}}}}}}}
components:
  schemas:
    A: {$ref: '#/components/schemas/B'}
    B: {$ref: '#/components/schemas/A'}
"##;
    let text = refusal(text);
    let schema = "requestBody/content/application~1json/schema";
    for expected in [
        "9 faults in f:".to_owned(),
        "f:4:20: /webhooks/new user/post: `new user` cannot be the name of an event type".to_owned(),
        format!("f:5:65: /webhooks/a/post/{schema}: `other.yaml` is in another document"),
        format!("/webhooks/b/post/{schema}: the references here lead in a circle"),
        format!("f:8:78: /webhooks/c/post/{schema}: the references here lead in a circle"),
        format!("f:9:19: /webhooks/c/post/{schema}: the document has no `#/nothing`"),
        format!("/webhooks/c/post/{schema}: the schema has no `$anchor` of the name in `#anchor`"),
        "/webhooks/d: the references here lead in a circle".to_owned(),
        "/webhooks/e: the references here lead in a circle".to_owned(),
        "/webhooks/h/post: `z` is described at /webhooks/g/post too, with another schema".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected}\nin\n{text}");
    }
}

#[test]
fn a_document_of_another_kind_says_what_is_expected() {
    for (text, expected) in [
        ("swagger: '2.0'", "OpenAPI 2 has no webhooks"),
        ("openapi: 3.1.0", "f:1:1: the document has no `webhooks`"),
        ("asyncapi: 3.0.0", "f:1:1: the document has no messages"),
        ("openapi: 4.0.0", "expected a document with `openapi: 3."),
        ("event_types: {}", "expected a document with `openapi: 3."),
        ("[]", "expected a document with `openapi: 3."),
        ("", "expected a document with `openapi: 3."),
        ("{", "not valid YAML"),
    ] {
        let text = refusal(text);
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(only("{openapi: 3.1, webhooks: {a: {post: {}}}}").1, "{}");
}
