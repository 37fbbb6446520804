//! The copy of an automation: a filled-in form of a new one.

use http::StatusCode;
use postrider_configuration::{AutomationDraft, DoesDraft};
use postrider_model::By;

use crate::app::{App, text};

const COPY: &str = "/accounts/{account}/automations/{automation}/copy";

/// Gives the automation of the first account a uid, a description, a secret header and a secret query.
async fn with_secrets(app: &App) {
    let things = &app.accounts[0];
    let current = app.configuration.automation(things.account, things.automation);
    let current = current.await.unwrap().unwrap();
    let mut draft = AutomationDraft::of(&current);
    draft.uid = Some("crm".to_owned());
    draft.description = "For sales.".to_owned();
    let DoesDraft::SendWebhook(webhook) = &mut draft.actions[0].does else {
        panic!("a webhook");
    };
    webhook.url = "https://receiver.example/?token=canary1".to_owned();
    webhook.secret_query = true;
    webhook.headers = vec![
        ("X-Token".to_owned(), "canary2".to_owned()),
        ("X-Team".to_owned(), "sales".to_owned()),
    ];
    webhook.plain_headers = vec!["X-Team".to_owned()];
    let updated = app
        .configuration
        .update_automation(&By::NODE, things.account, current, draft)
        .await;
    updated.unwrap();
}

#[tokio::test]
async fn a_copy_is_a_new_automation_that_is_off_and_stored_only_once_it_is_saved() {
    let app = App::start().await;
    let customer = app.customer(false).await;
    with_secrets(&app).await;
    let before = app.state().await;
    let shown = app.path("/accounts/{account}/automations/{automation}", 0);
    let shown = text(app.get(&shown, Some(&customer.cookie)).await).await;
    assert!(shown.contains(&format!("href=\"{}\">Copy</a>", app.path(COPY, 0))));
    let form = app.get(&app.path(COPY, 0), Some(&customer.cookie)).await;
    assert_eq!(form.status(), StatusCode::OK);
    let form = text(form).await;
    let target = app.path("/accounts/{account}/automations/new", 0);
    let target = format!("action=\"{target}\"");
    for part in [
        "<h1>New automation</h1>",
        target.as_str(),
        "name=\"name\" value=\"Copy of Tell them\"",
        "For sales.</textarea>",
        "name=\"event_type\" value=\"a.b\" checked",
        "name=\"enabled\" value=\"1\">",
        "name=\"id.0\" value=\"\"",
        "name=\"uid\" value=\"\"",
        "X-Team: sales",
    ] {
        assert!(form.contains(part), "{part} in {form}");
    }
    assert_eq!(app.state().await, before);
}

#[tokio::test]
async fn a_copy_has_no_secret_and_says_at_the_fields_that_they_have_to_be_typed() {
    let app = App::start().await;
    let operator = app.operator().await;
    with_secrets(&app).await;
    let form = text(app.get(&app.path(COPY, 0), Some(&operator.cookie)).await).await;
    assert!(!form.contains("canary"), "{form}");
    assert!(form.contains("The secret query is not copied."), "{form}");
    assert!(form.contains("Secret values are not copied."), "{form}");
    let edit = app.path("/accounts/{account}/automations/{automation}/edit", 0);
    let edit = text(app.get(&edit, Some(&operator.cookie)).await).await;
    assert!(!edit.contains("not copied"), "an edit keeps its secrets");

    let path = app.path("/accounts/{account}/automations/new", 0);
    let post = async |url: &str, token: &str| {
        let form = format!(
            "csrf={}&name=Copy&event_type=a.b&row=0&id.0=&url.0=https%3A%2F%2Freceiver.example%2F%3F{url}&secret_query.0=1&headers.0=X-Token%3A+{token}",
            operator.csrf
        );
        let response = app.post(&path, Some(&operator.cookie), &form).await;
        (response.status(), text(response).await)
    };
    let mask = "%E2%80%A2%E2%80%A2%E2%80%A2%E2%80%A2";
    let (status, page) = post(mask, mask).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    for fault in ["url-0-fault", "headers-0-fault"] {
        assert!(
            page.contains(&format!("id=\"{fault}\">Send the")),
            "{fault} in {page}"
        );
    }
    let (status, _) = post("token=typed", "typed").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_name_of_a_copy_is_as_long_as_a_name_can_be() {
    let app = App::start().await;
    let operator = app.operator().await;
    let things = &app.accounts[0];
    let current = app.configuration.automation(things.account, things.automation);
    let current = current.await.unwrap().unwrap();
    let mut draft = AutomationDraft::of(&current);
    draft.name = "é".repeat(256);
    let updated = app
        .configuration
        .update_automation(&By::NODE, things.account, current, draft)
        .await;
    updated.unwrap();
    let form = text(app.get(&app.path(COPY, 0), Some(&operator.cookie)).await).await;
    let name = format!("value=\"Copy of {}\"", "é".repeat(248));
    assert!(form.contains(&name), "{form}");
}
