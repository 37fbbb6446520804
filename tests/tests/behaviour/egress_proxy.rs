//! Webhooks through a proxy of the operator.

use std::sync::{Arc, Mutex};

use postrider_tests::account::attempts_of;
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, Receiver, Server, server::LOOPBACK_ALLOWED};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Opens tunnels, and notes the heads of the requests for them.
async fn proxy(listener: TcpListener, heads: Arc<Mutex<Vec<String>>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let heads = Arc::clone(&heads);
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            heads.lock().unwrap().push(head);
            let mut receiver = TcpStream::connect(target).await.unwrap();
            client
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .await
                .unwrap();
            let _ = copy_bidirectional(&mut client, &mut receiver).await;
        });
    }
}

#[tokio::test]
async fn webhooks_go_through_the_proxy_and_wait_for_it_without_an_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "hidden\n").unwrap();
    let url = format!("http://postrider@{address}");
    let settings = [
        "--egress-proxy",
        &url,
        "--egress-proxy-password-file",
        password.to_str().unwrap(),
    ];
    let server = Server::start_with(&[&LOOPBACK_ALLOWED[..], &settings].concat());
    let account = Account::create(server.api()).await;
    let receiver = Receiver::start().await;
    account.automation(json!({"url": receiver.url("/hook")})).await;
    // The proxy does not listen yet.
    let event = account.send("a", "1").await;
    until("the log names the proxy", SOON, async || {
        logs(&server, "egress proxy cannot be used").then_some(())
    })
    .await;
    let listener = TcpListener::bind(address).await.unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let proxy = tokio::spawn(proxy(listener, Arc::clone(&heads)));
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    assert_eq!(attempts_of(&delivery).len(), 1);
    assert_eq!(receiver.count("/hook"), 1);
    // `postrider:hidden`.
    let credentials = "Proxy-Authorization: Basic cG9zdHJpZGVyOmhpZGRlbg==";
    assert!(
        heads.lock().unwrap()[0].starts_with("CONNECT 127.0.0.1:")
            && heads.lock().unwrap()[0].contains(credentials)
    );
    assert!(!logs(&server, "hidden"));
    proxy.abort();
}

fn logs(server: &Server, words: &str) -> bool {
    server.log().lines().iter().any(|line| line.contains(words))
}
