use postrider_model::{BodyContent, BodyStyle, SendWebhook};

use super::*;

fn webhook(id: u128) -> Action {
    Action {
        id: ActionId::from_u128(id),
        enabled: true,
        disabled_reason: None,
        rate_limit: RateLimit::new(100, 60),
        does: Does::SendWebhook(SendWebhook {
            url: "https://a.example/hooks".to_owned(),
            content: BodyContent::Data,
            style: BodyStyle::Python,
            headers: vec![("X-A".to_owned(), "1".to_owned())],
            timeout_s: Some(7),
        }),
    }
}

#[test]
fn actions_survive_their_stored_form() {
    let bare = Action {
        enabled: false,
        disabled_reason: Some(DisabledReason::Gone),
        rate_limit: None,
        does: Does::SendWebhook(SendWebhook {
            url: "http://b.example".to_owned(),
            content: BodyContent::Envelope,
            style: BodyStyle::Js,
            headers: Vec::new(),
            timeout_s: None,
        }),
        ..webhook(2)
    };
    let written = [webhook(1), bare];
    assert_eq!(actions(&actions_text(&written)), Ok(written.to_vec()));
}

#[test]
fn a_stored_action_is_tagged_with_what_it_does() {
    let text = actions_text(&[webhook(1)]);
    let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stored[0]["type"], "send_webhook");
    let unknown = text.replace("send_webhook", "send_fax");
    assert_eq!(actions(&unknown), Err(Damaged("JSON of another shape")));
    let unlimited = text.replace(r#""requests":100"#, r#""requests":0"#);
    assert_eq!(actions(&unlimited), Err(Damaged("a rate limit")));
    let untagged = text.replace(r#""type":"send_webhook","#, "");
    assert_eq!(actions(&untagged), Err(Damaged("JSON of another shape")));
}

#[test]
fn a_stored_trigger_is_an_object() {
    let written = Trigger {
        event_types: vec!["proposal.*".parse().unwrap(), "invoice.paid".parse().unwrap()],
    };
    let text = trigger_text(&written);
    assert_eq!(text, r#"{"event_types":["proposal.*","invoice.paid"]}"#);
    assert_eq!(trigger(&text), Ok(written));
    assert_eq!(
        trigger(r#"["proposal.*"]"#),
        Err(Damaged("JSON of another shape"))
    );
    assert_eq!(
        trigger(r#"{"event_types":["a b"]}"#),
        Err(Damaged("a trigger's pattern"))
    );
}
