use super::*;

const CURRENT: &str = r#"{"id": "auto_1", "trigger": {"event_types": ["a"], "conditions": {"any": []}},
    "actions": [{"id": "act_1", "type": "send_webhook", "url": "https://a.example/", "body": "template",
    "template": "x", "headers": {"X-Token": "••••", "X-Team": "sales"}, "plain_headers": ["X-Team"],
    "timeout_s": 5}]}"#;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    update: UpdateArgs,
}

fn body(flags: &[&str]) -> Result<Value, String> {
    let line = ["update", "acme", "crm"].iter().chain(flags);
    let line = <Line as clap::Parser>::try_parse_from(line).map_err(|error| error.to_string())?;
    let body = line.update.body(CURRENT).map_err(|failure| failure.to_string())?;
    Ok(serde_json::from_str(&body).unwrap())
}

#[test]
fn only_what_the_flags_name_is_changed() {
    assert_eq!(body(&["--name", "N"]), Ok(json!({"name": "N"})));
    assert_eq!(
        body(&["--on", "a", "--on", "b", "--unset", "uid"]),
        Ok(json!({"trigger": {"event_types": ["a", "b"]}, "uid": null}))
    );
    assert!(body(&[]).unwrap_err().contains("nothing to change"));
}

#[test]
fn new_conditions_replace_the_old_ones_as_a_whole() {
    let row = json!({"path": "/total", "op": "gte", "value": 1000});
    assert_eq!(
        body(&["--only-if", "total >= 1000"]),
        Ok(json!({"trigger": {"conditions": {"any": null, "all": [row]}}}))
    );
    assert_eq!(
        body(&["--unset", "conditions"]),
        Ok(json!({"trigger": {"conditions": null}}))
    );
}

#[test]
fn an_action_is_changed_where_the_flags_say_and_keeps_its_id_and_secrets() {
    let changed = body(&[
        "--to",
        "https://b.example/",
        "--plain-header",
        "x-team: ops",
        "--unset",
        "timeout",
        "--body",
        "data",
    ]);
    let action = &changed.unwrap()["actions"][0];
    assert_eq!(action["id"], "act_1");
    assert_eq!(action["url"], "https://b.example/");
    assert_eq!(action["headers"], json!({"X-Token": "••••", "x-team": "ops"}));
    assert_eq!(action["plain_headers"], json!(["x-team"]));
    assert_eq!(action["timeout_s"], Value::Null);
    assert_eq!(
        (&action["body"], &action["template"]),
        (&json!("data"), &Value::Null)
    );
}

#[test]
fn a_secret_header_that_replaces_a_plain_one_is_not_shown_any_more() {
    let changed = body(&["--header", "X-Team: secret", "--unset-header", "x-token"]).unwrap();
    assert_eq!(changed["actions"][0]["headers"], json!({"X-Team": "secret"}));
    assert_eq!(changed["actions"][0]["plain_headers"], json!([]));
}

#[test]
fn an_action_that_does_not_exist_is_refused() {
    let refused = body(&["--action", "act_2", "--timeout", "5s"]).unwrap_err();
    assert!(refused.contains("no action with this id"), "{refused}");
}
