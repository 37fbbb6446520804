//! `/v1/accounts`

use postrider_tests::account::id_of;
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

use super::nobody;

#[tokio::test]
async fn an_account_is_created_and_read_back_by_id_and_uid() {
    let server = Server::start();
    let api = server.api();
    let body = json!({"uid": "tenant:42", "name": "Zoë & Søn", "metadata": {"plan": {"n": 12345678901234567890u64}}});
    let response = api.post("/v1/accounts", &body).await;
    let created = response.expect(201);
    let id = id_of(&created);
    assert!(id.starts_with("acct_"), "{id}");
    assert_eq!(response.header("location"), format!("/v1/accounts/{id}"));
    for member in ["uid", "name", "metadata"] {
        assert_eq!(created[member], body[member], "{member}");
    }
    assert_eq!(created["retry_delays_s"], Value::Null);
    let time = created["created_at"].as_str().unwrap();
    assert!(
        time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.',
        "RFC 3339 with ms: {time}"
    );
    assert_eq!(api.get(format!("/v1/accounts/{id}")).await.expect(200), created);
    assert_eq!(api.get("/v1/accounts/tenant:42").await.expect(200), created);
}

#[tokio::test]
async fn a_new_account_has_a_signing_key_of_its_own() {
    let server = Server::start();
    let (one, other) = (
        Account::create(server.api()).await,
        Account::create(server.api()).await,
    );
    assert_ne!(one.secret().await, other.secret().await);
}

#[tokio::test]
async fn accounts_are_listed_newest_first() {
    let server = Server::start();
    let (older, newer) = (
        Account::create(server.api()).await,
        Account::create(server.api()).await,
    );
    let page = server.api().get("/v1/accounts").await.expect(200);
    let ids: Vec<_> = page["data"].as_array().unwrap().iter().map(id_of).collect();
    assert_eq!(ids, [newer.id, older.id]);
    assert_eq!(page["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_duplicate_uid_is_refused_and_nothing_is_stored() {
    let server = Server::start();
    let api = server.api();
    api.post("/v1/accounts", json!({"uid": "t1", "name": "A"}))
        .await
        .expect(201);
    api.post("/v1/accounts", json!({"uid": "t1", "name": "B"}))
        .await
        .problem(409, "uid_taken");
    let other = id_of(
        &api.post("/v1/accounts", json!({"uid": "t2", "name": "C"}))
            .await
            .expect(201),
    );
    api.patch(format!("/v1/accounts/{other}"), json!({"uid": "t1"}))
        .await
        .problem(409, "uid_taken");
    let page = api.get("/v1/accounts").await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    assert_eq!(api.get("/v1/accounts/t1").await.expect(200)["name"], "A");
}

#[tokio::test]
async fn a_patch_merges_metadata_and_leaves_the_rest() {
    let server = Server::start();
    let api = server.api();
    let body =
        json!({"uid": "t1", "name": "A", "metadata": {"keep": 1, "drop": 2}, "retry_delays_s": [1, 2]});
    api.post("/v1/accounts", body).await.expect(201);
    let patch = json!({"name": "B", "metadata": {"drop": null, "new": {"x": []}}, "retry_delays_s": null});
    let patched = api.patch("/v1/accounts/t1", patch).await.expect(200);
    assert_eq!(patched["name"], "B");
    assert_eq!(patched["uid"], "t1");
    assert_eq!(patched["metadata"], json!({"keep": 1, "new": {"x": []}}));
    assert_eq!(patched["retry_delays_s"], Value::Null);
    assert_eq!(api.get("/v1/accounts/t1").await.expect(200), patched);
}

#[tokio::test]
async fn a_uid_can_be_changed_and_then_reused() {
    let server = Server::start();
    let api = server.api();
    api.post("/v1/accounts", json!({"uid": "old", "name": "A"}))
        .await
        .expect(201);
    api.patch("/v1/accounts/old", json!({"uid": "new"}))
        .await
        .expect(200);
    api.get("/v1/accounts/old")
        .await
        .problem(404, "account_not_found");
    assert_eq!(api.get("/v1/accounts/new").await.expect(200)["name"], "A");
    api.post("/v1/accounts", json!({"uid": "old", "name": "B"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn deleting_an_account_deletes_everything_it_owns() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let event = account.send("a", "1").await;
    let deleted = account.api.delete(account.at("")).await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    for path in [
        "",
        "/signing-keys",
        "/automations",
        "/events",
        "/deliveries",
        &format!("/events/{event}"),
    ] {
        account
            .api
            .get(account.at(path))
            .await
            .problem(404, "account_not_found");
    }
    account
        .post_event("a", "1")
        .await
        .problem(404, "account_not_found");
    account
        .api
        .delete(account.at(""))
        .await
        .problem(404, "account_not_found");
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_not_found() {
    let server = Server::start();
    let api = server.api();
    for name in [nobody("acct"), "no-such-uid".to_owned()] {
        let path = format!("/v1/accounts/{name}");
        api.get(&path).await.problem(404, "account_not_found");
        api.patch(&path, json!({"name": "B"}))
            .await
            .problem(404, "account_not_found");
        api.delete(&path).await.problem(404, "account_not_found");
    }
}
