//! Receivers that never respond, respond without end, or do not speak HTTP: attempts stay bounded in time and
//! space.

use std::time::Duration;

use postrider_tests::account::attempts_of;
use postrider_tests::{Account, Receiver, Reply, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How much of a response is stored by default.
const KEPT: usize = 16 * 1024;

/// The one attempt of an event to `url`, with a timeout of one second.
async fn attempt_to(server: &Server, url: &str, status: &str) -> Value {
    let account = Account::create(server.api()).await;
    let action = json!({"type": "send_webhook", "url": url, "timeout_s": 1});
    let body =
        json!({"name": "N", "trigger": {"event_types": ["*"]}, "actions": [action], "retry_delays_s": []});
    account
        .api
        .post(account.at("/automations"), body)
        .await
        .expect(201);
    let event = account.send("a", "1").await;
    attempts_of(&account.wait_for_delivery(&event, status).await)[0].clone()
}

/// A receiver that reads a request's head and then passes the connection to `behave`.
async fn misbehaving<F: Future<Output = ()> + Send>(
    behave: impl Fn(TcpStream) -> F + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            behave(stream).await;
        }
    });
    url
}

#[tokio::test]
async fn a_receiver_that_never_responds_is_a_timeout() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(200).after(Duration::from_secs(60))]);
    let attempt = attempt_to(&server, &receiver.url("/hook"), "failed").await;
    assert_eq!(
        (&attempt["outcome"], &attempt["status_code"]),
        (&json!("timeout"), &Value::Null)
    );
    let took = attempt["duration_ms"].as_u64().unwrap();
    assert!((1_000..2_000).contains(&took), "{took} ms");
}

#[tokio::test]
async fn the_timeout_covers_the_body_too() {
    let server = Server::start();
    let url = misbehaving(|mut stream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            .await;
        for _ in 0..50 {
            let _ = stream.write_all(b"x").await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let attempt = attempt_to(&server, &url.await, "failed").await;
    assert_eq!(
        (&attempt["outcome"], &attempt["status_code"]),
        (&json!("timeout"), &json!(200))
    );
    let took = attempt["duration_ms"].as_u64().unwrap();
    assert!((1_000..2_000).contains(&took), "{took} ms");
}

#[tokio::test]
async fn a_response_is_kept_up_to_its_bound() {
    let server = Server::start();
    let receiver = Receiver::start().await;
    receiver.respond("/exact", [Reply::status(200).with_body("é".repeat(KEPT / 2))]);
    receiver.respond("/over", [Reply::status(200).with_body("y".repeat(KEPT + 1))]);
    receiver.respond("/large", [Reply::status(200).with_body("z".repeat(20 << 20))]);
    for (path, truncated) in [("/exact", false), ("/over", true), ("/large", true)] {
        let attempt = attempt_to(&server, &receiver.url(path), "succeeded").await;
        assert_eq!(attempt["response_body"].as_str().unwrap().len(), KEPT, "{path}");
        assert_eq!(attempt["response_truncated"], truncated, "{path}");
    }
}

#[tokio::test]
async fn the_bound_on_kept_responses_is_a_setting() {
    let server = Server::start_with(&[
        "--allow-destination",
        "127.0.0.0/8",
        "--response-bytes-kept",
        "1KiB",
    ]);
    let receiver = Receiver::start().await;
    receiver.respond("/hook", [Reply::status(200).with_body("y".repeat(5_000))]);
    let attempt = attempt_to(&server, &receiver.url("/hook"), "succeeded").await;
    assert_eq!(attempt["response_body"].as_str().unwrap().len(), 1_024);
}

#[tokio::test]
async fn an_endless_response_is_judged_by_its_status() {
    let server = Server::start();
    let url = misbehaving(|mut stream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let attempt = attempt_to(&server, &url.await, "succeeded").await;
    assert_eq!(attempt["response_body"].as_str().unwrap().len(), KEPT);
    assert_eq!(attempt["response_truncated"], true);
}

#[tokio::test]
async fn a_non_http_response_is_a_protocol_error() {
    let server = Server::start();
    for garbage in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b""] {
        let url = misbehaving(move |mut stream| async move {
            let _ = stream.write_all(garbage).await;
        });
        let attempt = attempt_to(&server, &url.await, "failed").await;
        assert_eq!(
            attempt["outcome"],
            "protocol_error",
            "{}",
            String::from_utf8_lossy(garbage)
        );
        assert!(attempt["error"].as_str().is_some_and(|error| !error.is_empty()));
    }
}

#[tokio::test]
async fn a_2xx_whose_body_is_cut_off_succeeds_and_says_so() {
    let server = Server::start();
    let url = misbehaving(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort";
        let _ = stream.write_all(head).await;
    });
    let attempt = attempt_to(&server, &url.await, "succeeded").await;
    assert_eq!(
        (&attempt["outcome"], &attempt["response_body"]),
        (&json!("succeeded"), &json!("short"))
    );
    assert!(attempt["error"].as_str().is_some_and(|error| !error.is_empty()));
}

#[tokio::test]
async fn endless_headers_are_a_protocol_error_and_partly_kept() {
    let server = Server::start();
    let url = misbehaving(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream
            .write_all(format!("x-many: {}\r\n", "y".repeat(1_000)).as_bytes())
            .await
            .is_ok()
        {}
    });
    let attempt = attempt_to(&server, &url.await, "failed").await;
    assert_eq!(attempt["outcome"], "protocol_error", "{attempt}");
    let receiver = Receiver::start().await;
    receiver.respond(
        "/long",
        [Reply::status(200).with_header("x-long", &"y".repeat(10_000))],
    );
    let attempt = attempt_to(&server, &receiver.url("/long"), "succeeded").await;
    assert!(attempt["response_headers"].to_string().len() < 6_000);
}
