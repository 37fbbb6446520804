//! People who sign in through an identity provider, and a provider that lies.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use postrider_access::OPERATOR_SESSION;
use postrider_access::people::{Answer, ClientSecret, FLOW_LIFETIME, SignInFault};
use postrider_model::{Permission, Scope};
use postrider_storage::PermittedSessions;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::time::advance;
use url::Url;

use crate::provider::*;
use crate::support::Node;

#[tokio::test(start_paused = true)]
async fn a_person_begins_a_session_with_the_permissions_of_their_role() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    for (groups, permissions) in [
        (json!(["staff"]), vec![Permission::Read]),
        (
            json!(["help", "staff"]),
            vec![Permission::Read, Permission::Resend],
        ),
        (json!(["ops"]), Permission::ALL.to_vec()),
    ] {
        provider.claim(json!({ "groups": groups }));
        let signed_in = signed_in(&people, &provider).await.unwrap();
        assert_eq!(signed_in.back, "/accounts");
        let session = node
            .access
            .session(signed_in.token.expose())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(session, signed_in.session);
        assert_eq!(session.caller.scope, Scope::All);
        for permission in Permission::ALL {
            let expected = permissions.contains(&permission);
            assert_eq!(
                session.caller.permissions.contains(permission),
                expected,
                "{permission:?}"
            );
        }
        let person = session.person.unwrap();
        assert_eq!((person.issuer.as_str(), person.subject.as_str()), (ISSUER, "u1"));
        assert_eq!(
            (person.name.as_str(), person.email.as_deref()),
            ("Zoë Müller", Some("zoe@example.com"))
        );
        assert_eq!(session.expires_at, node.now().after(OPERATOR_SESSION));
    }
    for verified in [json!(false), json!(null)] {
        provider.claim(json!({"email_verified": verified}));
        let session = signed_in(&people, &provider).await.unwrap().session;
        assert_eq!(
            session.person.unwrap().email,
            None,
            "the provider does not vouch for it"
        );
    }
    provider.claim(json!({"groups": ["visitors"]}));
    let nobody = signed_in(&people, &provider).await;
    assert!(matches!(nobody, Err(SignInFault::NoRole(person)) if person.subject == "u1"));
}

#[tokio::test(start_paused = true)]
async fn the_request_carries_state_nonce_and_a_challenge_whose_verifier_goes_to_the_provider_alone() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    let begun = people.begin(REDIRECT, "/", true).await.unwrap();
    let url = Url::parse(&begun.url).unwrap();
    let query = url.query().unwrap();
    for (name, value) in [
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
    ] {
        assert_eq!(parameter_of(query, name).as_deref(), Some(value), "{name}");
    }
    let challenge = parameter_of(query, "code_challenge").unwrap();
    let returned = Returned {
        cookie: begun.cookie,
        state: parameter_of(query, "state").unwrap(),
    };
    // The nonce of the token is another one, which does not matter here.
    assert!(finish(&people, &returned, |_| {}).await.is_err());
    let says = provider.says.lock();
    let form = says
        .requests
        .iter()
        .find_map(|request| request.strip_prefix("/token "))
        .unwrap();
    let verifier = parameter_of(form, "code_verifier").unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)), challenge);
    assert!(!begun.url.contains(&verifier) && !returned.cookie.contains(&verifier));
    assert_eq!(parameter_of(form, "client_id").as_deref(), Some(CLIENT));
}

#[tokio::test(start_paused = true)]
async fn a_client_with_a_secret_authenticates_as_the_provider_supports() {
    let node = Node::new();
    for (methods, in_form) in [
        (json!(null), false),
        (json!(["client_secret_post", "client_secret_basic"]), false),
        (json!(["client_secret_post"]), true),
    ] {
        let provider = Provider::new(&node);
        provider.say(|says| says.metadata["token_endpoint_auth_methods_supported"] = methods);
        let people = people_with(&node, &provider, |settings| {
            settings.client_secret = ClientSecret::new("p:w d");
        });
        signed_in(&people, &provider).await.unwrap();
        let says = provider.says.lock();
        let at = says
            .requests
            .iter()
            .position(|request| request.starts_with("/token "))
            .unwrap();
        let basic = format!("Basic {}", STANDARD.encode("postrider:p%3Aw+d"));
        let expected = (!in_form).then_some(basic);
        assert_eq!(says.authorizations[at], expected);
        let form = says.requests[at].strip_prefix("/token ").unwrap();
        assert_eq!(parameter_of(form, "client_secret").is_some(), in_form);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_provider_did_not_issue_for_this_sign_in_signs_nobody_in() {
    let node = Node::new();
    let now_s = node.now().unix_s();
    for claims in [
        json!({"iss": "https://evil.example"}),
        json!({"aud": "another"}),
        json!({"aud": ["postrider", "another"]}),
        json!({"nonce": "another"}),
        json!({"exp": now_s - 60}),
        json!({"iat": now_s + 3600}),
        json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
        json!({"sub": null}),
    ] {
        let provider = Provider::new(&node);
        let people = people(&node, &provider);
        provider.claim(claims.clone());
        let refused = signed_in(&people, &provider).await;
        assert!(matches!(refused, Err(SignInFault::Untrusted(_))), "{claims}");
    }
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "RS256"}),
        json!({"kid": "unknown"}),
        json!({"crit": ["exp"]}),
    ] {
        let provider = Provider::new(&node);
        let people = people(&node, &provider);
        provider.say(|says| says.header = header.clone());
        let refused = signed_in(&people, &provider).await;
        assert!(matches!(refused, Err(SignInFault::Untrusted(_))), "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_another_sign_in_signs_nobody_in() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    let is_lost = |cookie: Option<&str>, state: Option<&str>| {
        let answer = Answer {
            state,
            code: Some("c1"),
            ..Answer::default()
        };
        let failed = people.returned(cookie, answer).err().unwrap();
        matches!(failed.fault, SignInFault::Lost) && failed.back == "/"
    };
    let (mine, other) = (
        returned(&people, &provider).await,
        returned(&people, &provider).await,
    );
    assert!(is_lost(None, Some(&mine.state)), "another browser");
    assert!(
        is_lost(Some(&mine.cookie), Some(&other.state)),
        "a planted answer"
    );
    assert!(is_lost(Some(&mine.cookie), None));
    assert!(is_lost(Some("made-up"), Some(&mine.state)));
    assert_eq!(provider.count("/token"), 0, "no code left");

    assert!(finish(&people, &other, |_| {}).await.is_ok());
    assert!(is_lost(Some(&other.cookie), Some(&other.state)), "a replay");
    advance(FLOW_LIFETIME).await;
    assert!(is_lost(Some(&mine.cookie), Some(&mine.state)), "too late");
    assert_eq!(provider.count("/token"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_provider_is_refused_before_its_code_goes_anywhere() {
    let node = Node::new();
    let provider = Provider::new(&node);
    provider.say(|says| says.metadata["authorization_response_iss_parameter_supported"] = true.into());
    let people = people(&node, &provider);
    for issuer in [None, Some("https://evil.example")] {
        let returned = returned(&people, &provider).await;
        let failed = finish(&people, &returned, |answer| answer.issuer = issuer).await;
        assert!(
            matches!(failed.err().unwrap().fault, SignInFault::Untrusted(_)),
            "{issuer:?}"
        );
    }
    assert_eq!(provider.count("/token"), 0);
    let returned = returned(&people, &provider).await;
    assert!(
        finish(&people, &returned, |answer| answer.issuer = Some(ISSUER))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_provider_is_told_apart_and_quoted_within_bounds() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    let long = format!("server_error\n{}", "x".repeat(10_000));
    for (error, is_denied) in [
        ("access_denied", true),
        ("temporarily_unavailable", false),
        (&long, false),
    ] {
        let returned = returned(&people, &provider).await;
        let failed = finish(&people, &returned, |answer| {
            (answer.code, answer.error) = (None, Some(error))
        });
        let failed = failed.await.err().unwrap();
        assert_eq!(failed.back, "/accounts");
        assert_eq!(matches!(failed.fault, SignInFault::Denied), is_denied);
        let logged = failed.fault.to_string();
        assert!(logged.len() < 300 && !logged.contains('\n'), "{logged}");
    }
    for (refusal, is_code) in [
        ((400, json!({"error": "invalid_grant"})), true),
        (
            (
                401,
                json!({"error": "invalid_client", "error_description": "x".repeat(9_000)}),
            ),
            false,
        ),
        ((200, json!({"access_token": "at"})), false),
    ] {
        provider.say(|says| says.refusal = Some(refusal));
        let fault = signed_in(&people, &provider).await.err().unwrap();
        let expected = matches!(fault, SignInFault::Refused(_));
        assert_eq!(expected, is_code, "{fault}");
        assert!(expected || matches!(fault, SignInFault::Unusable(_)), "{fault}");
        assert!(fault.to_string().len() < 400);
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_has_twenty_sessions_and_all_end_with_the_issuer() {
    let node = Node::new();
    let provider = Provider::new(&node);
    let people = people(&node, &provider);
    let mut tokens = Vec::new();
    for _ in 0..21 {
        tokens.push(signed_in(&people, &provider).await.unwrap().token);
    }
    let is_alive = async |n: usize| node.access.session(tokens[n].expose()).await.unwrap().is_some();
    assert!(!is_alive(0).await, "the oldest");
    assert!(is_alive(1).await && is_alive(20).await);
    let keep = async |issuer: &str| {
        let issuer = Some(issuer.to_owned());
        node.access
            .keep_sessions(PermittedSessions { issuer, by_key: true })
            .await
    };
    assert_eq!(keep(ISSUER).await, Ok(0));
    assert!(is_alive(20).await);
    assert_eq!(keep("https://other.example").await, Ok(20));
    assert!(!is_alive(20).await);
}
