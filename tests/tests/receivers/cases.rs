//! The bodies under test, and the actions that send each of them.

use postrider_tests::Account;
use serde_json::json;

/// Some `data`, and whether JavaScript and Python can both read and write it without loss.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub data: &'static str,
    pub lossless: bool,
}

const fn lossless(data: &'static str) -> Case {
    Case { data, lossless: true }
}

const fn lossy(data: &'static str) -> Case {
    Case {
        data,
        lossless: false,
    }
}

pub const CASES: &[Case] = &[
    lossless(r#"{"proposal_id":"p_1","total":"1200.00"}"#),
    lossless(r#"{"name":"Zoë Ångström","city":"東京","right":"שלום"}"#),
    lossless(r#"{"emoji":"👋🏽 🏳️‍🌈","line":"\u2028","slash":"a\/b","control":"\u0001\n\t"}"#),
    lossless(r#"{"b":0,"10":"ten","2":"two","a":1,"1":"one","-1":0,"01":0}"#),
    lossless(r#"{"x":{"3":1,"a":2,"1":{"9":0,"8":0}}}"#),
    lossless(r#"{"one":1.0,"large":1e21,"small":1e-7,"money":100.50,"E":1E+2}"#),
    lossless(r#"{"n":9007199254740991,"z":0,"f":0.1}"#),
    lossless(r#"{"a":[{"b":{"c":[1,[2,[3,{"d":null}]]]}},[],{}]}"#),
    lossless(r#"{"__proto__":{"x":1},"constructor":2,"toString":"t"}"#),
    lossless(" { \"spaced\" : [ 1 , 2 ] ,\n \"é\" : true } "),
    lossless("{}"),
    lossless("[]"),
    lossless("null"),
    lossless("\"text\""),
    lossy(r#"{"big":12345678901234567890}"#),
    lossy(r#"{"deep":[{"n":9007199254740993}]}"#),
    lossy(r#"{"n":3.0000000000000000001}"#),
    lossy(r#"{"zero":-0.0}"#),
    lossy(r#"{"a":1,"b":2,"a":3}"#),
    lossy(r#"{"half":"\ud83d"}"#),
];

/// The kinds of body that an action can have.
pub const KINDS: [(&str, &str); 10] = [
    ("envelope", "js"),
    ("envelope", "python"),
    ("envelope", "raw"),
    ("data", "js"),
    ("data", "python"),
    ("data", "raw"),
    ("cloudevents", "js"),
    ("cloudevents", "python"),
    ("cloudevents", "raw"),
    ("cloudevents_binary", "js"),
];

/// The path for deliveries of this kind of body.
pub fn path(content: &str, style: &str) -> String {
    format!("/{content}/{style}")
}

/// Creates an automation that sends every event in every kind of body to paths below `base_url`.
pub async fn automation_of_every_kind(account: &Account, base_url: &str) {
    let actions: Vec<_> = KINDS
        .iter()
        .map(|(content, style)| {
            let url = format!("{base_url}{}", path(content, style));
            json!({"type": "send_webhook", "url": url, "body": content, "body_style": style})
        })
        .collect();
    let body = json!({"name": "Every kind", "trigger": {"event_types": ["*"]}, "actions": actions});
    account
        .api
        .post(account.at("/automations"), body)
        .await
        .expect(201);
}

/// Expects that the event warns of the loss that its data would suffer, and has no warning otherwise.
pub async fn warns_of_loss(account: &Account, event: &str, case: Case) {
    // As text, because not every parser accepts all of these bodies.
    let text = account
        .api
        .get(account.at(&format!("/events/{event}")))
        .await
        .text();
    assert_eq!(text.contains(r#""warnings":[]"#), case.lossless, "{text}");
    assert_eq!(text.contains(r#""pointer":"/data/"#), !case.lossless, "{text}");
    assert!(
        text.contains(case.data.trim()),
        "the record shows the bytes as they came: {text}"
    );
}
