//! The pages of an account.

use super::{Desk, accessible, busy_desk, look_at};

#[tokio::test]
async fn pages_of_an_accounts_configuration() {
    let desk = busy_desk().await;
    let automation = desk.last_id("automations").await;
    let pages = [
        ("automations", "/automations".to_owned()),
        ("automation", format!("/automations/{automation}")),
        ("edit-automation", format!("/automations/{automation}/edit")),
        ("copy-automation", format!("/automations/{automation}/copy")),
        ("new-automation", "/automations/new".to_owned()),
        ("delete-automation", format!("/automations/{automation}/delete")),
        ("account-event-types", "/event-types".to_owned()),
        ("signing-key", "/signing-key".to_owned()),
        ("rotate-key", "/signing-key/rotate".to_owned()),
        ("verify-request", "/signing-key/verify".to_owned()),
        ("settings", "/settings".to_owned()),
        ("delete-account", "/settings/delete".to_owned()),
    ];
    look_at_each(&desk, &pages).await;
}

#[tokio::test]
async fn pages_of_an_accounts_record() {
    let desk = busy_desk().await;
    let event = desk.last_id("events").await;
    let pages = [
        ("events", "/events".to_owned()),
        ("event", format!("/events/{event}")),
        ("deliveries", "/deliveries".to_owned()),
        ("failed-deliveries", "/deliveries?status=failed".to_owned()),
        ("no-deliveries", "/deliveries?type=none.such".to_owned()),
        ("replay", "/replay?count=1".to_owned()),
        ("cancel", "/cancel?count=1".to_owned()),
        ("statistics", "/statistics".to_owned()),
        ("account-audit", "/audit".to_owned()),
    ];
    look_at_each(&desk, &pages).await;
    let automation = desk.last_id("automations").await;
    desk.go(&format!("/automations/{automation}/send-missed?count=1"))
        .await;
    accessible(&desk.browser, "send-missed").await;
    desk.browser.assert_no_fault_logged(&[]).await;
}

async fn look_at_each(desk: &Desk, pages: &[(&str, String)]) {
    for (name, path) in pages {
        desk.go(path).await;
        look_at(&desk.browser, name).await;
    }
    desk.browser.assert_no_fault_logged(&[]).await;
}
