//! Accounts.

use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn an_account_is_created_read_updated_and_deleted() {
    let app = App::start().await;
    let body = json!({"uid": "tenant:7", "name": "Acme", "metadata": {"plan": "pro", "n": 1}, "retry_delays_s": [1, 2]});
    let created = app.post("/v1/accounts", &body).await;
    let account = created.expect(201);
    let path = format!("/v1/accounts/{}", account["id"].as_str().unwrap());
    assert_eq!(created.headers["location"], path.as_str());
    assert_eq!(account["metadata"], json!({"plan": "pro", "n": 1}));
    assert_eq!(
        account["created_at"].as_str().unwrap().len(),
        "2026-01-31T09:30:00.000Z".len()
    );
    assert_eq!(app.get("/v1/accounts/tenant:7").await.expect(200), account);

    let patch = json!({"name": "Acme Inc.", "metadata": {"n": null, "m": [1]}, "retry_delays_s": null});
    let changed = app.patch(&path, &patch).await.expect(200);
    assert_eq!(changed["metadata"], json!({"plan": "pro", "m": [1]}));
    assert_eq!(
        (&changed["name"], &changed["retry_delays_s"]),
        (&json!("Acme Inc."), &json!(null))
    );
    assert_eq!(
        (&changed["id"], &changed["uid"]),
        (&account["id"], &account["uid"])
    );
    assert_eq!(app.get(&path).await.expect(200), changed);

    app.delete("/v1/accounts/tenant:7").await.expect(204);
    app.delete(&path).await.problem(404, "account_not_found");
    app.get("/v1/accounts/tenant:7")
        .await
        .problem(404, "account_not_found");
}

#[tokio::test]
async fn whole_numbers_are_accepted_in_every_notation() {
    let app = App::start().await;
    // Written as 10.0, as some languages write all their numbers.
    let body = json!({"name": "Acme", "retry_delays_s": [10.0, 100.0]});
    let account = app.post("/v1/accounts", &body).await.expect(201);
    assert_eq!(account["retry_delays_s"], json!([10, 100]));
    let refused = app
        .post("/v1/accounts", &json!({"name": "Acme", "retry_delays_s": [1.5]}))
        .await;
    let [(pointer, code)] = &refused.problem(422, "invalid_body")[..] else {
        panic!("one fault");
    };
    assert_eq!(
        (pointer.as_str(), code.as_str()),
        ("/retry_delays_s/0", "wrong_type")
    );
}

#[tokio::test]
async fn a_uid_belongs_to_one_account() {
    let app = App::start().await;
    app.post("/v1/accounts", &json!({"uid": "a", "name": "A"}))
        .await
        .expect(201);
    app.post("/v1/accounts", &json!({"uid": "a", "name": "B"}))
        .await
        .problem(409, "uid_taken");
    app.post("/v1/accounts", &json!({"uid": "b", "name": "B"}))
        .await
        .expect(201);
    app.patch("/v1/accounts/b", &json!({"uid": "a"}))
        .await
        .problem(409, "uid_taken");
    app.patch("/v1/accounts/b", &json!({"uid": null}))
        .await
        .expect(200);
    app.get("/v1/accounts/b").await.problem(404, "account_not_found");
    assert_eq!(
        app.get("/v1/accounts").await.expect(200)["data"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn all_faults_of_an_account_are_reported() {
    let app = App::start().await;
    let bad = json!({"uid": "a/b", "name": " ", "metadata": 1, "retry_delays_s": [1, -5]});
    let faults = app.post("/v1/accounts", &bad).await.problem(422, "invalid_body");
    let pointers: Vec<_> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/uid", "/name", "/metadata", "/retry_delays_s/1"]);
    app.post("/v1/accounts", &json!({}))
        .await
        .fault("/name", "required");
    app.post("/v1/accounts", &json!({"name": 1}))
        .await
        .fault("/name", "wrong_type");
    app.post("/v1/accounts", &json!({"name": "a", "id": "acct_1"}))
        .await
        .fault("/id", "read_only");
    assert_eq!(app.get("/v1/accounts").await.expect(200)["data"], json!([]));

    let account = app.account().await;
    app.patch(&account, &json!({"created_at": "2026-01-31T09:30:00.000Z"}))
        .await
        .fault("/created_at", "read_only");
    app.patch(&account, &json!({"name": null}))
        .await
        .fault("/name", "required");
    app.patch(&account, &json!({"nme": "x"}))
        .await
        .fault("/nme", "unknown_member");
}

#[tokio::test]
async fn an_unknown_member_is_refused_even_if_it_is_null() {
    let app = App::start().await;
    let account = app.account().await;
    let before = app.get(&account).await.expect(200);
    for (member, code) in [("nme", "unknown_member"), ("updated_at", "read_only")] {
        let patch = json!({"name": "Acme Inc.", member: null});
        app.patch(&account, &patch)
            .await
            .fault(&format!("/{member}"), code);
    }
    app.post("/v1/accounts", &json!({"name": "a", "metadata": null}))
        .await
        .fault("/metadata", "wrong_type");
    assert_eq!(app.get(&account).await.expect(200), before);

    // In a patch, null removes a member. The members of metadata are up to the caller, so removing one that
    // does not exist succeeds.
    let patch = json!({"metadata": {"plan": "pro", "trial": {"ends": null}, "never": null}});
    let patched = app.patch(&account, &patch).await.expect(200);
    assert_eq!(patched["metadata"], json!({"plan": "pro", "trial": {}}));
    let patched = app.patch(&account, &json!({"metadata": null})).await.expect(200);
    assert_eq!(patched["metadata"], json!({}));
}

#[tokio::test]
async fn malformed_ids_are_bad_requests_not_missing_accounts() {
    let app = App::start().await;
    app.get("/v1/accounts/acct_nonsense")
        .await
        .problem(400, "invalid_id");
    app.get("/v1/accounts/acct_01h455vb4pex5vsknk084sn02q")
        .await
        .problem(404, "account_not_found");
    app.get("/v1/accounts/no-such-uid")
        .await
        .problem(404, "account_not_found");
    app.get("/v1/accounts/%FF").await.problem(400, "invalid_id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_edits_lose_no_acknowledged_change() {
    let app = std::sync::Arc::new(App::start().await);
    let account = app.account().await;
    let mut edits = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (app, account) = (std::sync::Arc::clone(&app), account.clone());
        edits.spawn(async move {
            let member = format!("m{number}");
            let response = app
                .patch(&account, &json!({"metadata": {member.as_str(): number}}))
                .await;
            if response.status == 200 {
                return Some(member);
            }
            response.problem(409, "concurrent_update");
            None
        });
    }
    let saved: Vec<String> = edits.join_all().await.into_iter().flatten().collect();
    let account = app.get(&account).await.expect(200);
    let kept = account["metadata"].as_object().unwrap();
    assert!(!saved.is_empty());
    assert_eq!(kept.len(), saved.len());
    assert!(
        saved.iter().all(|member| kept.contains_key(member)),
        "{kept:?} {saved:?}"
    );
}
