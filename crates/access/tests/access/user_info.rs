//! What the user info of the identity provider adds to its ID token.

use postrider_access::people::SignInFault;
use postrider_model::Permission;
use serde_json::json;

use crate::provider::*;
use crate::support::Node;

#[tokio::test(start_paused = true)]
async fn claims_that_the_token_lacks_come_from_the_user_info_of_the_same_person() {
    let node = Node::new();
    let provider = Provider::new(&node);
    provider.say(|says| {
        says.metadata["userinfo_endpoint"] = "https://id.example/userinfo".into();
        says.claims = json!({"sub": "u1"});
    });
    let people = people(&node, &provider);
    assert!(signed_in(&people, &provider).await.is_err(), "no user info");
    provider.say(|says| says.user_info = Some(json!({"sub": "u2", "groups": ["ops"]})));
    let refused = signed_in(&people, &provider).await;
    assert!(
        matches!(refused, Err(SignInFault::Untrusted(_))),
        "another person's"
    );
    provider.say(|says| says.user_info = Some(json!({"sub": "u1", "groups": ["ops"], "name": "Zoë"})));
    let session = signed_in(&people, &provider).await.unwrap().session;
    assert_eq!(session.person.unwrap().name, "Zoë");
    let asked = provider.says.lock().authorizations.last().cloned().flatten();
    assert_eq!(asked.as_deref(), Some("Bearer at"));
    // The token's own claims win.
    provider.claim(json!({"groups": ["staff"]}));
    let session = signed_in(&people, &provider).await.unwrap().session;
    assert!(!session.caller.permissions.contains(Permission::Admin));
}

#[tokio::test(start_paused = true)]
async fn an_address_and_whether_it_is_verified_come_from_the_same_document() {
    let node = Node::new();
    let provider = Provider::new(&node);
    provider.say(|says| says.metadata["userinfo_endpoint"] = "https://id.example/userinfo".into());
    let people = people_with(&node, &provider, |settings| {
        settings.rules.role_claim = "email".parse().unwrap();
        settings.rules.admin = vec!["root@example.com".to_owned()];
    });
    for (token, info, is_admin) in [
        (
            json!({"email_verified": true}),
            json!({"email": "root@example.com"}),
            false,
        ),
        (
            json!({"email": "root@example.com"}),
            json!({"email_verified": true}),
            false,
        ),
        (
            json!({"email": "me@example.com"}),
            json!({"email": "root@example.com", "email_verified": true}),
            true,
        ),
        (
            json!({"email": "root@example.com", "email_verified": false}),
            json!({"email_verified": true}),
            false,
        ),
    ] {
        provider.say(|says| {
            says.claims = json!({"sub": "u1"});
            says.user_info = Some(json!({"sub": "u1"}));
            for (whole, part) in [
                (&mut says.claims, &token),
                (says.user_info.as_mut().unwrap(), &info),
            ] {
                let part = part.as_object().unwrap().clone();
                whole.as_object_mut().unwrap().extend(part);
            }
        });
        let signed_in = signed_in(&people, &provider).await;
        assert_eq!(signed_in.is_ok(), is_admin, "{token} and {info}");
    }
}
