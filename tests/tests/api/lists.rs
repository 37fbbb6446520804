//! What all lists have in common: pages, cursors, bounds.

use postrider_tests::account::id_of;
use postrider_tests::{Account, Server};
use serde_json::json;

use super::nobody;

/// Every list of the API, below an account or not.
fn lists(account: &Account) -> Vec<String> {
    let below = ["/signing-keys", "/automations", "/events", "/deliveries"].map(|list| account.at(list));
    below
        .into_iter()
        .chain(["/v1/accounts".to_owned(), "/v1/event-types".to_owned()])
        .collect()
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let mut sent = Vec::new();
    for n in 0..7 {
        sent.push(account.send("a", &n.to_string()).await);
    }
    sent.reverse();
    let mut seen = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let page = account
            .api
            .get(account.at(&format!("/events{query}")))
            .await
            .expect(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(id_of));
        // An event that comes in between is newer than all that is still to be listed.
        account.send("late", "1").await;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn every_list_has_the_same_bounds_on_limit() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for list in lists(&account) {
        for limit in ["1", "250"] {
            account.api.get(format!("{list}?limit={limit}")).await.expect(200);
        }
        for limit in ["0", "251", "-1", "x", ""] {
            let answer = account.api.get(format!("{list}?limit={limit}")).await;
            answer
                .problem(400, "invalid_query")
                .of_parameter("limit", "invalid_parameter");
        }
    }
}

#[tokio::test]
async fn every_list_has_50_items_unless_told_otherwise() {
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
async fn a_cursor_that_a_list_did_not_hand_out_is_refused() {
    let server = Server::start();
    let (account, other) = (
        Account::create(server.api()).await,
        Account::create(server.api()).await,
    );
    account.send("a", "1").await;
    account.send("a", "2").await;
    let page = account.api.get(account.at("/events?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let foreign = [
        account.at("/deliveries"),
        other.at("/events"),
        "/v1/accounts".to_owned(),
    ];
    for list in foreign {
        account
            .api
            .get(format!("{list}?cursor={cursor}"))
            .await
            .problem(400, "invalid_cursor");
    }
    for list in lists(&account) {
        for bad in ["x", "", "cur_AAAA", &nobody("evt")] {
            let answer = account.api.get(format!("{list}?cursor={bad}")).await;
            answer
                .problem(400, "invalid_cursor")
                .of_parameter("cursor", "invalid_parameter");
        }
    }
}

#[tokio::test]
async fn a_parameter_that_does_not_exist_is_refused_everywhere() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for list in lists(&account) {
        let answer = account.api.get(format!("{list}?page=2")).await;
        answer
            .problem(400, "invalid_query")
            .of_parameter("page", "unknown_parameter");
    }
    account
        .api
        .get(account.at("?verbose=1"))
        .await
        .problem(400, "invalid_query");
}

#[tokio::test]
async fn a_bad_id_in_a_path_is_refused_as_such() {
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
            account
                .api
                .get(account.at(&format!("/{list}/{id}")))
                .await
                .problem(400, "invalid_id");
        }
    }
    account
        .api
        .get("/v1/accounts/acct_x")
        .await
        .problem(400, "invalid_id");
}
