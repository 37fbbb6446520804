//! Operational events: what Postrider reports about its own work.

use postrider_tests::account::id_of;
use postrider_tests::receiver::NEVER_CALLED;
use postrider_tests::{Account, Receiver, Reply, Server, command, wait};
use serde_json::{Value, json};

/// The operational events of an account, oldest first.
async fn operational(account: &Account) -> Vec<Value> {
    let events = account.api.get(account.at("/events")).await.expect(200);
    let events = events["data"].as_array().expect("a list").iter().rev().cloned();
    events.filter(|event| event["origin"] == "operational").collect()
}

async fn health(account: &Account, automation: &Value) -> Value {
    let path = account.at(&format!("/automations/{}", id_of(automation)));
    let shown = account.api.get(&path).await.expect(200);
    shown["actions"][0]["health"].clone()
}

#[tokio::test]
async fn an_outage_and_its_end_reach_the_customer_and_the_operator_once_each() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let system = Account {
        api: server.api(),
        id: "system".to_owned(),
    };
    let receiver = Receiver::start().await;
    receiver.respond(
        "/flaky",
        [Reply::status(503), Reply::status(503), Reply::status(200)],
    );
    let automation = account.automation_with_delays(&receiver.url("/flaky"), &[]).await;
    account
        .automation_on("postrider.action.*", json!({"url": receiver.url("/customer")}))
        .await;
    system
        .automation_on(
            "postrider.action.failing",
            json!({"url": receiver.url("/operator")}),
        )
        .await;
    for expected in ["failing", "failing", "healthy"] {
        let event = account.send("a", "1").await;
        let status = if expected == "healthy" {
            "succeeded"
        } else {
            "failed"
        };
        account.wait_for_delivery(&event, status).await;
        wait::until("the health follows", wait::SOON, async || {
            (health(&account, &automation).await["status"] == expected).then_some(())
        })
        .await;
    }
    for (path, expected) in [
        (
            "/customer",
            &["postrider.action.failing", "postrider.action.recovered"][..],
        ),
        ("/operator", &["postrider.action.failing"][..]),
    ] {
        let requests = receiver.wait_for(path, expected.len(), wait::SOON).await;
        let bodies = requests.iter().map(|request| {
            let body: Value = serde_json::from_slice(&request.body).expect("JSON");
            assert_eq!(body["data"]["account"]["id"], account.id.as_str());
            assert_eq!(body["data"]["automation"]["id"], id_of(&automation));
            assert_eq!(body["data"]["action"]["target"], receiver.url("/flaky"));
            body["type"].as_str().expect("a type").to_owned()
        });
        assert_eq!(bodies.collect::<Vec<_>>(), expected, "{path}");
    }
    assert_eq!(operational(&account).await.len(), 2);
    assert_eq!(operational(&system).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_from_the_command_line_reach_the_customer_and_the_operator() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    let system = Account {
        api: server.api(),
        id: "system".to_owned(),
    };
    let receiver = Receiver::start().await;
    let own = json!({"url": receiver.url("/everything"), "signature_profile": "standard", "signing_key": "own_ed25519"});
    let automation = account.automation_on("*", own).await;
    let action = automation["actions"][0]["id"].as_str().expect("an id");
    for (owner, path) in [(&account, "/customer"), (&system, "/operator")] {
        owner
            .automation_on("postrider.signing_key.*", json!({"url": receiver.url(path)}))
            .await;
    }
    let rotate = ["keys", "rotate", &account.id, "--json"];
    let of_account = command::run_against(&server, &rotate).json();
    let automation = id_of(&automation);
    let owner = ["--automation", &automation, "--action", action];
    let of_action = command::run_against(&server, &[&rotate[..], &owner].concat()).json();
    for path in ["/customer", "/operator"] {
        let requests = receiver.wait_for(path, 2, wait::SOON).await;
        for (new, action) in [(&of_account, &Value::Null), (&of_action, &json!(action))] {
            let body = requests.iter().find_map(|request| {
                let body: Value = serde_json::from_slice(&request.body).expect("JSON");
                (body["data"]["signing_key"]["id"] == new["id"]).then_some(body)
            });
            let body = body.expect("an event about this key");
            assert_eq!(body["type"], "postrider.signing_key.rotated");
            assert_eq!(body["data"]["account"]["id"], account.id.as_str());
            assert_eq!(body["data"]["action"]["id"], *action);
            let secret = new["secret"].as_str().expect("a secret");
            assert!(!body.to_string().contains(secret), "{body}");
        }
    }
    let events = operational(&account).await;
    assert_eq!(events.len(), 2);
    for event in &events {
        assert_eq!(
            account.deliveries_of(&id_of(event)).await.len(),
            1,
            "not one for `*`"
        );
    }
    assert_eq!(operational(&system).await.len(), 2);
}

#[tokio::test]
async fn operational_types_are_closed_to_producers_and_to_the_catalogue() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    account
        .post_event("postrider.action.failing", "{}")
        .await
        .problem(422, "invalid_body")
        .at("/type", "invalid_value");
    account
        .api
        .put("/v1/event-types/postrider.mine", json!({"description": "Mine"}))
        .await
        .problem(422, "invalid_body");
    let any = account.automation(json!({"url": NEVER_CALLED})).await;
    let path = account.at(&format!("/automations/{}/test", id_of(&any)));
    let body = json!({"type": "postrider.action.failing"});
    let tested = account.api.post(&path, body).await.expect(202);
    assert_eq!(tested["type"], "postrider.action.failing");
}

#[tokio::test]
async fn the_account_system_is_there_but_not_in_the_list_and_cannot_be_deleted_or_renamed() {
    let server = Server::start();
    let api = server.api();
    let system = api.get("/v1/accounts/system").await.expect(200);
    assert_eq!(
        (&system["uid"], &system["name"]),
        (&json!("system"), &json!("System"))
    );
    let listed = api.get("/v1/accounts").await.expect(200);
    assert_eq!(listed["data"], json!([]));
    api.delete("/v1/accounts/system")
        .await
        .problem(409, "account_built_in");
    api.patch("/v1/accounts/system", json!({"uid": "mine"}))
        .await
        .problem(422, "invalid_body")
        .at("/uid", "invalid_value");
    api.post("/v1/accounts", json!({"name": "Mine", "uid": "system"}))
        .await
        .problem(422, "invalid_body")
        .at("/uid", "invalid_value");
}
