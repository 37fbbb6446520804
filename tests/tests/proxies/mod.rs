//! The proxies of `docs/operating/proxies.md`, configured with the blocks of that page.

mod client;
mod front;

use http::{Method, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use postrider_tests::server::ADMIN_KEY;
use postrider_tests::wait::SOON;
use postrider_tests::{Account, Server};

use client::Client;
use front::{Front, Program};

/// The host that the blocks name.
const HOST: &str = "webhooks.example.com";

/// Where browsers come from: outside the networks that may call the API.
const STRANGER: [u8; 4] = [127, 0, 0, 2];

/// The network that the page's `10.0.0.0/8` becomes, and an address in it.
const OUR_NETWORK: &str = "127.0.0.3/32";
const OURS: [u8; 4] = [127, 0, 0, 3];

#[tokio::test]
async fn nginx_as_documented_streams_live_pages_and_closes_private_paths() {
    keeps_its_promises(Program::Nginx).await;
}

#[tokio::test]
async fn caddy_as_documented_streams_live_pages_and_closes_private_paths() {
    keeps_its_promises(Program::Caddy).await;
}

async fn keeps_its_promises(program: Program) {
    let server = Server::start_with(&[
        "--public-url",
        &format!("https://{HOST}"),
        "--trusted-proxies",
        "127.0.0.1/32",
    ]);
    let front = Front::start(program, server.address());
    let stranger = front.client(STRANGER);
    let account = Account::create(server.api()).await;

    let cookie = sign_in(&stranger).await;
    assert_signed_in_from(&server, "127.0.0.2").await;
    assert_live(&stranger, &account, &cookie).await;
    assert_private_paths_are_closed(&stranger, &front.client(OURS)).await;
    assert_bodies_pass(&front.client(OURS), &account).await;
}

/// Signs in with the admin key and a forged address, and returns the cookie.
async fn sign_in(stranger: &Client) -> String {
    let page = stranger.get("/sign-in", &[]).await;
    let cookie = cookie_of(&page);
    let page = String::from_utf8(page.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let token = page.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap();
    let form = format!("csrf={token}&back=%2F&key={ADMIN_KEY}");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", cookie.as_str()),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    let response = stranger.send(Method::POST, "/sign-in", &headers, form).await;
    assert_eq!(response.status(), 303);
    // Postrider knows that the client speaks https.
    let is_sent = |name: &str| response.headers().contains_key(name);
    assert!(is_sent("strict-transport-security"), "{response:?}");
    cookie_of(&response)
}

/// The cookie that a response sets for https only.
fn cookie_of(response: &Response<Incoming>) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

/// The newest sign-in came from this address, whatever address the client claimed.
async fn assert_signed_in_from(server: &Server, address: &str) {
    let trail = server.api().get("/v1/audit").await.expect(200);
    let entries = trail["data"].as_array().unwrap();
    let sign_in = entries.iter().find(|entry| entry["action"] == "session.begun");
    let sign_in = sign_in.unwrap_or_else(|| panic!("{trail}"));
    assert_eq!(sign_in["client"], address, "{sign_in}");
}

/// A live page shows an event at once and to its last byte.
async fn assert_live(stranger: &Client, account: &Account, cookie: &str) {
    let live = format!("/accounts/{}/events/live", account.id);
    let mut stream = stranger.get(&live, &[("cookie", cookie)]).await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    client::read_message(&mut stream, "data", SOON).await;
    let event = account.send("proposal.accepted", "1").await;
    client::read_message(&mut stream, &event, SOON).await;
}

async fn assert_private_paths_are_closed(stranger: &Client, ours: &Client) {
    let bearer = format!("Bearer {ADMIN_KEY}");
    let key = [("authorization", bearer.as_str())];
    for path in [
        "/metrics",
        "/healthz",
        "/readyz",
        "/%6detrics",
        "//metrics",
        "/x/../metrics",
    ] {
        assert_eq!(stranger.get(path, &key).await.status(), 404, "{path}");
        assert_eq!(ours.get(path, &key).await.status(), 404, "{path}");
    }
    for path in [
        "/v1/accounts",
        "/%761/accounts",
        "//v1/accounts",
        "/x/../v1/accounts",
    ] {
        let status = stranger.get(path, &key).await.status();
        assert_ne!(status, 200, "{path}");
    }
    assert_eq!(stranger.get("/v1/accounts", &key).await.status(), 403);
    assert_eq!(ours.get("/v1/accounts", &key).await.status(), 200);
    assert_eq!(stranger.get("/sign-in", &[]).await.status(), 200);
}

/// A batch that is larger than a proxy's default limits and buffers gets through.
async fn assert_bodies_pass(ours: &Client, account: &Account) {
    let event = format!(
        r#"{{"type":"proposal.accepted","data":"{}"}}"#,
        "x".repeat(200_000)
    );
    let body = format!(r#"{{"events":[{}]}}"#, vec![event; 20].join(","));
    let bearer = format!("Bearer {ADMIN_KEY}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let path = account.at("/events/batch");
    let response = ours.send(Method::POST, &path, &headers, body).await;
    assert_eq!(response.status(), 202);
}
