//! Signing in by a key: how often it may fail, and the cookies that it sets.

use http::{Method, StatusCode};
use postrider_web::client::Client;

use crate::app::{App, KEY, PEER, text};

/// A client that reached a trusted proxy over https.
const OVER_HTTPS: Client = Client {
    peer: PEER,
    address: PEER,
    is_https: true,
};

/// The cookies that a response sets.
fn cookies(response: &axum::response::Response) -> Vec<String> {
    let set = response.headers().get_all("set-cookie").iter();
    set.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

/// The form's cookie and its token.
async fn form(app: &App, client: Client) -> (String, String) {
    let response = app.send_as(client, Method::GET, "/sign-in", None, &[], "").await;
    let cookie = cookies(&response).remove(0);
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = text(response).await;
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
    (cookie, rest.split('"').next().unwrap().to_owned())
}

#[tokio::test]
async fn only_failures_count_and_a_right_key_always_signs_in() {
    let app = App::start().await;
    let (cookie, csrf) = form(&app, Client::direct(PEER)).await;
    let sign_in = async |key: &str| {
        let form = format!("csrf={csrf}&key={key}");
        app.post("/sign-in", Some(&cookie), &form).await
    };
    for _ in 0..20 {
        assert_eq!(sign_in(KEY).await.status(), StatusCode::SEE_OTHER);
    }
    for _ in 0..10 {
        assert_eq!(sign_in("wrong").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let refused = sign_in("wrong").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    assert_eq!(sign_in(KEY).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn failures_count_by_the_client_and_not_by_its_proxy() {
    let app = App::start().await;
    let (cookie, csrf) = form(&app, Client::direct(PEER)).await;
    let form = format!("csrf={csrf}&key=wrong");
    let sign_in = async |last: u8| {
        let client = Client {
            peer: PEER,
            address: [203, 0, 113, last].into(),
            is_https: false,
        };
        let sent = app.send_as(client, Method::POST, "/sign-in", Some(&cookie), &[], &form);
        sent.await.status()
    };
    for _ in 0..10 {
        sign_in(1).await;
    }
    assert_eq!(sign_in(1).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_in(2).await, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn over_https_cookies_belong_to_this_host_and_planted_ones_are_ignored() {
    let app = App::start().await;
    let (cookie, csrf) = form(&app, OVER_HTTPS).await;
    assert!(cookie.starts_with("__Host-postrider_form="), "{cookie}");
    let form = format!("csrf={csrf}&key={KEY}");
    let sign_in = app.send_as(OVER_HTTPS, Method::POST, "/sign-in", Some(&cookie), &[], &form);
    let set = cookies(&sign_in.await).remove(0);
    assert!(
        set.starts_with("__Host-postrider_session=")
            && set.ends_with("Path=/; HttpOnly; SameSite=Lax; Secure"),
        "{set}"
    );
    let session = set.split(';').next().unwrap();
    let planted = session.replace("__Host-", "");
    for (cookie, expected) in [(session, StatusCode::OK), (&*planted, StatusCode::SEE_OTHER)] {
        let page = app.send_as(OVER_HTTPS, Method::GET, "/accounts", Some(cookie), &[], "");
        assert_eq!(page.await.status(), expected, "{cookie}");
    }
}
