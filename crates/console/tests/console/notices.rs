//! *Tell me when this fails* in the form of an automation.

use http::StatusCode;
use postrider_configuration::{AutomationDraft, DoesDraft};
use postrider_model::{Automation, By, Does};

use crate::app::{App, Session, text};

/// Creates an automation with this part of the form, and returns the response's status and page.
async fn create(app: &App, session: &Session, notice: &str) -> (StatusCode, String) {
    let form = format!(
        "csrf={}&do=save&enabled=1&name=CRM&event_type=a.b&row=0&id.0=&on.0=1&url.0=https%3A%2F%2Freceiver.example%2F&{notice}",
        session.csrf
    );
    let path = app.path("/accounts/{account}/automations/new", 0);
    let response = app.post(&path, Some(&session.cookie), &form).await;
    (response.status(), text(response).await)
}

async fn automations(app: &App) -> Vec<Automation> {
    let entry = app.configuration.entry(app.accounts[0].account).await;
    entry.unwrap().unwrap().config.automations.clone()
}

async fn named(app: &App, name: &str) -> Option<Automation> {
    let mut automations = automations(app).await.into_iter();
    automations.find(|automation| automation.name == name)
}

/// Saves the automation with this part of the form.
async fn save(app: &App, session: &Session, automation: &Automation, notice: &str) {
    let form = format!(
        "csrf={}&do=save&enabled=1&version={}&name={}&event_type=a.b&row=0&id.0={}&on.0=1&url.0=https%3A%2F%2Freceiver.example%2F&{notice}",
        session.csrf, automation.version, automation.name, automation.actions[0].id
    );
    let path = format!("/accounts/{{account}}/automations/{}/edit", automation.id);
    let saved = app.post(&app.path(&path, 0), Some(&session.cookie), &form).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
}

const TICKED: &str = "notify_offered=1&notify=1&notify_to=ops%40a.example";

#[tokio::test]
async fn a_tick_creates_a_notice_that_keeps_its_edits_and_goes_with_the_tick() {
    let app = App::start().await;
    let session = app.customer(false).await;
    assert_eq!(create(&app, &session, TICKED).await.0, StatusCode::SEE_OTHER);
    let crm = named(&app, "CRM").await.unwrap();
    let notice = named(&app, "When “CRM” fails").await.unwrap();
    let mut draft = AutomationDraft::of(&notice);
    let DoesDraft::SendEmail(email) = &mut draft.actions[0].does else {
        panic!("an e-mail");
    };
    email.text = "Call Ann".to_owned();
    let account = app.accounts[0].account;
    let edited = app
        .configuration
        .update_automation(&By::NODE, account, notice, draft)
        .await;
    edited.unwrap();

    save(&app, &session, &crm, TICKED).await;
    let notice = named(&app, "When “CRM” fails").await.unwrap();
    let Does::SendEmail(email) = &notice.actions[0].does else {
        panic!("an e-mail");
    };
    assert_eq!(email.text, "Call Ann");
    let form = format!("/accounts/{{account}}/automations/{}/edit", notice.id);
    let form = text(app.get(&app.path(&form, 0), Some(&session.cookie)).await).await;
    assert!(!form.contains("notify_to"), "a notice has no notice");

    let crm = named(&app, "CRM").await.unwrap();
    save(&app, &session, &crm, "notify_offered=1&notify_to=ops%40a.example").await;
    assert!(named(&app, "When “CRM” fails").await.is_none());
}

#[tokio::test]
async fn a_notice_goes_with_its_automation() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let before = automations(&app).await.len();
    assert_eq!(create(&app, &session, TICKED).await.0, StatusCode::SEE_OTHER);
    let crm = named(&app, "CRM").await.unwrap();
    assert_eq!(automations(&app).await.len(), before + 2);
    let deleted = app
        .configuration
        .delete_automation(&By::NODE, app.accounts[0].account, crm.id, None)
        .await;
    assert!(deleted.unwrap().is_deleted());
    assert_eq!(automations(&app).await.len(), before);
}

#[tokio::test]
async fn an_address_that_is_none_saves_nothing() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let before = automations(&app).await.len();
    for notice in [
        "notify_offered=1&notify=1&notify_to=",
        "notify_offered=1&notify=1&notify_to=root%40localhost",
    ] {
        let (status, page) = create(&app, &session, notice).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains("id=\"notify-to-fault\""), "{page}");
    }
    assert_eq!(automations(&app).await.len(), before);
}
