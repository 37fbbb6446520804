//! Customers, who sign in by a link and see only their own account.

use http::Method;
use postrider_tests::browser::{link, text};
use postrider_tests::{Account, Browser};
use serde_json::json;

use super::desk::Desk;

#[tokio::test]
async fn a_customer_is_refused_everything_of_another_account() {
    let desk = Desk::open().await;
    let other = Account::create(desk.server.api()).await;
    let automation = other
        .automation(json!({"type": "send_webhook", "url": desk.receiver.url("/other")}))
        .await;
    let automation = automation["id"].as_str().unwrap();
    let event = other.send("a.b", "1").await;
    let delivery = other.wait_for_delivery(&event, "succeeded").await["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let customer = Browser::start().await;
    customer.follow_link(&desk.customer_link(json!({})).await).await;
    customer.wait_for_path(&desk.path("/automations")).await;
    assert_eq!(customer.count(link("Overview")).await, 0);
    // Another account's objects cannot be read, neither under that account's path nor under the customer's
    // own.
    let mut paths: Vec<String> = [
        "/accounts",
        "/accounts/new",
        "/event-types",
        "/api-keys",
        "/sessions",
        "/system",
    ]
    .map(str::to_owned)
    .into();
    for account in [&other.id, &desk.account.id] {
        for rest in [
            format!("automations/{automation}"),
            format!("automations/{automation}/edit"),
            format!("events/{event}"),
            format!("deliveries/{delivery}"),
        ] {
            paths.push(format!("/accounts/{account}/{rest}"));
        }
    }
    for tab in [
        "automations",
        "events",
        "deliveries",
        "signing-key",
        "settings",
        "replay",
        "cancel",
        "automations/new",
    ] {
        paths.push(format!("/accounts/{}/{tab}", other.id));
    }
    for path in &paths {
        customer.open(&desk.url(path)).await;
        assert_eq!(customer.text("h1").await, "Page not found", "{path}");
    }
    is_refused_forms(&desk, &customer, &other, automation, &delivery).await;
    let unchanged = other
        .api
        .get(other.at(&format!("/automations/{automation}")))
        .await
        .expect(200);
    assert_eq!(unchanged["enabled"], true);
}

/// Another account's objects cannot be changed by a form either, with the customer's own cookie and token.
async fn is_refused_forms(
    desk: &Desk,
    customer: &Browser,
    other: &Account,
    automation: &str,
    delivery: &str,
) {
    customer.open(&desk.url(&desk.path("/automations"))).await;
    let (cookie, csrf) = desk.credentials(customer).await;
    let anybody = desk.server.api().with_key(None);
    for path in [
        format!("/accounts/{}/automations/{automation}/switch", other.id),
        format!("/accounts/{}/automations/{automation}/switch", desk.account.id),
        format!("/accounts/{}/automations/{automation}/delete", other.id),
        format!("/accounts/{}/automations/{automation}/test", other.id),
        format!("/accounts/{}/deliveries/{delivery}/resend", other.id),
        format!("/accounts/{}/deliveries/{delivery}/resend", desk.account.id),
        format!("/accounts/{}/signing-key", other.id),
        format!("/accounts/{}/signing-key/rotate", other.id),
        format!("/accounts/{}/settings", other.id),
        format!("/accounts/{}/portal-links", desk.account.id),
        format!("/accounts/{}/replay", other.id),
        format!("/accounts/{}/cancel", other.id),
        "/accounts/new".to_owned(),
        "/api-keys".to_owned(),
    ] {
        let form = format!("csrf={csrf}&enabled=false&name=x");
        let response = anybody
            .call(Method::POST, &*path)
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await;
        assert!(
            matches!(response.status, 404 | 405),
            "{path}: {}",
            response.status
        );
    }
}

#[tokio::test]
async fn a_read_only_customer_sees_no_buttons_and_cannot_post_forms() {
    let desk = Desk::open().await;
    let automation = desk
        .account
        .automation(json!({"type": "send_webhook", "url": desk.receiver.url("/hooks")}))
        .await;
    let id = automation["id"].as_str().unwrap();
    let secret = desk.account.secret().await;
    let reader = Browser::start().await;
    reader
        .follow_link(
            &desk
                .customer_link(json!({"read_only": true, "theme": "dark"}))
                .await,
        )
        .await;
    reader.wait_for_path(&desk.path("/automations")).await;
    assert_eq!(reader.attribute("html", "data-theme").await.unwrap(), "dark");
    assert_eq!(reader.count("[role=switch]").await, 0);
    for (path, title) in [
        ("/automations/new".to_owned(), "You cannot do this here"),
        (format!("/automations/{id}/edit"), "You cannot do this here"),
    ] {
        reader.open(&desk.url(&desk.path(&path))).await;
        assert_eq!(reader.text("h1").await, title, "{path}");
    }
    reader.open(&desk.url(&desk.path("/signing-key"))).await;
    reader.wait_for(text("Signing key").within("h1")).await;
    let page = reader.evaluate("document.documentElement.outerHTML").await;
    assert!(!page.as_str().unwrap().contains(&secret));

    reader.open(&desk.url(&desk.path("/automations"))).await;
    let (cookie, csrf) = desk.credentials(&reader).await;
    for path in [
        format!("/automations/{id}/switch"),
        format!("/automations/{id}/delete"),
        "/signing-key".to_owned(),
        "/signing-key/rotate".to_owned(),
        "/replay".to_owned(),
        "/cancel".to_owned(),
    ] {
        let response = desk
            .server
            .api()
            .with_key(None)
            .call(Method::POST, desk.path(&path))
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("csrf={csrf}"))
            .send()
            .await;
        assert_eq!(response.status, 403, "{path}");
        assert!(!response.text().contains(&secret), "{path}");
    }
}
