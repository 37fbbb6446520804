//! What is in an account.

use bytes::Bytes;
use postrider_configuration::{
    AccountDraft, ActionDraft, AutomationDraft, Configuration, ConnectionDraft, DoesDraft, EventTypeDraft,
    SendWebhookDraft, SigningKeyDraft,
};
use postrider_engine::Engine;
use postrider_model::{By, ConnectionType, Does, KeyAlgorithm};
use postrider_storage::PutIf;

use super::Things;

/// The token of each account's connection.
pub const TOKEN: &str = "the-token-of-the-connection";

pub(super) async fn describe_event_type(configuration: &Configuration) {
    let draft = EventTypeDraft {
        name: "a.b".to_owned(),
        description: String::new(),
        example: None,
        schema: None,
        visible: true,
    };
    configuration
        .put_event_type(&By::NODE, draft, PutIf::Any)
        .await
        .unwrap();
}

pub(super) async fn fill(engine: &Engine, name: &str) -> Things {
    let configuration = engine.configuration();
    let account = AccountDraft {
        uid: None,
        name: name.to_owned(),
        metadata: None,
        retry_delays_s: None,
    };
    let account = configuration.create_account(&By::NODE, account).await.unwrap().id;
    let connection = ConnectionDraft {
        token: Some(TOKEN.to_owned()),
        ..ConnectionDraft::new("CRM", ConnectionType::Bearer)
    };
    let connection = configuration
        .create_connection(&By::NODE, account, connection)
        .await;
    let webhook = SendWebhookDraft {
        signing_key: Some(SigningKeyDraft::Own(KeyAlgorithm::Hmac)),
        ..SendWebhookDraft::to("https://receiver.example/")
    };
    let automation = AutomationDraft {
        uid: None,
        name: "Tell them".to_owned(),
        description: String::new(),
        metadata: None,
        enabled: true,
        event_types: vec!["a.b".to_owned()],
        conditions: None,
        actions: vec![ActionDraft::new(DoesDraft::SendWebhook(webhook))],
        retry_delays_s: None,
    };
    let automation = configuration
        .create_automation(&By::NODE, account, automation)
        .await
        .unwrap()
        .id;
    let data = Some(Bytes::from_static(b"1"));
    let sent = engine.send_test(&By::NODE, account, automation, None, data).await;
    let entry = configuration.entry(account).await.unwrap().unwrap();
    let action = &entry.config.automations[0].actions[0];
    let Does::SendWebhook(webhook) = &action.does else {
        panic!("a webhook");
    };
    Things {
        account,
        automation,
        event: sent.unwrap().unwrap().unwrap().id,
        delivery: String::new(),
        secret: entry.config.keys[0].secret.expose(),
        action: action.id,
        action_secret: webhook.signature.own_keys[0].secret.expose(),
        connection: connection.unwrap().id,
    }
}
