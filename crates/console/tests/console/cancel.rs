//! Canceling pending deliveries in the console: counted first, then canceled with progress.

use bytes::Bytes;
use http::StatusCode;
use postrider_configuration::{ActionDraft, AutomationDraft, DoesDraft, SendWebhookDraft};
use postrider_model::By;

use crate::app::{App, text};

#[tokio::test]
async fn pending_deliveries_are_counted_and_then_canceled() {
    let app = App::start().await;
    let operator = app.operator().await;
    let account = app.accounts[0].account;
    let webhook = DoesDraft::SendWebhook(SendWebhookDraft::to("https://receiver.example/hang"));
    let draft = AutomationDraft {
        uid: None,
        name: "Slow".to_owned(),
        description: String::new(),
        metadata: None,
        enabled: true,
        event_types: vec!["c.d".to_owned()],
        conditions: None,
        actions: vec![ActionDraft::new(webhook)],
        retry_delays_s: None,
    };
    let automation = app
        .configuration
        .create_automation(&By::NODE, account, draft)
        .await;
    let automation = automation.unwrap().id;
    let data = Some(Bytes::from_static(b"1"));
    let sent = app
        .engine
        .send_test(&By::NODE, account, automation, None, data)
        .await;
    assert!(sent.is_ok());
    let path = app.path("/accounts/{account}/cancel", 0);
    let cookie = Some(&*operator.cookie);
    // The count leaves out what is created in its own millisecond.
    let mut counted = String::new();
    for _ in 0..2_000 {
        let response = app
            .get(&format!("{path}?count=1&automation={automation}"), cookie)
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        counted = text(response).await;
        if counted.contains("1 delivery can be canceled") {
            break;
        }
    }
    assert!(counted.contains("Cancel 1 delivery</button>"), "{counted}");
    assert!(
        !counted.contains("id=\"status\""),
        "only pending ones can be canceled"
    );
    let form = format!("csrf={}&automation={automation}&total=1", operator.csrf);
    let run = text(app.post(&path, cookie, &form).await).await;
    assert!(run.contains("1 delivery canceled."), "{run}");
    let list = format!("/accounts/{account}/deliveries?automation={automation}&status=canceled");
    let list = text(app.get(&list, cookie).await).await;
    assert!(list.contains("dlv_"), "{list}");
    let again = app
        .get(&format!("{path}?count=1&automation={automation}"), cookie)
        .await;
    let again = text(again).await;
    assert!(again.contains("No matching delivery can be canceled"), "{again}");
}

#[tokio::test]
async fn a_second_request_to_cancel_has_to_wait() {
    let app = App::start().await;
    let operator = app.operator().await;
    let path = app.path("/accounts/{account}/cancel", 0);
    let form = format!("csrf={}", operator.csrf);
    let cookie = Some(&*operator.cookie);
    let (first, second) = tokio::join!(app.post(&path, cookie, &form), app.post(&path, cookie, &form));
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(second.status(), StatusCode::CONFLICT);
    let page = text(second).await;
    assert!(page.contains("Deliveries are being canceled"), "{page}");
}
