//! Checks every page with axe-core and the browser's log: on a desktop and a phone, light and dark.
//!
//! With `UPDATE_SCREENSHOTS=1`, also replaces the pictures in `docs/screenshots`.

mod account;

use postrider_tests::browser::{Emulation, Scheme, button, css, label, link};
use postrider_tests::identity_provider::IdentityProvider;
use postrider_tests::wait::SOON;
use postrider_tests::{Account, Browser, Reply, database};
use serde_json::{Value, json};

use super::desk::Desk;

#[tokio::test]
async fn pages_of_the_operator() {
    let desk = busy_desk().await;
    create_history(&desk);
    for (name, path) in [
        ("overview", "/?range=hour"),
        ("accounts", "/accounts"),
        ("new-account", "/accounts/new"),
        ("event-types", "/event-types"),
        ("event-type", "/event-types/proposal.accepted"),
        ("api-keys", "/api-keys"),
        ("sessions", "/sessions"),
        ("audit", "/audit"),
        ("no-entries", "/audit?target=never"),
        ("system", "/system"),
        ("all-deliveries", "/deliveries"),
        ("no-such-deliveries", "/deliveries?type=none.such"),
        ("not-found", "/nothing-here"),
    ] {
        desk.browser.open(&desk.url(path)).await;
        look_at(&desk.browser, name).await;
    }
    desk.browser.open(&desk.url("/audit")).await;
    let open = "document.querySelectorAll('.audit details').forEach((details) => { details.open = true })";
    desk.browser.evaluate(open).await;
    accessible(&desk.browser, "audit-open").await;
    desk.browser.open(&desk.url("/api-keys")).await;
    desk.browser.type_into(label("Name"), "Nightly export").await;
    desk.browser
        .click(css("input[name=permission][value=read]"))
        .await;
    desk.browser.click(button("Create API key")).await;
    desk.browser.wait_for_text("prk_").await;
    accessible(&desk.browser, "api-key-created").await;
    desk.browser.assert_no_fault_logged(&["404"]).await;
}

#[tokio::test]
async fn pages_that_follow_an_action() {
    let desk = busy_desk().await;
    let browser = &desk.browser;
    // A failed delivery, which its receiver's developer reads.
    let failed = desk
        .account
        .api
        .get(desk.account.at("/deliveries?status=failed"))
        .await
        .expect(200);
    let failed = failed["data"][0]["id"].as_str().unwrap();
    desk.go(&format!("/deliveries/{failed}")).await;
    look_at(browser, "delivery").await;
    // The delivery, resent.
    browser.click(button("Resend")).await;
    browser.wait_for_text("Resent by").await;
    accessible(browser, "delivery-resent").await;
    look_at_lists(&desk).await;
    // A form with errors at all its fields.
    desk.go("/automations/new").await;
    browser.type_into(label("Name"), " ").await;
    browser.type_into(label("Other event types"), "not a type!").await;
    browser.type_into(label("URL"), "http://10.0.0.1/").await;
    browser.click(button("Create automation")).await;
    browser.wait_for_text("Not saved.").await;
    look_at(browser, "automation-with-faults").await;
    let automation = desk.last_id("automations").await;
    look_at_conflict(&desk, &automation).await;
    // A test, with its response.
    desk.go(&format!("/automations/{automation}")).await;
    browser.click(button("Send a test")).await;
    browser.wait_for_text("Succeeded").await;
    look_at(browser, "test").await;
    // A portal link.
    desk.go("/portal-links").await;
    browser.click(button("Create portal link")).await;
    browser.wait_for(label("Link")).await;
    accessible(browser, "portal-link-created").await;
    browser.click(link("I have copied it")).await;
    browser.wait_for(button("Revoke")).await;
    look_at(browser, "portal-links").await;
    // A request whose signature does not match.
    desk.go("/signing-key/verify").await;
    let headers = format!("Postrider-Signature: {}", "0".repeat(64));
    browser.type_into(label("Headers"), &headers).await;
    browser.type_into(label("Body"), "{\"a\": 1}").await;
    browser.click(button("Verify")).await;
    browser.wait_for_text("No signature matches").await;
    browser.wait_for_text("No usual mistake explains it").await;
    look_at(browser, "verified-request").await;
    // The signing key, shown.
    desk.go("/signing-key").await;
    browser.click(button("Show the key")).await;
    browser.wait_for_text("whsec_").await;
    accessible(browser, "signing-key-shown").await;
    browser.assert_no_fault_logged(&["422", "409"]).await;
}

/// A list with ignored filters, and one with ticked rows.
async fn look_at_lists(desk: &Desk) {
    let browser = &desk.browser;
    desk.go("/deliveries?status=bogus&action=act_x").await;
    accessible(browser, "ignored-filters").await;
    desk.go("/deliveries").await;
    for row in [1, 2] {
        let ticked = format!("tbody tr:nth-child({row}) input[name=delivery]");
        browser.click(css(&ticked)).await;
    }
    browser.wait_for_text("2 ticked").await;
    accessible(browser, "ticked-deliveries").await;
}

/// The form of an automation that somebody else saved in the meantime.
async fn look_at_conflict(desk: &Desk, automation: &str) {
    let browser = &desk.browser;
    desk.go(&format!("/automations/{automation}/edit")).await;
    browser.type_into(label("Name"), "Tell the CRM, too").await;
    let theirs = json!({"description": "Moves to the new CRM in January."});
    let path = desk.account.at(&format!("/automations/{automation}"));
    desk.account.api.patch(path, theirs).await.expect(200);
    browser.click(button("Save changes")).await;
    browser.wait_for_text("Not saved:").await;
    accessible(browser, "conflict").await;
}

#[tokio::test]
async fn pages_of_an_installation_in_which_nothing_has_happened() {
    let desk = Desk::open().await;
    let empty = Account::create(desk.server.api()).await;
    for (name, path) in [
        ("first-steps", "/".to_owned()),
        ("no-automations", format!("/accounts/{}/automations", empty.id)),
        ("no-events", format!("/accounts/{}/events", empty.id)),
        ("nothing-sent", format!("/accounts/{}/deliveries", empty.id)),
    ] {
        desk.browser.open(&desk.url(&path)).await;
        look_at(&desk.browser, name).await;
    }
    desk.browser.click(button("Sign out")).await;
    desk.browser.wait_for_path("/sign-in").await;
    look_at(&desk.browser, "sign-in").await;
    desk.browser.assert_no_fault_logged(&[]).await;
}

#[tokio::test]
async fn pages_of_staff_with_an_identity_provider() {
    let provider = IdentityProvider::start_lying();
    let flags = provider.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let desk = Desk::open_with(&flags, Browser::start().await).await;
    let browser = Browser::start().await;
    let people = [
        (
            json!({"sub": "24400320", "name": "Łukasz Nowak", "groups": ["sales"]}),
            "Łukasz Nowak",
        ),
        (
            json!({"sub": "24400321", "name": "Zoë Müller", "email": "zoe@example.com", "email_verified": true,
                "groups": ["platform"]}),
            "Zoë Müller",
        ),
    ];
    for (claims, name) in people {
        provider.say(json!({ "claims": claims })).await;
        browser.open(&desk.url("/sign-in/oidc")).await;
        browser.wait_for_text(name).await;
    }
    browser.open(&desk.url("/sessions")).await;
    look_at(&browser, "sessions-of-people").await;
    browser.open(&desk.url("/sign-in")).await;
    look_at(&browser, "sign-in-with-provider").await;
    provider.say(json!({"claims": {"groups": []}})).await;
    browser.click(link("Acme sign-on")).await;
    browser.wait_for_text("has no role here").await;
    look_at(&browser, "sign-in-without-role").await;
    browser.assert_no_fault_logged(&["403", "404"]).await;
}

#[tokio::test]
async fn pages_of_a_customer_under_the_companys_brand() {
    let logo = tempfile::Builder::new().suffix(".svg").tempfile().unwrap();
    let picture = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 28" width="150" height="28"><circle cx="14" cy="14" r="11" fill="#e8a317"/><text x="32" y="20" font-family="sans-serif" font-size="17" font-weight="700" fill="#8a6212">Helios CRM</text></svg>"##;
    std::fs::write(logo.path(), picture).unwrap();
    let flags = [
        "--console-product-name",
        "Helios CRM",
        "--console-accent-color",
        "#0f766e",
        "--console-logo-file",
        logo.path().to_str().unwrap(),
    ];
    let desk = fill(Desk::open_with(&flags, Browser::start().await).await).await;
    let link = desk
        .account
        .api
        .post(desk.account.at("/portal-links"), json!({}))
        .await
        .expect(201);
    let customer = Browser::start().await;
    customer.open(link["url"].as_str().unwrap()).await;
    look_at(&customer, "customer-link").await;
    customer.click(button("Continue")).await;
    customer.wait_for_path(&desk.path("/automations")).await;
    assert_eq!(
        customer.attribute(css(".brand img"), "alt").await.unwrap(),
        "Helios CRM"
    );
    look_at(&customer, "customer-automations").await;
    customer.open(&desk.url(&desk.path("/settings"))).await;
    look_at(&customer, "customer-settings").await;
    customer.open(&desk.url(&desk.path("/audit"))).await;
    customer
        .evaluate("document.querySelectorAll('.audit details').forEach((details) => { details.open = true })")
        .await;
    look_at(&customer, "customer-audit").await;
    customer.assert_no_fault_logged(&[]).await;
}

/// Checks a page in both themes and at two widths, then takes its pictures.
pub(super) async fn look_at(browser: &Browser, name: &str) {
    accessible(browser, name).await;
    browser.update_screenshots(name).await;
}

async fn accessible(browser: &Browser, name: &str) {
    for scheme in [Scheme::Light, Scheme::Dark] {
        for width_px in [postrider_tests::browser::DESKTOP_PX, 360] {
            browser
                .emulate(Emulation {
                    scheme,
                    width_px,
                    ..Emulation::default()
                })
                .await;
            let counts = browser
                .assert_accessible(&format!("{name}, {} {width_px}", scheme.name()))
                .await;
            assert_eq!((counts.serious, counts.critical), (0, 0));
            let overflow = browser
                .evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .await;
            assert_eq!(overflow, json!(0), "{name} is wider than {width_px} pixels");
        }
    }
    browser.emulate(Emulation::default()).await;
}

/// Adds an hour of statistics, so that the charts have a shape. Events and deliveries stay unchanged.
fn create_history(desk: &Desk) {
    let now_ms = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let this_minute = now_ms / 60_000;
    let values: Vec<String> = (1..60)
        .map(|ago| {
            let events = 14 + (ago * ago * 7) % 23;
            let failed = if (20..27).contains(&ago) { 3 + ago % 4 } else { (ago % 9 == 0).into() };
            let (succeeded, nobody) = (events + events / 2 - failed, "zeroblob(16)");
            let at = (this_minute - ago) * 60_000;
            let attempts = succeeded + 3 * failed;
            let failed_attempts = 3 * failed;
            format!("({nobody}, 0, {at}, {nobody}, {nobody}, {events}, {succeeded}, {failed}, 0, {attempts}, {failed_attempts}, 0, 0)")
        })
        .collect();
    let columns = "account_id, step, at, automation_id, action_id, events, succeeded, failed, canceled, attempts, \
                   attempts_failed, stored_bytes, held_back";
    let statement = format!("INSERT INTO statistics ({columns}) VALUES {}", values.join(", "));
    database::query(&database::file_in(desk.server.data_dir()), &statement);
}

async fn busy_desk() -> Desk {
    fill(Desk::open().await).await
}

/// Produces a day's work on a desk: three automations, a receiver that is down, and one that responds 410.
pub(super) async fn fill(desk: Desk) -> Desk {
    let receiver = &desk.receiver;
    let fault = json!({ "error": "ledger is locked for the month", "retry_after": "2026-12-01" });
    receiver.respond(
        "/accounting",
        [Reply::status(503)
            .with_header("content-type", "application/json")
            .with_body(fault.to_string())],
    );
    let thanks = json!({ "ok": true, "contact": { "id": 4711, "owner": "Aoife O’Brien" } });
    receiver.respond(
        "/crm",
        [Reply::status(200)
            .with_header("content-type", "application/json")
            .with_body(thanks.to_string())],
    );
    let automation = |name: &str, patterns: Value, urls: &[&str]| {
        let actions: Vec<Value> = urls
            .iter()
            .map(|path| json!({ "type": "send_webhook", "url": receiver.url(path) }))
            .collect();
        json!({ "name": name, "trigger": { "event_types": patterns }, "actions": actions })
    };
    for body in [
        automation(
            "Book it in the accounting system",
            json!(["invoice.*"]),
            &["/accounting"],
        ),
        automation(
            "Tell the team",
            json!(["proposal.sent", "proposal.declined"]),
            &["/team/chat", "/team/mail"],
        ),
        automation(
            "Tell the CRM",
            json!(["proposal.accepted", "invoice.paid"]),
            &["/crm"],
        ),
    ] {
        desk.account
            .api
            .post(desk.account.at("/automations"), body)
            .await
            .expect(201);
    }
    send_events(&desk).await;
    let failed = desk.account.at("/deliveries?status=failed");
    postrider_tests::wait::until("six deliveries have failed", SOON, async || {
        let found = desk.account.api.get(failed.clone()).await.expect(200);
        (found["data"].as_array().unwrap().len() == 6).then_some(())
    })
    .await;
    desk
}

async fn send_events(desk: &Desk) {
    let customers = [
        "Zoë Müller",
        "Łukasz Nowak",
        "Sofía García",
        "Aoife O’Brien",
        "Ngozi Adébáyọ̀",
    ];
    for number in 0..18 {
        let event_type = ["proposal.accepted", "proposal.sent", "invoice.paid"][number % 3];
        let data = json!({
            "proposal_id": format!("p_{}", 1001 + number),
            "customer": customers[number % customers.len()],
            "total": 1190.5 * (1 + number) as f64,
            "currency": "EUR",
        });
        desk.account.send(event_type, &data.to_string()).await;
    }
}
