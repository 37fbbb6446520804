use postrider_model::{
    BodyContent, BodyStyle, ConnectionId, CustomHeader, Ed25519Secret, Recipients, SecretQuery, SendEmail,
    SendWebhook, SigningKey, SigningKeyId, SigningSecret, Timestamp, WebhookBody, WebhookSignature,
};

use super::*;

fn own_key(number: u8, expires_at: Option<Timestamp>) -> SigningKey {
    let secret = match number {
        1 => SigningSecret::from_random([number; 24]).into(),
        _ => Ed25519Secret::from_random([number; 32]).into(),
    };
    SigningKey {
        id: SigningKeyId::from_u128(number.into()),
        secret,
        created_at: Timestamp::from_unix_ms(number.into()),
        expires_at,
    }
}

fn webhook(id: u128) -> Action {
    Action {
        id: ActionId::from_u128(id),
        enabled: true,
        disabled_reason: None,
        rate_limit: RateLimit::new(100, 60),
        does: Does::SendWebhook(SendWebhook {
            url: "https://a.example/hooks?••••".to_owned(),
            body: WebhookBody::BuiltIn {
                content: BodyContent::Data,
                style: BodyStyle::Python,
            },
            headers: vec![
                CustomHeader::secret("Authorization", "Bearer hidden"),
                CustomHeader::plain("X-A", "1"),
            ],
            secret_query: Some(SecretQuery::new("token=1")),
            timeout_s: Some(7),
            signature: WebhookSignature {
                profile: Some("github".to_owned()),
                own_keys: vec![own_key(2, None), own_key(1, Some(Timestamp::from_unix_ms(9)))],
            },
            connection: Some(ConnectionId::from_u128(3)),
        }),
    }
}

fn email(id: u128) -> Action {
    let to = ["ann@a.example", "bob@b.example"].map(|address| address.parse().unwrap());
    Action {
        does: Does::SendEmail(SendEmail {
            to: Recipients::new(to.to_vec()).unwrap(),
            subject: "{{ data.title }}".to_owned(),
            text: "\"é\"\r\n".to_owned(),
        }),
        ..webhook(id)
    }
}

#[test]
fn the_stored_recipients_are_the_target_of_the_action() {
    let text = actions_text(&[email(3)]);
    let disable = DisableAction {
        action: ActionId::from_u128(3),
        target: email(3).does.target().to_owned(),
        reason: DisabledReason::Gone,
    };
    assert_eq!(disable.target, "ann@a.example, bob@b.example");
    assert!(with_action_disabled(&text, &disable).unwrap().is_some());
    let other = DisableAction {
        target: "ann@a.example".to_owned(),
        ..disable
    };
    assert_eq!(with_action_disabled(&text, &other), Ok(None));
    let twice = text.replace("bob@b", "ann@a");
    assert_eq!(
        actions(&twice, Secrets::default()),
        Err(Damaged("the recipients of an e-mail"))
    );
    let wrong = text.replace("bob@b.example", "bob@b");
    assert_eq!(
        actions(&wrong, Secrets::default()),
        Err(Damaged("an e-mail address"))
    );
}

#[test]
fn actions_survive_their_stored_form() {
    let bare = Action {
        enabled: false,
        disabled_reason: Some(DisabledReason::Gone),
        rate_limit: None,
        does: Does::SendWebhook(SendWebhook {
            url: "http://b.example".to_owned(),
            body: WebhookBody::BuiltIn {
                content: BodyContent::Envelope,
                style: BodyStyle::Js,
            },
            headers: Vec::new(),
            secret_query: None,
            timeout_s: None,
            signature: Default::default(),
            connection: None,
        }),
        ..webhook(2)
    };
    let written = [webhook(1), bare, email(3)];
    let secrets = Secrets::of(&written).unwrap();
    let secrets = Secrets::parse(secrets.text().as_bytes()).unwrap();
    assert_eq!(actions(&actions_text(&written), secrets), Ok(written.to_vec()));
}

#[test]
fn values_of_secret_headers_and_queries_are_in_the_secrets_alone() {
    let written = [webhook(1)];
    let (text, secrets) = (actions_text(&written), Secrets::of(&written).unwrap());
    assert!(
        !text.contains("hidden") && !text.contains("token=1") && text.contains("Authorization"),
        "{text}"
    );
    assert!(secrets.text().contains("token=1"));
    assert!(secrets.text().contains("Bearer hidden") && !format!("{secrets:?}").contains("hidden"));
    let of_another = Secrets::of(&[webhook(2)]).unwrap();
    for wrong in [Secrets::default(), of_another] {
        assert_eq!(
            actions(&text, wrong),
            Err(Damaged("a URL without its secret query"))
        );
    }
    let without_query = text.replace(r#""secret_query":true,"#, "");
    let no_header = actions(&without_query, Secrets::default());
    assert_eq!(no_header, Err(Damaged("a header without its value")));
}

#[test]
fn keys_of_an_action_are_in_the_secrets_alone_and_one_of_them_is_current() {
    let written = [webhook(1)];
    let (text, secrets) = (actions_text(&written), Secrets::of(&written).unwrap());
    assert!(!text.contains("whs") && text.contains("own_keys"), "{text}");
    assert!(secrets.text().contains("whsk_") && secrets.text().contains("whsec_"));
    let without_current = secrets
        .text()
        .replace(r#""created_at":2"#, r#""created_at":2,"expires_at":3"#);
    let without_keys = secrets.text().replace("\"keys\"", "\"other\"");
    for damaged in [without_current, without_keys] {
        let opened = actions(&text, Secrets::parse(damaged.as_bytes()).unwrap());
        assert_eq!(opened, Err(Damaged("an action without its signing key")));
    }
}

#[test]
fn a_stored_action_is_tagged_with_what_it_does() {
    let text = actions_text(&[webhook(1)]);
    let opened = |text: &str| actions(text, Secrets::of(&[webhook(1)]).unwrap());
    let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stored[0]["type"], "send_webhook");
    let unknown = text.replace("send_webhook", "send_fax");
    assert_eq!(opened(&unknown), Err(Damaged("JSON of another shape")));
    let unlimited = text.replace(r#""requests":100"#, r#""requests":0"#);
    assert_eq!(opened(&unlimited), Err(Damaged("a rate limit")));
    let untagged = text.replace(r#""type":"send_webhook","#, "");
    assert_eq!(opened(&untagged), Err(Damaged("JSON of another shape")));
}

#[test]
fn a_stored_trigger_is_an_object() {
    let mut written = Trigger {
        event_types: vec!["proposal.*".parse().unwrap(), "invoice.paid".parse().unwrap()],
        conditions: None,
    };
    let text = trigger_text(&written);
    assert_eq!(text, r#"{"event_types":["proposal.*","invoice.paid"]}"#);
    assert_eq!(trigger(&text).as_ref(), Ok(&written));
    assert_eq!(event_types(&text).as_ref(), Ok(&written.event_types));

    let conditions = r#"{"all":[{"path":"/total","op":"gte","value":8202522731445525542.50}]}"#;
    written.conditions = Some(Conditions::read(conditions).unwrap());
    let text = trigger_text(&written);
    assert_eq!(
        text,
        format!(r#"{{"event_types":["proposal.*","invoice.paid"],"conditions":{conditions}}}"#)
    );
    assert_eq!(trigger(&text).as_ref(), Ok(&written));
    assert_eq!(event_types(&text), Ok(written.event_types));
    let unknown = text.replace("gte", "about");
    assert_eq!(trigger(&unknown), Err(Damaged("a trigger's conditions")));
    assert_eq!(
        trigger(r#"["proposal.*"]"#),
        Err(Damaged("JSON of another shape"))
    );
    assert_eq!(
        trigger(r#"{"event_types":["a b"]}"#),
        Err(Damaged("a trigger's pattern"))
    );
}
