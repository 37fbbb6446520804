//! The signing key: shown after a click, rotated with an overlap.

use postrider_tests::browser::{button, css, label, link};
use postrider_tests::wait::SOON;
use serde_json::json;

use super::desk::Desk;

#[tokio::test]
async fn the_key_is_shown_after_a_click_and_rotated_with_an_overlap() {
    let desk = Desk::open().await;
    let (browser, receiver) = (&desk.browser, &desk.receiver);
    let old = desk.account.secret().await;
    desk.account
        .automation(json!({"type": "send_webhook", "url": receiver.url("/hooks")}))
        .await;
    desk.go("/signing-key").await;
    let markup = async || {
        browser
            .evaluate("document.documentElement.outerHTML")
            .await
            .to_string()
    };
    assert!(!markup().await.contains(&old));
    browser.click(button("Show the key")).await;
    browser.wait_for_text(&old).await;
    assert!(!browser.current_url().await.contains(&old));

    desk.go("/signing-key").await;
    browser.click(link("Rotate…")).await;
    browser.click(css("input[name=overlap][value='3600']")).await;
    browser.click(button("Rotate key")).await;
    browser
        .wait_for_text("The key was rotated. Both keys sign until")
        .await;
    let new = desk.account.secret().await;
    assert_ne!(old, new);
    desk.account.send("a.b", "1").await;
    let sent = receiver.wait_for("/hooks", 1, SOON).await;
    assert!(!sent[0].header("postrider-signature-next").is_empty());
    assert_eq!(sent[0].header("webhook-signature").split(' ').count(), 2);

    desk.go("/signing-key/rotate").await;
    browser.click(button("Use a key of my own")).await;
    browser.type_into(label("New key"), "whsec_short").await;
    browser.click(button("Rotate key")).await;
    browser.wait_for(css("#secret[aria-invalid=true]")).await;
    assert_eq!(
        browser.property(css("#secret"), "value").await,
        json!("whsec_short")
    );
    // Another rotation ends no key early.
    browser.type_into(label("New key"), "").await;
    browser.click(button("Rotate key")).await;
    browser.wait_for_text("Each key signs until it expires").await;
    desk.account.send("a.b", "2").await;
    let sent = receiver.wait_for("/hooks", 2, SOON).await;
    assert_eq!(sent[1].header("webhook-signature").split(' ').count(), 3);
    browser.assert_no_fault_logged(&["422"]).await;
}

#[tokio::test]
async fn snippets_carry_the_names_of_this_installations_headers() {
    let desk = Desk::open_with(
        &["--header-prefix", "Acme"],
        postrider_tests::Browser::start().await,
    )
    .await;
    desk.go("/signing-key").await;
    desk.browser.wait_for_text("webhook-signature").await;
    desk.browser.click(link("Plain HMAC")).await;
    desk.browser.wait_for_text("Acme-Signature-Next").await;
    for language in ["Python", "PHP", "Go", "Ruby", "Java", "C#", "Rust", "Node.js"] {
        desk.browser.click(link(language)).await;
        desk.browser
            .wait_for(css(&format!("pre[aria-label='Verifying in {language}']")))
            .await;
        let snippet = desk
            .browser
            .text("#snippet")
            .await
            .to_lowercase()
            .replace('_', "-");
        assert!(snippet.contains("acme-signature"), "{language}: {snippet}");
        assert!(!snippet.contains("{{"), "{language}: {snippet}");
    }
    desk.browser.click(link("Standard Webhooks library")).await;
    desk.browser.wait_for_text("webhook-signature").await;
}
