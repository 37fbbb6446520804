//! A connection of the installation: its token reaches the right receiver from two accounts, and no third
//! host.

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::command::run_against;
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::json;

const SYSTEM: &str = "/v1/accounts/system/connections";

/// Creates it, for `127.0.0.1`, and returns its id.
fn create(server: &Server) -> String {
    let file = server.data_dir().join("token.txt");
    std::fs::write(&file, "the-gateways-token\n").unwrap();
    let line = "connections create system Gateway --type bearer --host 127.0.0.1 --json --secret-file";
    let mut words: Vec<_> = line.split(' ').collect();
    words.push(file.to_str().unwrap());
    id_of(&run_against(server, &words).json())
}

#[tokio::test]
async fn an_installations_token_reaches_its_host_from_two_accounts_and_no_third_host() {
    let server = Server::start();
    let gateway = Receiver::start().await;
    let thief = Receiver::start().await;
    // Hosts are compared by name: the thief has another one on this machine.
    let stolen = thief.url("/stolen").replace("127.0.0.1", "localhost");
    gateway.respond("/moved", [Reply::status(308).with_header("location", &stolen)]);
    let id = create(&server);
    let admin = server.api();
    let automation = |event_type: &str, url: &str| {
        json!({
            "name": event_type, "trigger": {"event_types": [event_type]}, "retry_delays_s": [],
            "actions": [{"type": "send_webhook", "url": url, "connection_id": id}],
        })
    };
    let accounts = [
        Account::create(admin.clone()).await,
        Account::create(admin.clone()).await,
    ];
    for account in &accounts {
        let automations = account.at("/automations");
        let save = async |body| account.api.post(automations.clone(), body).await;
        save(automation("a.sent", &gateway.url("/hook")))
            .await
            .expect(201);
        save(automation("a.moved", &gateway.url("/moved")))
            .await
            .expect(201);
        let refused = save(automation("*", &stolen)).await.expect(422);
        assert_eq!(refused["errors"][0]["code"], json!("connection_not_for_host"));
        let event = account.send("a.sent", "1").await;
        account.wait_for_delivery(&event, "succeeded").await;
        let event = account.send("a.moved", "1").await;
        let moved = account.wait_for_delivery(&event, "failed").await;
        assert_eq!(attempts_of(&moved)[0]["status_code"], json!(308));
    }
    let received = gateway.received("/hook");
    let tokens = received.iter().map(|request| request.header("authorization"));
    assert_eq!(tokens.collect::<Vec<_>>(), ["Bearer the-gateways-token"; 2]);
    // The operator moves the connection to another host: what is to come is not sent with it.
    let path = format!("{SYSTEM}/{id}");
    admin
        .patch(
            path,
            json!({"hosts": ["gateway.example"], "token": "the-gateways-token"}),
        )
        .await
        .expect(200);
    let mut shown = String::new();
    for account in &accounts {
        let event = account.send("a.sent", "2").await;
        let failed = account.wait_for_delivery(&event, "failed").await;
        let error = attempts_of(&failed)[0]["error"].as_str().unwrap();
        assert!(error.starts_with("The connection cannot be used"), "{error}");
        for list in ["connections", "automations", "deliveries", "audit"] {
            let path = account.at(&format!("/{list}"));
            shown += &account.api.get(path).await.expect(200).to_string();
        }
    }
    assert_eq!(gateway.count("/hook"), 2);
    assert_eq!(thief.count("/stolen"), 0);
    assert!(shown.contains("Gateway") && !shown.contains("the-gateways-token"));
}
