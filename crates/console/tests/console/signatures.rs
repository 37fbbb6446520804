//! Signature profiles and signing keys of actions.

use http::StatusCode;

use crate::app::{App, text};

const KEYS: &str = "/accounts/{account}/automations/{automation}/actions/{action}/signing-key";

#[tokio::test]
async fn an_actions_own_key_is_shown_after_a_click_and_rotated() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let secret = &app.accounts[0].action_secret;
    let automation = app.path("/accounts/{account}/automations/{automation}", 0);
    let path = app.path(KEYS, 0);
    let page = text(app.get(&automation, Some(&session.cookie)).await).await;
    assert!(page.contains(&path), "the automation's page leads to it");
    let entry = app
        .configuration
        .entry(app.accounts[0].account)
        .await
        .unwrap()
        .unwrap();
    let (_, action) = entry.action(app.accounts[0].action).unwrap();
    let postrider_model::Does::SendWebhook(webhook) = &action.does else {
        panic!("a webhook");
    };
    let key = webhook.signature.own_keys[0].id;
    let form = format!("csrf={}&key={key}", session.csrf);
    let page = text(app.post(&path, Some(&session.cookie), &form).await).await;
    assert!(page.contains(secret) && !page.contains(&app.accounts[0].secret));

    let rotate = format!("{path}/rotate");
    let form = format!("csrf={}&current={key}&overlap=3600", session.csrf);
    let rotated = app.post(&rotate, Some(&session.cookie), &form).await;
    assert_eq!(rotated.status(), StatusCode::SEE_OTHER);
    let again = app.post(&rotate, Some(&session.cookie), &form).await;
    assert_eq!(again.status(), StatusCode::CONFLICT, "two clicks rotate once");
    let page = text(app.get(&format!("{path}?rotated=1"), Some(&session.cookie)).await).await;
    assert!(page.contains("Older key") && page.contains("Both keys sign until"));
    let of_account = app.path("/accounts/{account}/signing-key", 0);
    let page = text(app.get(&of_account, Some(&session.cookie)).await).await;
    assert!(!page.contains("Older key") && page.contains("an action that has its own key"));
}

#[tokio::test]
async fn the_form_chooses_a_profile_and_a_key_and_says_what_the_receiver_verifies() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let edit = app.path("/accounts/{account}/automations/{automation}/edit", 0);
    let page = text(app.get(&edit, Some(&session.cookie)).await).await;
    assert!(page.contains("The receiver verifies Postrider-Signature: {hex} with the HMAC-SHA256 of {body}"));
    assert!(page.contains(r#"<option value="own_hmac" selected>"#));
    let form = |profile: &str, key: &str| {
        format!(
            "csrf={}&version=1&name=n&event_type=a.b&row=0&id.0={}&url.0=https://receiver.example/&on.0=1&profile.0={profile}&signing_key.0={key}&enabled=1&do=save",
            session.csrf, app.accounts[0].action
        )
    };
    let refused = app
        .post(&edit, Some(&session.cookie), &form("github", "own_ed25519"))
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(refused).await;
    assert!(page.contains(r#"id="signing_key-0-fault""#) && page.contains("needs a key that begins with"));
    let saved = app
        .post(&edit, Some(&session.cookie), &form("standard", "own_ed25519"))
        .await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    let page = text(app.get(&edit, Some(&session.cookie)).await).await;
    assert!(page.contains("webhook-signature: v1a,{base64} with the Ed25519 of {id}.{timestamp}.{body}"));
    let page = text(app.get(&app.path(KEYS, 0), Some(&session.cookie)).await).await;
    assert!(page.contains("whpk_") && !page.contains(&app.accounts[0].action_secret));
}
