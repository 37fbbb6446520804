//! What a sign-in refuses, shown over HTTP with an identity provider that lies.

use std::time::Instant;

use http::Method;
use postrider_tests::identity_provider::IdentityProvider;
use postrider_tests::wait::{self, SOON};
use postrider_tests::{Api, ApiResponse, Postgres, Server};
use serde_json::json;
use tokio::task::JoinSet;

/// Where a provider describes itself.
const METADATA: &str = "/.well-known/openid-configuration";

/// Sign-ins of a client, or codes that it makes up: more than it may in the time that this takes.
const SIGN_INS: u64 = 40;

/// Sign-ins of a client that make the server ask the provider at once. After these, it is one a second.
const AT_ONCE: u64 = 16;

/// A browser that was sent to the provider and back.
struct Returned {
    cookie: String,
    /// The address of the callback.
    path: String,
}

/// Begins a sign-in, and lets the provider answer.
async fn returned(server: &Api, provider: &IdentityProvider) -> Returned {
    let begun = server.get("/sign-in/oidc?back=%2Faccounts").await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let set = begun.header("set-cookie");
    assert!(
        set.contains("; Max-Age=600; ") && set.contains("; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    let to_provider = begun
        .header("location")
        .strip_prefix(&provider.issuer())
        .unwrap()
        .to_owned();
    let answer = provider.api().get(to_provider).await;
    let back = answer
        .header("location")
        .strip_prefix(&server.url())
        .unwrap()
        .to_owned();
    Returned {
        cookie: set.split(';').next().unwrap().to_owned(),
        path: back,
    }
}

/// Comes back from the provider.
async fn finish(server: &Api, returned: &Returned) -> ApiResponse {
    let call = server.call(Method::GET, returned.path.clone());
    call.header("cookie", &returned.cookie).send().await
}

fn begins_session(response: &ApiResponse) -> bool {
    let cookies = response.headers.get_all("set-cookie").iter();
    let mut sessions =
        cookies.filter(|cookie| cookie.to_str().unwrap().starts_with("postrider_session=prs_"));
    sessions.next().is_some()
}

/// The cookie of a session that began.
fn session_of(response: &ApiResponse) -> String {
    let cookies = response.headers.get_all("set-cookie").iter();
    let session = cookies
        .map(|cookie| cookie.to_str().unwrap())
        .find(|cookie| cookie.contains("prs_"));
    session.unwrap().split(';').next().unwrap().to_owned()
}

/// Whether the browser forgets the sign-in under way.
fn ends_sign_in(response: &ApiResponse) -> bool {
    let mut cookies = response.headers.get_all("set-cookie").iter();
    cookies.any(|cookie| cookie.to_str().unwrap().starts_with("postrider_sign_in=;"))
}

fn anybody(server: &Server) -> Api {
    server.api().with_key(None)
}

#[tokio::test]
async fn a_planted_changed_or_repeated_answer_of_the_provider_signs_nobody_in() {
    let provider = IdentityProvider::start_lying();
    let process = provider.server(&[]).await;
    let server = anybody(&process);
    let mine = returned(&server, &provider).await;
    let others = returned(&server, &provider).await;
    let planted = Returned {
        cookie: mine.cookie.clone(),
        path: others.path.clone(),
    };
    let without_cookie = Returned {
        cookie: "x=1".to_owned(),
        path: mine.path.clone(),
    };
    let changed = Returned {
        cookie: mine.cookie.clone(),
        path: mine.path.replace("state=", "state=A"),
    };
    for refused in [planted, without_cookie, changed] {
        let response = finish(&server, &refused).await;
        assert_eq!(response.status, 400, "{}", refused.path);
        assert!(
            !begins_session(&response) && response.text().contains("This sign-in began in another browser")
        );
        assert!(!ends_sign_in(&response), "another site may have sent it");
    }
    let response = finish(&server, &mine).await;
    assert_eq!((response.status, response.header("location")), (303, "/accounts"));
    assert!(begins_session(&response) && ends_sign_in(&response));
    let replayed = finish(&server, &mine).await;
    assert_eq!((replayed.status, begins_session(&replayed)), (400, false));
}

#[tokio::test]
async fn a_client_that_makes_codes_up_is_refused_before_the_provider_is_asked() {
    let provider = IdentityProvider::start_lying();
    let process = provider.server(&[]).await;
    let server = anybody(&process);
    let begun = returned(&server, &provider).await;
    let made_up = Returned {
        path: begun.path.replace("code=", "code=x"),
        cookie: begun.cookie,
    };
    let began = Instant::now();
    let mut refused = 0;
    for _ in 0..SIGN_INS {
        let response = finish(&server, &made_up).await;
        if response.text().contains("Too many sign-ins from your network") {
            refused += 1;
            assert_eq!((response.status, response.header("retry-after")), (429, "1"));
            assert!(!ends_sign_in(&response), "a person reloads the page");
        }
    }
    let asked = provider.asked("/token").await;
    assert_eq!(refused + asked, SIGN_INS);
    let asked_most = AT_ONCE + began.elapsed().as_secs() + 1;
    assert!(
        refused > 0 && asked <= asked_most,
        "{asked} within {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_client_that_begins_many_sign_ins_while_the_provider_keeps_silent_is_refused() {
    let provider = IdentityProvider::start_lying();
    provider.say(json!({"silent": METADATA})).await;
    let process = provider.server(&[]).await;
    let mut begins = JoinSet::new();
    for _ in 0..SIGN_INS {
        let server = anybody(&process);
        begins.spawn(async move { server.get("/sign-in/oidc").await.status });
    }
    let first = begins.join_next().await.unwrap().unwrap();
    assert_eq!(first, 429, "the others wait for the provider");
    let once = wait::until("the provider is asked", SOON, async || {
        Some(provider.asked(METADATA).await).filter(|times| *times > 0)
    });
    assert_eq!(once.await, 1);
}

#[tokio::test]
async fn a_token_that_proves_nothing_signs_nobody_in_and_the_log_says_why() {
    let provider = IdentityProvider::start_lying();
    let server = provider.server(&[]).await;
    let anybody = anybody(&server);
    for (says, status, why) in [
        (
            json!({"claims": {"nonce": "n"}}),
            403,
            "belongs to another sign-in",
        ),
        (
            json!({"claims": {"aud": "another"}}),
            403,
            "is for another client",
        ),
        (
            json!({"claims": {"iss": "https://evil.example"}}),
            403,
            "has another issuer",
        ),
        (json!({"claims": {"exp": "past"}}), 403, "has expired"),
        (
            json!({"header": {"alg": "none"}}),
            403,
            "is not signed with a permitted algorithm",
        ),
        (
            json!({"header": {"alg": "HS256"}}),
            403,
            "is not signed with a permitted algorithm",
        ),
        (json!({"other_key": true}), 403, "no key of the provider verifies"),
        (json!({"tokens": {"id_token": null}}), 502, "has no ID token"),
        (json!({"redirect": "/token"}), 502, "HTTP 302"),
        (json!({"endless": "/token"}), 503, "the body"),
    ] {
        let returned = returned(&anybody, &provider).await;
        provider.say(says.clone()).await;
        let from = server.log().len();
        let response = finish(&anybody, &returned).await;
        assert_eq!(
            (response.status, begins_session(&response)),
            (status, false),
            "{says}"
        );
        let logged = server.log().find(from, SOON, |line| {
            let is_it = line.contains("sign-in failed") && line.contains(why);
            is_it.then(|| line.to_owned())
        });
        let logged = logged.unwrap_or_else(|| panic!("{says}: the log does not say “{why}”"));
        assert!(!logged.contains("eyJ"), "no token in the log: {logged}");
        provider.say(json!({})).await;
    }
    let returned = returned(&anybody, &provider).await;
    assert!(begins_session(&finish(&anybody, &returned).await));
}

#[tokio::test]
async fn one_node_finishes_the_sign_in_that_another_began() {
    let provider = IdentityProvider::start_lying();
    let postgres = Postgres::start();
    let flags = provider.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let nodes = [(); 2].map(|()| {
        let mut node = Server::stopped_on_database(postgres.url("postgres"));
        node.start_again_with(&flags);
        node
    });
    let [one, other] = [0, 1].map(|n| nodes[n].api().with_key(None));
    let returned = returned(&one, &provider).await;
    let response = finish(&other, &returned).await;
    assert!(begins_session(&response), "{}", response.text());
    let session = session_of(&response);
    let page = one
        .call(Method::GET, "/accounts")
        .header("cookie", &session)
        .send()
        .await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn another_issuer_ends_the_sessions_of_the_former_ones_people() {
    let provider = IdentityProvider::start_lying();
    let another = IdentityProvider::start_lying();
    let mut server = provider.server(&[]).await;
    let count = async |server: &Server| {
        let sessions = server.api().get("/v1/sessions").await.expect(200);
        sessions["data"].as_array().unwrap().len()
    };
    for (begins_at, next, kept) in [
        (&provider, Some(&provider), 1),
        (&provider, Some(&another), 0),
        (&another, None, 0),
    ] {
        let anybody = anybody(&server);
        let returned = returned(&anybody, begins_at).await;
        assert!(begins_session(&finish(&anybody, &returned).await));
        let before = count(&server).await;
        let flags = next.map(IdentityProvider::flags).unwrap_or_default();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        server.stop();
        server.start_again_with(&flags);
        assert_eq!(count(&server).await, kept * before, "{next:?}");
    }
}

#[tokio::test]
async fn a_sign_out_says_so_if_the_provider_does_not_respond() {
    let mut provider = IdentityProvider::start_lying();
    let mut server = provider.server(&[]).await;
    let began = returned(&anybody(&server), &provider).await;
    let session = session_of(&finish(&anybody(&server), &began).await);
    let flags = provider.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    server.stop();
    // A server that has never reached the provider.
    provider.stop();
    server.start_again_with(&flags);
    let anybody = anybody(&server);
    let page = anybody.call(Method::GET, "/accounts").header("cookie", &session);
    let page = page.send().await;
    assert_eq!(page.status, 200);
    let csrf = page.form_token();
    let signed_out = anybody
        .call(Method::POST, "/sign-out")
        .header("cookie", &session)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("csrf={csrf}"))
        .send()
        .await;
    assert_eq!(signed_out.status, 200);
    let says = "Your identity provider did not respond, so you may still be signed in there.";
    assert!(signed_out.text().contains(says), "{}", signed_out.text());
    let sessions = server.api().get("/v1/sessions").await.expect(200);
    assert_eq!(sessions["data"], json!([]));
}
