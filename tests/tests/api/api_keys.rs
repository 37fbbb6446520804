//! Authentication under `/v1`.

use http::Method;
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::{Account, Server};

#[tokio::test]
async fn every_call_under_v1_needs_a_key() {
    let server = Server::start();
    let account = Account::create(server.api()).await;
    for key in [None, Some("prk_wrong-key-of-nobody-at-all"), Some("")] {
        let api = server.api().with_key(key);
        for (method, path) in [
            (Method::GET, "/v1/accounts".to_owned()),
            (Method::POST, "/v1/accounts".to_owned()),
            (Method::GET, account.at("")),
            (Method::DELETE, account.at("")),
            (Method::POST, account.at("/events")),
            (Method::GET, account.at("/signing-keys")),
            (Method::GET, "/v1/event-types".to_owned()),
            (Method::GET, "/v1/openapi.json".to_owned()),
            (Method::GET, "/v1/no-such-path".to_owned()),
        ] {
            let response = api.call(method, path).send().await;
            response.problem(401, "unauthorized");
            assert!(response.header("www-authenticate").starts_with("Bearer"));
        }
    }
    account.api.get(account.at("")).await.expect(200);
}

#[tokio::test]
async fn a_key_outside_the_authorization_header_is_refused() {
    let server = Server::start();
    let api = server.api().with_key(None);
    for value in [
        ADMIN_KEY.to_owned(),
        format!("Basic {ADMIN_KEY}"),
        format!("Bearer{ADMIN_KEY}"),
    ] {
        let call = api
            .call(Method::GET, "/v1/accounts")
            .header("authorization", &value);
        call.send().await.problem(401, "unauthorized");
    }
    api.get(format!("/v1/accounts?key={ADMIN_KEY}"))
        .await
        .problem(401, "unauthorized");
    let lower = api
        .call(Method::GET, "/v1/accounts")
        .header("authorization", &format!("bearer {ADMIN_KEY}"));
    lower.send().await.expect(200);
}

#[tokio::test]
async fn the_key_appears_in_no_log_and_no_file() {
    let mut server = Server::start();
    Account::create(server.api()).await;
    server
        .api()
        .with_key(Some("prk_wrong-key-of-nobody-at-all"))
        .get("/v1/accounts")
        .await
        .problem(401, "unauthorized");
    assert!(server.stop().success());
    let log = server.log().lines().join("\n");
    assert!(
        !log.contains(ADMIN_KEY) && !log.contains("whsec_") && !log.contains("prk_wrong"),
        "{log}"
    );
    for entry in std::fs::read_dir(server.data_dir()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        assert!(
            !bytes
                .windows(ADMIN_KEY.len())
                .any(|window| window == ADMIN_KEY.as_bytes())
        );
    }
}
