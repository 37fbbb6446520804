//! Automations in the list and on their pages.

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
            assert!(page.contains("No URL is on"), "{page}");
            assert!(!page.contains(">On<"), "{page}");
        }
    }
}
