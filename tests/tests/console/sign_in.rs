//! Signing in and out.

use http::Method;
use postrider_tests::browser::{button, label, text};
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Browser, Server};

use super::desk::Desk;

#[tokio::test]
async fn signing_in_with_a_key_returns_to_the_requested_page() {
    let server = Server::start();
    let browser = Browser::start().await;
    let url = server.api().url();
    browser.open(&format!("{url}/accounts?search=acme")).await;
    browser.wait_for_path("/sign-in").await;
    browser
        .type_into(label("API key"), "prk_this-is-not-a-key-of-anybody")
        .await;
    browser.click(button("Sign in")).await;
    browser.wait_for_text("This API key is not valid here.").await;
    browser.assert_accessible("sign in, wrong key").await;
    browser.type_into(label("API key"), ADMIN_KEY).await;
    browser.click(button("Sign in")).await;
    browser.wait_for_path("/accounts").await;
    browser.wait_for_text("No account matches “acme”.").await;

    browser.click(button("Sign out")).await;
    browser.wait_for_path("/sign-in").await;
    browser.open(&format!("{url}/accounts")).await;
    browser.wait_for_path("/sign-in").await;
    browser.assert_no_fault_logged(&["422"]).await;
}

#[tokio::test]
async fn the_key_of_the_first_start_signs_in_and_no_log_holds_it() {
    let mut server = Server::stopped();
    server.withhold_admin_key();
    server.start_again();
    let key = std::fs::read_to_string(server.data_dir().join("admin.key")).unwrap();
    let browser = Browser::start().await;
    browser.open(&format!("{}/sign-in", server.api().url())).await;
    browser.type_into(label("API key"), key.trim()).await;
    browser.click(button("Sign in")).await;
    browser.wait_for(button("Sign out")).await;
    let log = server.log().lines().join("\n");
    assert!(!log.contains("prk_") && !log.contains("prl_"), "{log}");
}

#[tokio::test]
async fn a_signed_out_session_is_refused_everywhere() {
    let desk = Desk::open().await;
    let cookie = session_of(&desk.browser).await;
    let anybody = desk.server.api().with_key(None);
    let status = async || {
        let call = anybody.call(Method::GET, "/accounts").header("cookie", &cookie);
        call.send().await.status
    };
    assert_eq!(status().await, 200);
    desk.browser.click(button("Sign out")).await;
    desk.browser.wait_for_path("/sign-in").await;
    assert_eq!(status().await, 303);
}

/// The session cookie, as the browser sends it. Scripts of pages cannot read it.
async fn session_of(browser: &Browser) -> String {
    assert_eq!(browser.evaluate("document.cookie").await, "");
    let cookies = browser.cookies().await;
    let session = cookies
        .iter()
        .find(|cookie| cookie["name"] == "postrider_session")
        .unwrap();
    assert_eq!(
        (&session["httpOnly"], &session["sameSite"]),
        (&true.into(), &"Lax".into())
    );
    format!("postrider_session={}", session["value"].as_str().unwrap())
}

#[tokio::test]
async fn too_many_wrong_keys_are_refused_and_the_right_one_still_signs_in() {
    let server = Server::start();
    let browser = Browser::start_without_javascript().await;
    browser.open(&format!("{}/sign-in", server.api().url())).await;
    for _ in 0..10 {
        browser
            .type_into(label("API key"), "prk_guessing-guessing-guessing")
            .await;
        browser.click(button("Sign in")).await;
        browser.wait_for_text("This API key is not valid here.").await;
    }
    browser
        .type_into(label("API key"), "prk_guessing-guessing-guessing")
        .await;
    browser.click(button("Sign in")).await;
    browser.wait_for(text("Too many failed attempts")).await;
    browser.open(&format!("{}/sign-in", server.api().url())).await;
    browser.type_into(label("API key"), ADMIN_KEY).await;
    browser.click(button("Sign in")).await;
    browser.wait_for(text("Overview")).await;
}
