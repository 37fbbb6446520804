//! Mutual TLS with nginx, which finishes the handshake without a valid certificate and then responds 400.

use postrider_tests::mutual_tls::Authority;
use postrider_tests::nginx::Nginx;
use postrider_tests::{Account, Server};
use serde_json::{Value, json};

use super::mutual_tls::{attempt, connection};

#[tokio::test]
async fn nginx_sees_the_certificate_of_the_connection_and_refuses_others() {
    let authority = Authority::new("Partner authority");
    let receiver = Nginx::start(&authority);
    let file = receiver.authority_file();
    let server = Server::start_with(&["--allow-destination", "127.0.0.0/8", "--extra-ca-file", &file]);
    let account = Account::create(server.api()).await;
    let partner = connection(&account, &authority.certify("Partner", &[])).await;
    let stranger = Authority::new("Another authority").certify("stranger", &[]);
    let stranger = connection(&account, &stranger).await;
    for (event_type, connection, status, response) in [
        ("to.partner", json!(partner), 200, "CN=Partner"),
        ("to.stranger", json!(stranger), 400, "The SSL certificate error"),
        (
            "to.nobody",
            Value::Null,
            400,
            "No required SSL certificate was sent",
        ),
    ] {
        let body = json!({
            "name": "Notify", "trigger": {"event_types": [event_type]}, "retry_delays_s": [],
            "actions": [{"type": "send_webhook", "url": receiver.url(), "connection_id": connection}],
        });
        let automations = account.at("/automations");
        account.api.post(automations, body).await.expect(201);
        let settled = if status == 200 { "succeeded" } else { "failed" };
        // Twice: the second request goes over the connection of the first.
        for _ in 0..2 {
            let attempt = attempt(&account, event_type, settled).await;
            assert_eq!(attempt["status_code"], status, "{attempt}");
            let body = attempt["response_body"].as_str().unwrap();
            assert!(body.contains(response), "{attempt}");
        }
    }
}
