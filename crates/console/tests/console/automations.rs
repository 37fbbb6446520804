//! Automations in the list and on their pages.

use http::StatusCode;
use postrider_configuration::AutomationDraft;
use postrider_model::By;

use crate::app::{App, text};

#[tokio::test]
async fn an_automation_without_an_action_that_is_on_never_shows_as_on() {
    let app = App::start().await;
    let account = app.accounts[0].account;
    let stored = app
        .configuration
        .automation(account, app.accounts[0].automation)
        .await;
    let stored = stored.unwrap().unwrap();
    let mut draft = AutomationDraft::of(&stored);
    draft.actions[0].enabled = false;
    let updated = app
        .configuration
        .update_automation(&By::NODE, account, stored, draft)
        .await;
    updated.unwrap();
    for session in [app.operator().await, app.customer(true).await] {
        for page in [
            "/accounts/{account}/automations",
            "/accounts/{account}/automations/{automation}",
        ] {
            let page = text(app.get(&app.path(page, 0), Some(&session.cookie)).await).await;
            assert!(page.contains("All actions off"), "{page}");
            assert!(!page.contains(">On<"), "{page}");
        }
    }
}

#[tokio::test]
async fn saving_with_a_test_shows_what_came_back() {
    let app = App::start().await;
    let operator = app.operator().await;
    let cookie = Some(&*operator.cookie);
    let save = async |enabled: &str| {
        let form = format!(
            "csrf={}&name=CRM&event_type=a.b&row=0&id.0=&on.0=1&url.0=https%3A%2F%2Freceiver.example%2F{enabled}&do=save_and_test",
            operator.csrf
        );
        let path = app.path("/accounts/{account}/automations/new", 0);
        let saved = app.post(&path, cookie, &form).await;
        assert_eq!(saved.status(), StatusCode::SEE_OTHER);
        saved.headers()["location"].to_str().unwrap().to_owned()
    };
    let result = save("&enabled=1").await;
    assert!(result.contains("/tests/evt_"), "{result}");
    let page = text(app.get(&result, cookie).await).await;
    assert!(page.contains("https://receiver.example/"), "{page}");
    let off = save("").await;
    assert!(
        off.ends_with("?saved=1"),
        "a test of an automation that is off is not sent: {off}"
    );
}
