//! Description, uid and metadata of automations: typed, shown, and kept by edits of something else.

use http::StatusCode;
use postrider_configuration::AutomationDraft;
use postrider_model::{Automation, By};

use crate::app::{App, Session, text};

/// The automation of the first account, as stored.
async fn automation(app: &App) -> Automation {
    let things = &app.accounts[0];
    let stored = app.configuration.automation(things.account, things.automation);
    stored.await.unwrap().unwrap()
}

/// Gives it these, without the form.
async fn update(app: &App, edit: impl FnOnce(&mut AutomationDraft)) {
    let current = automation(app).await;
    let mut draft = AutomationDraft::of(&current);
    edit(&mut draft);
    let account = app.accounts[0].account;
    let updated = app
        .configuration
        .update_automation(&By::NODE, account, current, draft)
        .await;
    updated.unwrap();
}

/// Sends the form of the automation with these fields besides the ones that it needs.
async fn save(app: &App, session: &Session, fields: &str) -> (StatusCode, String) {
    let current = automation(app).await;
    let path = app.path("/accounts/{account}/automations/{automation}/edit", 0);
    let form = format!(
        "csrf={}&version={}&name=Tell+them&enabled=1&event_type=a.b&row=0&id.0={}&url.0=https%3A%2F%2Freceiver.example%2F&on.0=1&{fields}",
        session.csrf, current.version, current.actions[0].id
    );
    let response = app.post(&path, Some(&session.cookie), &form).await;
    (response.status(), text(response).await)
}

#[tokio::test]
async fn the_form_saves_description_and_uid_and_the_pages_show_them() {
    let app = App::start().await;
    let customer = app.customer(false).await;
    let fields = "description=Sales+%3Cwants%3E+it.%0D%0AAsk+Ann.&uid=crm%3A1";
    let (status, page) = save(&app, &customer, fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let stored = automation(&app).await;
    assert_eq!(stored.description, "Sales <wants> it.\nAsk Ann.");
    assert_eq!(stored.uid.as_deref(), Some("crm:1"));

    let get = async |path: &str| text(app.get(&app.path(path, 0), Some(&customer.cookie)).await).await;
    let page = get("/accounts/{account}/automations/{automation}").await;
    assert!(page.contains("Sales &#60;wants&#62; it.<br>Ask Ann."), "{page}");
    assert!(page.contains("<code>crm:1</code>"), "{page}");
    let list = get("/accounts/{account}/automations").await;
    assert!(
        list.contains("<span class=\"quiet-text\">Sales &#60;wants&#62; it.</span>"),
        "{list}"
    );
    let form = get("/accounts/{account}/automations/{automation}/edit").await;
    assert!(
        form.contains("Sales &#60;wants&#62; it.\nAsk Ann.</textarea>"),
        "{form}"
    );
    assert!(form.contains("<details id=\"more\" open>") && form.contains("value=\"crm:1\""));
    let empty = get("/accounts/{account}/automations/new").await;
    assert!(empty.contains("<details id=\"more\">"), "the fold is closed");
}

#[tokio::test]
async fn a_uid_of_another_automation_is_a_fault_at_its_field() {
    let app = App::start().await;
    let operator = app.operator().await;
    let account = app.accounts[0].account;
    let mut draft = AutomationDraft::of(&automation(&app).await);
    draft.uid = Some("crm".to_owned());
    draft.actions[0].id = None;
    let other = app
        .configuration
        .create_automation(&By::NODE, account, draft)
        .await;
    other.unwrap();
    for (uid, fault) in [
        ("crm", "Another automation of the account has this id"),
        ("auto_1", "A uid must have 1 to 128"),
    ] {
        let (status, page) = save(&app, &operator, &format!("uid={uid}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let (_, rest) = page.split_once("id=\"uid-fault\">").unwrap();
        assert!(rest.starts_with(fault), "{rest}");
        assert!(
            page.contains("<details id=\"more\" open>"),
            "the fault can be seen"
        );
    }
}

#[tokio::test]
async fn saving_the_form_keeps_the_metadata_and_the_page_shows_it() {
    let app = App::start().await;
    let operator = app.operator().await;
    let path = app.path("/accounts/{account}/automations/{automation}", 0);
    let page = text(app.get(&path, Some(&operator.cookie)).await).await;
    assert!(!page.contains("id=\"metadata\""), "there is none");
    update(&app, |draft| draft.metadata = Some(r#"{"n":1.10}"#.to_owned())).await;
    let (status, _) = save(&app, &operator, "description=New").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let stored = automation(&app).await;
    assert_eq!(
        (stored.metadata.as_str(), stored.description.as_str()),
        (r#"{"n":1.10}"#, "New")
    );
    let page = text(app.get(&path, Some(&operator.cookie)).await).await;
    let (_, metadata) = page.split_once("id=\"metadata\"").unwrap();
    assert!(
        metadata.split("</details>").next().unwrap().contains("1.10"),
        "{page}"
    );
}
