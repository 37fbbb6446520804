//! Templates and messages to chat systems in the form.

use http::StatusCode;

use crate::app::{App, Session, text};

async fn post(app: &App, session: &Session, fields: &str) -> (StatusCode, String) {
    let path = app.path("/accounts/{account}/automations/new", 0);
    let form = format!(
        "csrf={}&name=Chat&enabled=1&event_type=a.b&{fields}",
        session.csrf
    );
    let response = app.post(&path, Some(&session.cookie), &form).await;
    (response.status(), text(response).await)
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn a_preset_replaces_the_empty_row_and_keeps_what_is_filled_in() {
    let app = App::start().await;
    let operator = app.operator().await;
    let (_, page) = post(&app, &operator, "row=0&url.0=&on.0=1&do=add.slack").await;
    assert!(
        page.contains("Slack: URL of the incoming webhook") && page.contains("api.slack.com/apps"),
        "{page}"
    );
    assert_eq!(page.matches("name=\"row\"").count(), 1);
    let filled = "row=0&url.0=https%3A%2F%2Fa.example%2F&on.0=1&do=add.discord";
    let (_, page) = post(&app, &operator, filled).await;
    assert!(page.contains("https://a.example/") && page.contains("Discord: URL of the incoming webhook"));
    assert_eq!(page.matches("name=\"row\"").count(), 2);
}

#[tokio::test]
async fn a_sentence_is_saved_as_a_template_and_shown_as_the_sentence_again() {
    let app = App::start().await;
    let operator = app.operator().await;
    let sentence = encoded("\"Accepted\":\n{{ data.name }}");
    let row =
        format!("row=0&on.0=1&preset.0=slack&url.0=https%3A%2F%2Freceiver.example%2F&sentence.0={sentence}");
    let (_, page) = post(&app, &operator, &format!("{row}&do=check")).await;
    assert!(page.contains("id=\"preview-0\""), "{page}");
    let (status, page) = post(&app, &operator, &row).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let account = app.accounts[0].account;
    let entry = app.configuration.entry(account).await.unwrap().unwrap();
    let saved = entry
        .config
        .automations
        .iter()
        .find(|it| it.name == "Chat")
        .unwrap();
    let path = format!("/accounts/{account}/automations/{}", saved.id);
    let page = text(app.get(&path, Some(&operator.cookie)).await).await;
    assert!(page.contains("Slack message"), "{page}");
    let edit = text(app.get(&format!("{path}/edit"), Some(&operator.cookie)).await).await;
    let shown = "&#34;Accepted&#34;:\n{{ data.name }}</textarea>";
    assert!(edit.contains(shown), "{edit}");
}

#[tokio::test]
async fn faults_of_a_template_stand_at_its_field_with_their_line() {
    let app = App::start().await;
    let operator = app.operator().await;
    let row = "row=0&on.0=1&url.0=https%3A%2F%2Freceiver.example%2F&body.0=template&content_type.0=";
    let template = encoded("a\n{{ data.");
    let (status, page) = post(&app, &operator, &format!("{row}&template.0={template}")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, fault) = page.split_once("id=\"template-0-fault\">").unwrap();
    assert!(fault.starts_with("Line 2: "), "{fault}");
    let (status, page) = post(
        &app,
        &operator,
        "row=0&on.0=1&preset.0=slack&url.0=https%3A%2F%2Freceiver.example%2F&sentence.0=",
    )
    .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("id=\"sentence-0-fault\">Enter a template"),
        "{page}"
    );
}

#[tokio::test]
async fn a_cloud_event_is_chosen_saved_and_shown_again() {
    let app = App::start().await;
    let operator = app.operator().await;
    for (body, option) in [
        ("cloudevents", "CloudEvent"),
        ("cloudevents_binary", "CloudEvent, binary mode"),
    ] {
        let row = format!(
            "row=0&on.0=1&url.0=https%3A%2F%2Freceiver.example%2F&style.0=python&body.0={body}&uid={body}"
        );
        let (status, page) = post(&app, &operator, &row).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        let account = app.accounts[0].account;
        let entry = app.configuration.entry(account).await.unwrap().unwrap();
        let mut automations = entry.config.automations.iter();
        let saved = automations.find(|it| it.uid.as_ref().is_some_and(|uid| uid.as_str() == body));
        let path = format!("/accounts/{account}/automations/{}", saved.unwrap().id);
        let page = text(app.get(&path, Some(&operator.cookie)).await).await;
        assert!(page.contains(option) && page.contains("Python style"), "{page}");
        let edit = text(app.get(&format!("{path}/edit"), Some(&operator.cookie)).await).await;
        assert!(
            edit.contains(&format!("<option value=\"{body}\" selected>")),
            "{edit}"
        );
        assert!(!edit.contains("<option value=\"envelope\" selected>"), "{edit}");
    }
}
