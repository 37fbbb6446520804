use super::super::faults::Faults;
use super::super::fields::{AUTOMATION, CONNECTION};
use super::super::read::read;
use super::*;

/// The settled object, or what is wrong with it.
fn settled(fields: &[Field], yaml: &str, keeps_secrets: bool) -> Result<Node, String> {
    let folder = std::path::PathBuf::new();
    let variable = |name: &str| (name == "TOKEN").then(|| "t0ken".to_owned());
    let settling = Settling {
        sources: Sources {
            variable: &variable,
            folder: &folder,
        },
        keeps_secrets,
    };
    let mut faults = Faults::default();
    let node = read(yaml, &mut faults).expect("valid YAML");
    let settled = settling.object(fields, &node, "an object", &mut faults);
    faults
        .check("f")
        .map(|()| settled)
        .map_err(|error| error.to_string())
}

const SMALL: &str = "
name: CRM
trigger: {event_types: [a.*]}
actions:
  - type: send_webhook
    url: https://a.example/x?t=1
    secret_query: true
    headers: {X-Key: {from_env: TOKEN}, X-Team: sales}
    plain_headers: [x-team]
";

#[test]
fn defaults_are_filled_in_and_references_resolved() {
    let automation = settled(AUTOMATION, SMALL, false).unwrap();
    let action = &automation.get("actions").unwrap().items()[0];
    assert_eq!(
        action.get("headers").unwrap().json(),
        r#"{"X-Key":"t0ken","X-Team":"sales"}"#
    );
    assert_eq!(action.get("plain_headers").unwrap().json(), r#"["X-Team"]"#);
    assert_eq!(action.text_of("body"), Some("envelope"));
    assert!(automation.get("enabled").unwrap().is_true());
    assert!(action.get("signing_key").is_none(), "left out, it is kept");
    let oauth = "{type: oauth2, hosts: [A.example]}";
    let oauth = settled(CONNECTION, oauth, false).unwrap();
    assert_eq!(oauth.text_of("client_authentication"), Some("basic"));
    assert_eq!(oauth.get("hosts").unwrap().json(), r#"["a.example"]"#);
}

#[test]
fn secrets_that_are_kept_need_no_variables() {
    let yaml = SMALL
        .replace("TOKEN", "NONE")
        .replace("https://a.example/x?t=1", "{from_env: NONE}");
    let automation = settled(AUTOMATION, &yaml, true).unwrap();
    let action = &automation.get("actions").unwrap().items()[0];
    assert_eq!(action.text_of("url"), Some(MASK));
    assert_eq!(action.get("headers").unwrap().text_of("X-Key"), Some(MASK));
    assert_eq!(action.get("headers").unwrap().text_of("X-Team"), Some("sales"));
    let missing = settled(AUTOMATION, &yaml, false).unwrap_err();
    assert_eq!(missing.matches("NONE is not set").count(), 2, "{missing}");
}

#[test]
fn all_faults_are_found_with_their_places() {
    let yaml = "
nmae: CRM
enabled: 'yes'
description: 5
uid: crm
trigger:
  event_types: a.b
  conditions: {all: [{path: /a, op: abuot, value: 1}]}
retry_delays_s: [1.5]
actions:
  - type: send_webook
  - type: send_webhook
    url: https://a.example
    connection: CRM
    connection_id: conn_1
    rate_limit: {requests: 5}
  - type: send_email
    to: [a@b.example]
    subject: s
    text: {from_env: NONE}
";
    let faults = settled(AUTOMATION, yaml, false).unwrap_err();
    for expected in [
        "f:2:1: `nmae` is not a field of an object; did you mean `name`?",
        "an object needs `name`",
        "f:3:10: `enabled` is true or false, not a text",
        "f:4:14: `description` is a text, not a number: put it in quotes",
        "f:5:1: `uid` is not a field of an object; the key of the map is it already",
        "f:7:16: `event_types` is a list of texts, not a text",
        "f:9:17: `retry_delays_s` is a list of whole numbers, not a list",
        "f:11:11: an action needs `type`: `send_webhook` or `send_email`",
        "f:15:5: name the connection by `connection` or by `connection_id`, not by both",
        "f:16:17: `rate_limit` needs `per_s`",
        "f:20:11: the environment variable NONE is not set",
    ] {
        assert!(faults.contains(expected), "{expected:?} in\n{faults}");
    }
    assert!(faults.contains("f:8:33: "), "the operator:\n{faults}");
}
