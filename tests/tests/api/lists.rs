//! The common behaviour of all lists: pages, cursors, bounds.

use postrider_tests::{Account, Server};
use serde_json::json;

use super::nobody;

#[tokio::test]
async fn lists_have_50_items_by_default() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let events = json!({"events": vec![json!({"type": "a", "data": 1}); 51]});
    account
        .api
        .post(account.at("/events/batch"), events)
        .await
        .expect(202);
    let page = account.api.get(account.at("/events")).await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 50);
    assert!(page["next_cursor"].is_string());
}

#[tokio::test]
async fn a_malformed_id_in_a_path_is_refused() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for (list, own, foreign) in [
        ("events", "evt", "dlv"),
        ("deliveries", "dlv", "evt"),
        ("automations", "auto", "act"),
    ] {
        for id in [
            "x".to_owned(),
            format!("{own}_"),
            format!("{own}_01h455vb4pex5vsknk084sn02"),
            format!("{own}_01H455VB4PEX5VSKNK084SN02Q"),
            format!("{own}_81h455vb4pex5vsknk084sn02q"),
            nobody(foreign),
        ] {
            let response = account.api.get(account.at(&format!("/{list}/{id}"))).await;
            // What does not begin like the id of an automation is a uid.
            match list == "automations" && !id.starts_with("auto_") {
                true => response.problem(404, "automation_not_found"),
                false => response.problem(400, "invalid_id"),
            };
        }
    }
    account
        .api
        .get("/v1/accounts/acct_x")
        .await
        .problem(400, "invalid_id");
}
