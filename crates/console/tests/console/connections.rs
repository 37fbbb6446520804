//! The pages of connections, and the choice of one in an automation's form.

use http::StatusCode;

use crate::app::{App, TOKEN, text};

const LIST: &str = "/accounts/{account}/connections";
const ONE: &str = "/accounts/{account}/connections/{connection}";
const EDIT: &str = "/accounts/{account}/automations/{automation}/edit";

#[tokio::test]
async fn a_connection_is_created_listed_and_edited_and_no_page_shows_its_secret() {
    let app = App::start().await;
    let customer = app.customer(false).await;
    let new = app.path(&format!("{LIST}/new?type=oauth2"), 0);
    let page = text(app.get(&new, Some(&customer.cookie)).await).await;
    assert!(page.contains("Token endpoint") && page.contains("Client secret"));
    let typed =
        "name=Bank&token_url=https://id.example/token&client_id=me&scope=a+b&client_authentication=body";
    let faulty = format!("csrf={}&{typed}%00&secret=the-clients-own", customer.csrf);
    let refused = app.post(&new, Some(&customer.cookie), &faulty).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(refused).await;
    assert!(page.contains("Enter the secret again") && page.contains("https://id.example/token"));
    assert!(!page.contains("the-clients-own"));
    let form = format!("csrf={}&{typed}&secret=the-clients-own", customer.csrf);
    let created = app.post(&new, Some(&customer.cookie), &form).await;
    assert_eq!(created.status(), StatusCode::SEE_OTHER);
    let list = text(app.get(&app.path(LIST, 0), Some(&customer.cookie)).await).await;
    for shown in [
        "Bank",
        "OAuth 2.0",
        "https://id.example/token",
        "CRM",
        "Bearer token",
    ] {
        assert!(list.contains(shown), "{shown}");
    }
    let entry = app
        .configuration
        .entry(app.accounts[0].account)
        .await
        .unwrap()
        .unwrap();
    let created = entry.config.connections.last().unwrap();
    assert_eq!(created.authentication.secret().expose(), "the-clients-own");
    let path = app.path(&format!("{LIST}/{}", created.id), 0);
    let page = text(app.get(&path, Some(&customer.cookie)).await).await;
    assert!(page.contains("value=\"a b\"") && !page.contains("the-clients-own"));
    // An empty secret keeps the stored one.
    let form = format!("csrf={}&version=1&{typed}&secret=", customer.csrf);
    let form = form.replace("name=Bank", "name=Savings");
    let saved = app.post(&path, Some(&customer.cookie), &form).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    let entry = app
        .configuration
        .entry(app.accounts[0].account)
        .await
        .unwrap()
        .unwrap();
    let edited = entry.config.connections.last().unwrap();
    assert_eq!(
        (&*edited.name, edited.authentication.secret().expose()),
        ("Savings", "the-clients-own")
    );
    // A new secret that was not saved is asked for again, so that nobody believes that it was.
    let faulty = format!("csrf={}&version=2&{typed}%00&secret=", customer.csrf);
    for (secret, is_lost) in [("the-next", true), ("", false)] {
        let form = format!("{faulty}{secret}");
        let page = text(app.post(&path, Some(&customer.cookie), &form).await).await;
        assert!(page.contains("Not saved.") && !page.contains("the-next"));
        assert_eq!(page.contains("Enter the secret again"), is_lost);
    }
    // The version that this form is about is an old one by now.
    let stale = app.post(&path, Some(&customer.cookie), &form).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_private_key_that_was_typed_with_the_certificate_is_not_shown_again() {
    const PEM: &str = "-----BEGIN+CERTIFICATE-----%0AMIIB%0A-----END+CERTIFICATE-----";
    let app = App::start().await;
    let customer = app.customer(false).await;
    let new = app.path(&format!("{LIST}/new?type=client_certificate"), 0);
    let key = PEM
        .replace("CERTIFICATE", "PRIVATE+KEY")
        .replace("MIIB", "MC4CAQAw");
    for (certificate, is_shown) in [
        (PEM.to_owned(), true),
        (format!("{PEM}%0A{key}"), false),
        (format!("{key}%0A{PEM}"), false),
    ] {
        let form = format!(
            "csrf={}&name=Partner&certificate={certificate}&secret=",
            customer.csrf
        );
        let refused = app.post(&new, Some(&customer.cookie), &form).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = text(refused).await;
        assert!(!page.contains("MC4CAQAw"), "{page}");
        assert_eq!(page.contains("MIIB"), is_shown);
        assert_eq!(page.contains("leave that section out"), !is_shown);
    }
}

#[tokio::test]
async fn an_automation_uses_a_connection_which_then_cannot_be_deleted() {
    let app = App::start().await;
    let operator = app.operator().await;
    let id = app.accounts[0].connection.to_string();
    let edit = app.path(EDIT, 0);
    let page = text(app.get(&edit, Some(&operator.cookie)).await).await;
    assert!(page.contains(&format!("<option value=\"{id}\">CRM</option>")));
    let action = page
        .split("name=\"id.0\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let form = format!(
        "csrf={}&do=save&version=1&name=n&event_type=a.b&enabled=1&row=0&id.0={action}&on.0=1\
         &url.0=https%3A%2F%2Freceiver.example%2F&connection.0={id}",
        operator.csrf
    );
    let saved = app.post(&edit, Some(&operator.cookie), &form).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER, "{}", text(saved).await);
    let page = text(app.get(&edit, Some(&operator.cookie)).await).await;
    assert!(page.contains(&format!("<option value=\"{id}\" selected>CRM</option>")));
    let delete = app.path(&format!("{ONE}/delete"), 0);
    let asked = text(app.get(&delete, Some(&operator.cookie)).await).await;
    assert!(asked.contains("is in use") && !asked.contains("<button class=\"danger\">"));
    let csrf = format!("csrf={}", operator.csrf);
    let refused = app.post(&delete, Some(&operator.cookie), &csrf).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(
        text(refused)
            .await
            .contains("These automations use the connection")
    );
    // The other account's is used by nothing.
    let other = app.path(&format!("{ONE}/delete"), 1);
    let asked = text(app.get(&other, Some(&operator.cookie)).await).await;
    assert!(asked.contains("<button class=\"danger\">"));
    let deleted = app.post(&other, Some(&operator.cookie), &csrf).await;
    assert_eq!(deleted.status(), StatusCode::SEE_OTHER);
    let entry = app
        .configuration
        .entry(app.accounts[1].account)
        .await
        .unwrap()
        .unwrap();
    assert!(entry.config.connections.is_empty());
}

#[tokio::test]
async fn who_may_only_read_sees_the_list_without_its_forms() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    let list = text(app.get(&app.path(LIST, 0), Some(&reader.cookie)).await).await;
    assert!(list.contains("CRM") && !list.contains("New connection") && !list.contains(TOKEN));
    assert!(!list.contains(&app.path(ONE, 0)));
}
