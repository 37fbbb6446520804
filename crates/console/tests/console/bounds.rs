//! Pages of requests that a bound refuses.

use http::StatusCode;
use postrider_configuration::{ActionDraft, AutomationDraft, DoesDraft, SendWebhookDraft};
use postrider_model::By;
use postrider_model::automation::{ACTIONS_MAX, DELIVERIES_PER_EVENT_MAX};

use crate::app::{App, text};

fn automation(event_type: &str, enabled: bool) -> AutomationDraft {
    let webhook = || DoesDraft::SendWebhook(SendWebhookDraft::to("https://receiver.example/"));
    AutomationDraft {
        uid: None,
        name: "Tell them".to_owned(),
        description: String::new(),
        metadata: None,
        enabled,
        event_types: vec![event_type.to_owned()],
        conditions: None,
        actions: (0..ACTIONS_MAX).map(|_| ActionDraft::new(webhook())).collect(),
        retry_delays_s: None,
    }
}

#[tokio::test]
async fn switching_on_too_many_actions_names_the_event_type_and_their_number() {
    let app = App::start().await;
    let operator = app.operator().await;
    let create = async |draft| {
        let account = app.accounts[0].account;
        app.configuration
            .create_automation(&By::NODE, account, draft)
            .await
            .unwrap()
    };
    for _ in 0..DELIVERIES_PER_EVENT_MAX / ACTIONS_MAX {
        create(automation("c.d", true)).await;
    }
    let off = create(automation("c.*", false)).await;
    let path = app.path("/accounts/{account}/automations", 0);
    let form = format!("csrf={}&enabled=true", operator.csrf);
    let switched = app
        .post(
            &format!("{path}/{}/switch", off.id),
            Some(&operator.cookie),
            &form,
        )
        .await;
    assert_eq!(switched.status(), StatusCode::CONFLICT);
    let page = text(switched).await;
    assert!(page.contains("“c.d” would trigger 550 actions"), "{page}");
    assert!(page.contains("at most 500 are possible"), "{page}");
}

#[tokio::test]
async fn a_second_replay_of_an_account_has_to_wait() {
    let app = App::start().await;
    let operator = app.operator().await;
    let path = app.path("/accounts/{account}/replay", 0);
    let form = format!("csrf={}&status=failed", operator.csrf);
    let cookie = Some(&*operator.cookie);
    // Both arrive before the first has ended, because the replay is a task of its own.
    let (first, second) = tokio::join!(app.post(&path, cookie, &form), app.post(&path, cookie, &form));
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(second.status(), StatusCode::CONFLICT);
    let page = text(second).await;
    assert!(page.contains("A replay is running"), "{page}");
}
