//! Staff who sign in through their identity provider, a real one.

use postrider_tests::browser::{button, css, label, link, text};
use postrider_tests::identity_provider::IdentityProvider;
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Browser, Server};
use serde_json::json;

/// Signs in as this person, and ends at the provider's answer.
async fn sign_in(browser: &Browser, server: &Server, person: &str) {
    browser.open(&format!("{}/sign-in", server.api().url())).await;
    browser.click(link("Acme sign-on")).await;
    browser.type_into(label("Name"), person).await;
    browser.click(button("Continue")).await;
}

#[tokio::test]
async fn people_sign_in_with_the_role_that_their_groups_give_them() {
    let provider = IdentityProvider::start();
    let server = provider.server(&[]).await;
    let url = server.api().url();
    let account = postrider_tests::Account::create(server.api()).await;
    for (person, name, navigation, may) in [
        ("ada", "Ada Admin", 6, [true, true]),
        ("sam", "Sam Support", 3, [false, true]),
        ("vera", "Vera Viewer", 3, [false, false]),
    ] {
        let browser = Browser::start().await;
        // The address that the person asked for survives the way through the provider.
        browser.open(&format!("{url}/accounts?search=acme")).await;
        browser.click(link("Acme sign-on")).await;
        browser.type_into(label("Name"), person).await;
        browser.click(button("Continue")).await;
        browser.wait_for_path("/accounts").await;
        browser.wait_for(text(name)).await;
        assert_eq!(browser.current_url().await, format!("{url}/accounts?search=acme"));
        assert_eq!(browser.count(css("nav.main a")).await, navigation, "{person}");
        browser
            .open(&format!("{url}/accounts/{}/automations", account.id))
            .await;
        assert_eq!(
            browser.count(link("New automation")).await > 0,
            may[0],
            "{person}"
        );
        browser
            .open(&format!("{url}/accounts/{}/replay", account.id))
            .await;
        let can_replay = browser.count(css("main form")).await > 0;
        assert_eq!(can_replay, may[1], "{person}");
        browser.assert_no_fault_logged(&["403", "404"]).await;
    }
    let browser = Browser::start().await;
    sign_in(&browser, &server, "nick").await;
    browser.wait_for_text("Your account has no role here.").await;
    browser.assert_accessible("sign in, no role").await;
    // The provider would give the same answer again, unless it asks who it is.
    browser.click(link("Acme sign-on")).await;
    browser.type_into(label("Name"), "vera").await;
    browser.click(button("Continue")).await;
    browser.wait_for(text("Vera Viewer")).await;

    let sessions = server.api().get("/v1/sessions").await.expect(200);
    let people: Vec<_> = sessions["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| &session["person"])
        .collect();
    let names: Vec<_> = people
        .iter()
        .map(|person| (&person["name"], &person["role"]))
        .collect();
    assert_eq!(
        json!(names),
        json!([
            ["Vera Viewer", "viewer"],
            ["Vera Viewer", "viewer"],
            ["Sam Support", "support"],
            ["Ada Admin", "admin"]
        ])
    );
    assert_eq!(people[3]["email"], "ada@example.com");
    assert_eq!(
        (&people[0]["email"], &people[0]["subject"]),
        (&json!(null), &json!("vera"))
    );
    assert_eq!(people[0]["issuer"], provider.issuer());
}

#[tokio::test]
async fn a_group_can_be_required_and_keys_kept_from_signing_in() {
    let provider = IdentityProvider::start();
    let server = provider
        .server(&["--oidc-required-groups", "staff", "--sign-in-by-key=false"])
        .await;
    let browser = Browser::start().await;
    sign_in(&browser, &server, "olga").await;
    browser.wait_for_text("Your account has no role here.").await;
    assert_eq!(browser.count(label("API key")).await, 0);
    browser.click(link("Acme sign-on")).await;
    browser.type_into(label("Name"), "ada").await;
    browser.click(button("Continue")).await;
    browser.wait_for(text("Ada Admin")).await;

    // A form that somebody kept, or wrote, signs nobody in. The key still calls the API.
    let page = server.api().with_key(None).get("/sign-in").await;
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let csrf = page
        .text()
        .split("name=\"csrf\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let form = format!("csrf={csrf}&back=%2F&key={ADMIN_KEY}");
    let anybody = server.api().with_key(None);
    let posted = anybody
        .call(http::Method::POST, "/sign-in")
        .header("cookie", &cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await;
    assert_eq!(posted.status, 403);
    assert!(
        posted.text().contains("API keys do not sign in here"),
        "{}",
        posted.text()
    );
    server.api().get("/v1/accounts").await.expect(200);
}

#[tokio::test]
async fn a_person_who_cancels_or_whose_provider_is_down_reads_so_and_tries_again() {
    let mut provider = IdentityProvider::start();
    let server = provider.server(&[]).await;
    let browser = Browser::start().await;
    let url = server.api().url();
    provider.stop();
    browser.open(&format!("{url}/sign-in")).await;
    browser.click(link("Acme sign-on")).await;
    browser
        .wait_for_text("Your identity provider does not respond.")
        .await;
    browser.assert_accessible("sign in, provider down").await;
    // The server needs no restart.
    provider.start_again();
    provider.register(&server).await;
    browser.click(link("Acme sign-on")).await;
    browser.click(button("Cancel")).await;
    browser
        .wait_for_text("did not permit the sign-in, or you canceled it")
        .await;
    assert!(
        !browser.text("main").await.contains("The person canceled"),
        "the provider's words"
    );
    browser.click(link("Acme sign-on")).await;
    browser.type_into(label("Name"), "ada").await;
    browser.click(button("Continue")).await;
    browser.wait_for(text("Ada Admin")).await;

    // With other keys, the provider's next token names one that the server does not know yet.
    provider.stop();
    provider.start_again();
    provider.register(&server).await;
    let another = Browser::start().await;
    sign_in(&another, &server, "vera").await;
    another.wait_for(text("Vera Viewer")).await;
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_at_the_provider() {
    let provider = IdentityProvider::start();
    let server = provider.server(&[]).await;
    let browser = Browser::start().await;
    sign_in(&browser, &server, "ada").await;
    browser.wait_for(text("Ada Admin")).await;
    browser.click(button("Sign out")).await;
    browser.click(button("Sign out everywhere")).await;
    browser.wait_for_path("/sign-in").await;
    let sessions = server.api().get("/v1/sessions").await.expect(200);
    assert_eq!(sessions["data"], json!([]));
    browser.click(link("Acme sign-on")).await;
    browser.wait_for(label("Name")).await;
    browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn an_administrator_sees_who_is_signed_in_and_ends_a_session() {
    let provider = IdentityProvider::start();
    let server = provider.server(&[]).await;
    let (admin, viewer) = tokio::join!(Browser::start(), Browser::start());
    sign_in(&viewer, &server, "vera").await;
    viewer.wait_for(text("Vera Viewer")).await;
    sign_in(&admin, &server, "ada").await;
    admin.wait_for(text("Ada Admin")).await;
    admin.open(&format!("{}/sessions", server.api().url())).await;
    admin.wait_for_text("ada@example.com").await;
    admin.wait_for_text("viewer").await;
    // The newest session is the administrator's own.
    admin.click(button("End").within("tbody tr:last-child")).await;
    admin.wait_for_text("The session was ended.").await;
    viewer.reload().await;
    viewer.wait_for_path("/sign-in").await;
}

#[tokio::test]
async fn another_issuer_ends_the_sessions_of_the_former_ones_people() {
    let provider = IdentityProvider::start();
    let mut server = provider.server(&[]).await;
    let browser = Browser::start().await;
    sign_in(&browser, &server, "ada").await;
    browser.wait_for(text("Ada Admin")).await;
    let count = async |server: &Server| {
        let sessions = server.api().get("/v1/sessions").await.expect(200);
        sessions["data"].as_array().unwrap().len()
    };
    let flags = provider.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    server.stop();
    server.start_again_with(&flags);
    assert_eq!(count(&server).await, 1);
    server.stop();
    server.start_again();
    assert_eq!(count(&server).await, 0);
}
