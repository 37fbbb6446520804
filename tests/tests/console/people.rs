//! Staff who sign in through their identity provider, a real one.

use http::Method;
use postrider_tests::browser::{button, css, label, link, text};
use postrider_tests::identity_provider::IdentityProvider;
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::wait::{self, SOON};
use postrider_tests::{Account, Browser, Server};
use serde_json::json;

/// Signs in as this person. The provider asks who it is, even if somebody signed in there before.
async fn sign_in(browser: &Browser, server: &Server, person: &str) {
    browser
        .open(&format!("{}/sign-in/oidc?again=1", server.api().url()))
        .await;
    give_name(browser, person).await;
}

/// Tells the provider who it is.
async fn give_name(browser: &Browser, person: &str) {
    browser.type_into(label("Name"), person).await;
    browser.click(button("Continue")).await;
}

#[tokio::test]
async fn people_sign_in_with_the_role_that_their_groups_give_them() {
    let provider = IdentityProvider::start();
    let server = provider.server(&[]).await;
    let url = server.api().url();
    let account = Account::create(server.api()).await;
    let browser = Browser::start().await;
    // The address that the person asked for survives the way through the provider.
    browser.open(&format!("{url}/accounts?search=acme")).await;
    browser.click(link("Acme sign-on")).await;
    give_name(&browser, "vera").await;
    browser.wait_for_path("/accounts").await;
    assert_eq!(browser.current_url().await, format!("{url}/accounts?search=acme"));
    for (person, name, navigation, may_change, may_replay) in [
        ("vera", "Vera Viewer", 4, false, false),
        ("sam", "Sam Support", 4, false, true),
        ("ada", "Ada Admin", 8, true, true),
    ] {
        sign_in(&browser, &server, person).await;
        browser.wait_for(text(name)).await;
        assert_eq!(browser.count(css("nav.main a")).await, navigation, "{person}");
        let automations = format!("{url}/accounts/{}/automations", account.id);
        browser.open(&automations).await;
        let new = format!("a[href='/accounts/{}/automations/new']", account.id);
        assert_eq!(browser.count(css(&new)).await > 0, may_change, "{person}");
        browser.open(&automations.replace("automations", "replay")).await;
        assert_eq!(browser.count(css("main form")).await > 0, may_replay, "{person}");
    }
    sign_in(&browser, &server, "nick").await;
    browser.wait_for_text("Your account has no role here.").await;
    // The provider would give the same answer again, unless it asks who it is.
    browser.click(link("Acme sign-on with another account")).await;
    give_name(&browser, "vera").await;
    browser.wait_for(text("Vera Viewer")).await;
    browser.assert_no_fault_logged(&["403", "404"]).await;

    sign_ins_are_in_the_trail(&server, &provider).await;
    let sessions = server.api().get("/v1/sessions").await.expect(200);
    let sessions = sessions["data"].as_array().unwrap();
    let people: Vec<_> = sessions.iter().map(|session| &session["person"]).collect();
    let names: Vec<_> = people
        .iter()
        .map(|person| (&person["name"], &person["role"]))
        .collect();
    let vera = json!(["Vera Viewer", "viewer"]);
    let others = [["Ada Admin", "admin"], ["Sam Support", "support"]];
    assert_eq!(json!(names), json!([vera, others[0], others[1], vera, vera]));
    assert_eq!(people[1]["email"], "ada@example.com");
    assert_eq!(
        (&people[0]["email"], &people[0]["subject"]),
        (&json!(null), &json!("vera"))
    );
    assert_eq!(people[0]["issuer"], provider.issuer());
}

/// Vera signed in last, after Nick was refused.
async fn sign_ins_are_in_the_trail(server: &Server, provider: &IdentityProvider) {
    // Refusals reach the trail half a second later.
    let refused = wait::until("nick is in the audit trail", SOON, async || {
        let refused = server
            .api()
            .get("/v1/audit?action=session.refused")
            .await
            .expect(200);
        refused["data"].get(0).cloned()
    })
    .await;
    let nick = format!("Nick Nobody (nick at {})", provider.issuer());
    assert_eq!(refused["actor"]["name"], nick, "{refused}");
    assert_eq!(refused["details"]["reason"], "no_role");
    let begun = server
        .api()
        .get("/v1/audit?action=session.begun")
        .await
        .expect(200);
    assert_eq!(begun["data"][0]["actor"]["name"], "Vera Viewer (vera)");
    assert_eq!(begun["data"][0]["details"]["person"]["subject"], "vera");
}

#[tokio::test]
async fn a_group_can_be_required_and_keys_kept_from_signing_in() {
    let provider = IdentityProvider::start();
    let flags = ["--oidc-required-groups", "staff", "--sign-in-by-key=false"];
    let server = provider.server(&flags).await;
    let browser = Browser::start().await;
    sign_in(&browser, &server, "olga").await;
    browser.wait_for_text("Your account has no role here.").await;
    assert_eq!(browser.count(label("API key")).await, 0);
    browser.click(link("Acme sign-on with another account")).await;
    give_name(&browser, "ada").await;
    browser.wait_for(text("Ada Admin")).await;

    // A form that somebody kept, or wrote, signs nobody in. The key still calls the API.
    let anybody = server.api().with_key(None);
    let page = anybody.get("/sign-in").await;
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let csrf = page.form_token();
    let posted = anybody
        .call(Method::POST, "/sign-in")
        .header("cookie", &cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("csrf={csrf}&back=%2F&key={ADMIN_KEY}"))
        .send()
        .await;
    assert_eq!(posted.status, 403);
    assert!(posted.text().contains("API keys do not sign in here"));
    server.api().get("/v1/accounts").await.expect(200);
}

#[tokio::test]
async fn a_person_whose_provider_is_down_or_who_cancels_reads_so_and_tries_again() {
    let mut provider = IdentityProvider::start();
    let server = provider.server(&[]).await;
    let browser = Browser::start().await;
    provider.stop();
    browser.open(&format!("{}/sign-in", server.api().url())).await;
    browser.click(link("Acme sign-on")).await;
    browser
        .wait_for_text("Your identity provider does not respond.")
        .await;
    // The server needs no restart. It asks the provider again five seconds after the failure.
    provider.start_again();
    provider.register(&server).await;
    wait::until("the server asks the provider again", SOON, async || {
        let begun = server.api().with_key(None).get("/sign-in/oidc").await;
        (begun.status == 303).then_some(())
    })
    .await;
    browser.click(link("Acme sign-on")).await;
    browser.click(button("Cancel")).await;
    browser
        .wait_for_text("did not permit the sign-in, or you canceled it")
        .await;
    let page = browser.text("main").await;
    assert!(!page.contains("The person"), "the provider's words: {page}");
    browser.click(link("Acme sign-on")).await;
    give_name(&browser, "ada").await;
    browser.wait_for(text("Ada Admin")).await;

    // With other keys, the provider's next token names one that the server does not know yet.
    provider.stop();
    provider.start_again();
    provider.register(&server).await;
    sign_in(&browser, &server, "vera").await;
    browser.wait_for(text("Vera Viewer")).await;
}

#[tokio::test]
async fn an_administrator_ends_a_session_and_signs_out_here_and_at_the_provider() {
    let provider = IdentityProvider::start();
    let server = provider.server(&[]).await;
    let browser = Browser::start().await;
    sign_in(&browser, &server, "vera").await;
    browser.wait_for(text("Vera Viewer")).await;
    sign_in(&browser, &server, "ada").await;
    browser.wait_for(text("Ada Admin")).await;
    browser.open(&format!("{}/sessions", server.api().url())).await;
    browser.wait_for_text("ada@example.com").await;
    // The newest session is the administrator's own.
    assert!(browser.text("tbody tr:last-child").await.contains("viewer"));
    browser.click(button("End").within("tbody tr:last-child")).await;
    browser.wait_for_text("The session was ended.").await;
    let names = async || {
        let sessions = server.api().get("/v1/sessions").await.expect(200);
        let sessions = sessions["data"].as_array().unwrap().clone();
        let names = sessions.iter().map(|session| session["person"]["name"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["Ada Admin"]);

    browser.click(button("Sign out")).await;
    browser.click(button("Sign out everywhere")).await;
    browser.wait_for_path("/sign-in").await;
    assert_eq!(json!(names().await), json!([]));
    // The provider has forgotten her too.
    browser.click(link("Acme sign-on")).await;
    browser.wait_for(label("Name")).await;
    browser.assert_no_fault_logged(&[]).await;
}
