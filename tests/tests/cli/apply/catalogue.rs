//! `event-types import` and `export`: the catalogue from and to OpenAPI and AsyncAPI.

use std::process::Command;

use postrider_tests::binary;
use postrider_tests::command::CommandOutput;
use serde_json::{Value, json};

use super::{Bench, marked};

/// A document with envelopes, as a product with more than a few events has it.
const ENVELOPES: &str = r##"
openapi: 3.1.0
info: {title: Shop, version: 2.3.0}
webhooks:
  orderPaid:
    post:
      summary: A customer paid
      requestBody:
        required: true
        content:
          application/json:
            schema:
              allOf:
                - $ref: '#/components/schemas/Event'
                - properties:
                    type: {const: order.paid}
                    data: {$ref: '#/components/schemas/Order'}
            examples:
              paid: {value: {type: order.paid, data: {id: 8202522731445525542, total: 1250.50, parent: null}}}
      responses: {'200': {description: Thanks}}
  orderImage:
    post:
      requestBody: {content: {image/png: {schema: {}}}}
components:
  schemas:
    Event:
      type: object
      required: [id, type, data]
      properties:
        id: {type: string}
        type: {type: string}
        data: {type: object}
    Order:
      type: object
      required: [id]
      properties:
        id: {type: integer, maximum: 9202522731445525542}
        total: {$ref: '#/components/schemas/Money'}
        parent: {anyOf: [{$ref: '#/components/schemas/Order'}, {type: 'null'}]}
    Money: {type: number, minimum: 0.10}
"##;

const MESSAGES: &str = r##"
asyncapi: VERSION
info: {title: Shop, version: 2.3.0}
channels:
  orders:
    CHANNEL
components:
  messages:
    OrderPaid:
      name: order.paid
      summary: A customer paid
      payload: {$ref: '#/components/schemas/Order'}
  schemas:
    Order: {type: object, properties: {total: {$ref: '#/components/schemas/Money'}}}
    Money: {type: number}
"##;

fn import(bench: &Bench, file: &str, flags: &str) -> CommandOutput {
    let line = format!("event-types import {} {flags}", bench.path(file));
    bench.command(line.trim_end())
}

fn show(bench: &Bench, name: &str) -> Value {
    bench.show(&format!("event-types show {name}"))
}

#[test]
fn an_openapi_document_becomes_the_catalogue_and_a_second_import_changes_nothing() {
    let bench = Bench::new();
    bench.write("openapi.yaml", ENVELOPES);
    let planned = import(&bench, "openapi.yaml", "--dry-run --exit-code");
    assert_eq!(planned.code, 4, "{planned:?}");
    assert_eq!(marked(&planned), ["+ event type order.paid"]);
    assert!(
        planned.out.contains(
            "Note: /webhooks/orderImage/post was skipped: its body is image/png, and Postrider sends JSON"
        ),
        "{planned:?}"
    );
    assert_eq!(bench.command("event-types show order.paid").code, 1);
    let asked = import(&bench, "openapi.yaml", "");
    assert!(
        asked.code == 2 && asked.err.contains("event-types import cannot ask"),
        "{asked:?}"
    );

    let imported = import(&bench, "openapi.yaml", "--yes");
    assert!(imported.success().contains("Done: 1 created."), "{imported:?}");
    let shown = bench.command("event-types show order.paid --json").out;
    assert!(
        shown.contains("8202522731445525542") && shown.contains("1250.50"),
        "{shown}"
    );
    let order = show(&bench, "order.paid");
    assert_eq!(order["description"], "A customer paid");
    assert_eq!(
        order["schema"]["properties"]["total"],
        json!({"$ref": "#/$defs/Money"})
    );
    assert_eq!(
        order["schema"]["properties"]["parent"]["anyOf"][0],
        json!({"$ref": "#"})
    );
    // The server accepts the schema, and enforces it.
    bench.command("accounts create --uid acme Acme").success();
    let send = |data: &str| bench.command(&format!("events send acme order.paid --data {data}"));
    send(r#"{"id":9202522731445525542,"total":0.10,"parent":{"id":1}}"#).success();
    for refused in [
        r#"{"id":9202522731445525543}"#,
        r#"{"id":1,"parent":{"id":2,"total":0.09}}"#,
    ] {
        assert_eq!(send(refused).code, 1, "{refused}");
    }

    let again = import(&bench, "openapi.yaml", "--dry-run --exit-code");
    assert!(
        again.success().contains("Nothing to change, = 1 unchanged."),
        "{again:?}"
    );
}

#[test]
fn what_the_document_does_not_state_stays() {
    let bench = Bench::new();
    let set = r#"event-types set order.paid --hidden --description Old --example {"n":1.50} --schema {"type":"object"}"#;
    bench.command(set).success();
    bench
        .command("event-types set other --description Kept")
        .success();
    bench.write(
        "silent.json",
        r#"{"openapi":"3.2.0","webhooks":{"order.paid":{"post":{}}}}"#,
    );
    let silent = import(&bench, "silent.json", "--yes");
    assert!(silent.success().contains("= 1 unchanged"), "{silent:?}");
    bench.write(
        "new.json",
        r#"{"openapi":"3.2.0","webhooks":{"order.paid":{"post":{"description":"New"}}}}"#,
    );
    let changed = import(&bench, "new.json", "--yes --json").json();
    let fields = json!([{"field": "description", "old": "Old", "new": "New"}]);
    assert_eq!(
        (&changed["changes"][0]["fields"], &changed["changes"][0]["done"]),
        (&fields, &json!(true))
    );
    let mut order = show(&bench, "order.paid");
    order
        .as_object_mut()
        .unwrap()
        .retain(|member, _| !member.ends_with("_at"));
    let expected = json!({"name": "order.paid", "description": "New", "visible": false, "example": {"n": 1.50},
        "schema": {"type": "object"}});
    assert_eq!(order, expected);
    assert_eq!(show(&bench, "other")["description"], "Kept");
}

/// Such types are hidden until somebody describes them.
#[test]
fn an_event_type_that_an_event_added_is_shown_once_an_import_describes_it() {
    let bench = Bench::new();
    bench.command("accounts create --uid acme Acme").success();
    bench.command("events send acme seen --data {}").success();
    bench.write(
        "silent.json",
        r#"{"openapi":"3.1.0","webhooks":{"seen":{"post":{}}}}"#,
    );
    import(&bench, "silent.json", "--yes").success();
    assert_eq!(show(&bench, "seen")["visible"], false);
    let described = r#"{"openapi":"3.1.0","webhooks":{"seen":{"post":{"description":"It was seen"}}}}"#;
    bench.write("described.json", described);
    let imported = import(&bench, "described.json", "--yes");
    assert!(
        imported.success().contains("visible: false → true"),
        "{imported:?}"
    );
    assert_eq!(show(&bench, "seen")["visible"], true);
    let again = import(&bench, "described.json", "--dry-run --exit-code");
    assert_eq!(again.code, 0, "{again:?}");
}

#[test]
fn asyncapi_of_both_versions_gives_the_same() {
    let bench = Bench::new();
    for (version, channel, expected) in [
        (
            "2.6.0",
            "subscribe: {message: {$ref: '#/components/messages/OrderPaid'}}",
            "Done: 1 created.",
        ),
        (
            "3.0.0",
            "messages: {paid: {$ref: '#/components/messages/OrderPaid'}}",
            "Nothing to change, = 1 unchanged.",
        ),
    ] {
        let text = MESSAGES.replace("VERSION", version).replace("CHANNEL", channel);
        bench.write("asyncapi.yaml", &text);
        let imported = import(&bench, "asyncapi.yaml", "--yes");
        assert!(imported.success().contains(expected), "{version}: {imported:?}");
    }
    let order = show(&bench, "order.paid");
    assert_eq!(order["schema"]["$defs"], json!({"Money": {"type": "number"}}));
}

#[test]
fn everything_wrong_is_reported_and_nothing_is_sent() {
    let bench = Bench::new();
    let faulty = ENVELOPES.replace("const: order.paid", "const: order paid");
    let faulty = faulty.replace(
        "image/png: {schema: {}}",
        "application/json: {schema: {$ref: 'other.yaml#/x'}}",
    );
    bench.write("openapi.yaml", &faulty);
    let refused = import(&bench, "openapi.yaml", "--yes");
    assert_eq!(refused.code, 2, "{refused:?}");
    for expected in [
        "2 faults in ",
        "openapi.yaml:7:7: /webhooks/orderPaid/post: `order paid` cannot be the name of an event type",
        "/webhooks/orderImage/post/requestBody/content/application~1json/schema: `other.yaml#/x` is in another document",
    ] {
        assert!(refused.err.contains(expected), "{expected} in {}", refused.err);
    }
    // What only the server knows is said with its line too.
    let faulty = ENVELOPES.replace("type: number, minimum", "type: numbre, minimum");
    bench.write("openapi.yaml", &faulty);
    let refused = import(&bench, "openapi.yaml", "--yes");
    assert!(
        refused.code == 1 && refused.err.contains("openapi.yaml:"),
        "{refused:?}"
    );
    assert!(
        refused.err.contains("event type order.paid: /schema"),
        "{refused:?}"
    );
    let missing = import(&bench, "missing.yaml", "--yes");
    assert!(
        missing.code == 2 && missing.err.contains("missing.yaml"),
        "{missing:?}"
    );
}

#[test]
fn an_export_gives_another_server_the_same_catalogue() {
    let bench = Bench::new();
    bench.write("openapi.yaml", &guide());
    import(&bench, "openapi.yaml", "--yes").success();
    bench.write("openapi.yaml", ENVELOPES);
    import(&bench, "openapi.yaml", "--yes").success();
    bench.command("event-types set plain").success();
    bench
        .command("event-types set internal --hidden --description Mine")
        .success();
    for (format, file) in [("openapi", "webhooks.json"), ("asyncapi", "asyncapi.yaml")] {
        let line = format!(
            "event-types export --format {format} --all -o {}",
            bench.path(file)
        );
        bench.command(&line).success();
        let unchanged = import(&bench, file, "--dry-run --exit-code");
        assert!(
            unchanged.success().contains("= 4 unchanged"),
            "{format}: {unchanged:?}"
        );
        let other = Bench::new();
        let line = format!("event-types import {} --yes", bench.path(file));
        other.command(&line).success();
        assert_eq!(catalogue(&other), catalogue(&bench), "{format}");
        let exists = bench.command(&format!(
            "event-types export --format {format} -o {}",
            bench.path(file)
        ));
        assert!(exists.code == 2 && exists.err.contains("--force"), "{exists:?}");
        let public = bench
            .command(&format!("event-types export --format {format}"))
            .out;
        assert!(
            !public.contains("internal") && public.contains("order.paid"),
            "{public}"
        );
    }
}

/// Spectral knows the schemas of both formats, and checks examples against their schemas.
#[test]
fn an_export_passes_the_rules_of_spectral() {
    let bench = Bench::new();
    bench.write("openapi.yaml", ENVELOPES);
    import(&bench, "openapi.yaml", "--yes").success();
    bench.write("openapi.yaml", &guide());
    import(&bench, "openapi.yaml", "--yes").success();
    let schema = r##"{"type":"object","properties":{"a":{"$ref":"#"}},"examples":[{"a":{}}]}"##;
    let set = format!("event-types set tree --hidden --description Trees --schema {schema}");
    bench.command(&set).success();
    for (format, file) in [("openapi", "webhooks.json"), ("asyncapi", "asyncapi.yaml")] {
        let file = bench.path(file);
        let line = format!("event-types export --format {format} --all -o {file}");
        bench.command(&line).success();
        let folder = binary::root().join("tests/openapi");
        let judged = Command::new(folder.join("node_modules/.bin/spectral"))
            .args(["lint", "--fail-severity", "hint", "--ruleset"])
            .arg(folder.join("catalogue.yaml"))
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&judged.stdout);
        assert!(
            judged.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&judged.stderr)
        );
    }
}

/// What `postrider export` writes of the catalogue, numbers with their digits.
fn catalogue(bench: &Bench) -> String {
    bench.command("export").success().to_owned()
}

/// The document of the guide.
fn guide() -> String {
    let guide = std::fs::read_to_string(binary::root().join("docs/configuration-as-code.md")).unwrap();
    let (_, document) = guide.split_once("```yaml\nopenapi:").unwrap();
    format!("openapi:{}", document.split_once("```").unwrap().0)
}
