//! Who sees which pages.

use http::StatusCode;
use postrider_configuration::EventTypeDraft;
use postrider_model::By;
use postrider_model::Permission;
use postrider_storage::PutIf;

use crate::app::{App, is_missing, text};
use crate::routes::{self, For};

#[tokio::test]
async fn a_customer_reaches_only_their_own_account() {
    let app = App::start().await;
    let (customer, operator) = (app.customer(false).await, app.operator().await);
    let before = app.state().await;
    let form = format!("csrf={}&name=Globex&enabled=false", customer.csrf);
    for route in routes::all() {
        let refused_in: &[usize] = match route.whose {
            For::All | For::SignedIn => continue,
            For::Account | For::Resend | For::Manage => &[1],
            For::Staff | For::Managers | For::Operator => &[0, 1],
        };
        for &which in refused_in {
            let path = app.path(route.path, which);
            let response = app
                .send(route.method(), &path, Some(&customer.cookie), &[], &form)
                .await;
            assert!(
                is_missing(&response),
                "{} {path}: {}",
                route.method(),
                response.status()
            );
            if !route.post {
                // The page exists: it is missing only for this visitor.
                let response = app.get(&path, Some(&operator.cookie)).await;
                assert!(!is_missing(&response), "{path} as the operator");
            }
        }
    }
    assert_eq!(app.state().await, before);
}

/// Uses the ids of one account's objects under another account's path.
#[tokio::test]
async fn a_customers_pages_hold_nothing_of_another_account() {
    let app = App::start().await;
    let customer = app.customer(false).await;
    let before = app.state().await;
    let own = app.accounts[0].account.to_string();
    let form = format!("csrf={}&enabled=false", customer.csrf);
    for route in routes::all() {
        let names_a_thing = ["{automation}", "{event}", "{delivery}"]
            .iter()
            .any(|name| route.path.contains(name));
        if !names_a_thing || (route.path.ends_with("/test") && !route.post) {
            continue;
        }
        let path = app.path(&route.path.replace("{account}", &own), 1);
        let response = app
            .send(route.method(), &path, Some(&customer.cookie), &[], &form)
            .await;
        // Deleting a missing object succeeds, so that a second click does no harm.
        let is_deletion = route.post && route.path.ends_with("/delete");
        assert!(
            is_missing(&response) || is_deletion,
            "{} {path}: {}",
            route.method(),
            response.status()
        );
    }
    assert_eq!(app.state().await, before);
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let app = App::start().await;
    let reader = app.customer(true).await;
    let before = app.state().await;
    let form = format!("csrf={}&name=Acme&enabled=false", reader.csrf);
    for route in routes::forms() {
        if [For::Manage, For::Resend].contains(&route.whose) {
            let path = app.path(route.path, 0);
            let response = app.post(&path, Some(&reader.cookie), &form).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        }
    }
    assert_eq!(app.state().await, before);
}

#[tokio::test]
async fn staff_reach_what_their_key_permits_and_change_nothing_else() {
    let app = App::start().await;
    let staff = [
        (app.staff(&[Permission::Read]).await, &[For::Staff][..]),
        (
            app.staff(&[Permission::Read, Permission::Resend]).await,
            &[For::Staff, For::Resend],
        ),
        (
            app.staff(&[Permission::Read, Permission::Manage]).await,
            &[For::Staff, For::Resend, For::Manage, For::Managers],
        ),
    ];
    for (session, reached) in &staff {
        let reached = [&[For::SignedIn, For::Account], *reached].concat();
        let before = app.state().await;
        for route in routes::all() {
            if route.whose == For::All || (route.post && reached.contains(&route.whose)) {
                continue;
            }
            let path = app.path(route.path, 0);
            let form = format!("csrf={}&name=Acme&enabled=false", session.csrf);
            let response = app
                .send(route.method(), &path, Some(&session.cookie), &[], &form)
                .await;
            let is_refused = is_missing(&response) || response.status() == StatusCode::FORBIDDEN;
            let expected = !reached.contains(&route.whose);
            assert_eq!(
                is_refused,
                expected,
                "{} {path}: {}",
                route.method(),
                response.status()
            );
        }
        assert_eq!(app.state().await, before);
        let page = text(app.get("/", Some(&session.cookie)).await).await;
        assert!(
            page.contains("href=\"/accounts\"") && !page.contains("<li><a href=\"/api-keys\""),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_visitor_who_is_not_signed_in_is_sent_to_the_form() {
    let app = App::start().await;
    for route in routes::all() {
        if route.whose == For::All {
            continue;
        }
        let path = app.path(route.path, 0);
        for cookie in [None, Some("postrider_session=prs_nobody")] {
            let response = app.send(route.method(), &path, cookie, &[], "").await;
            assert_eq!(
                response.status(),
                StatusCode::SEE_OTHER,
                "{} {path}",
                route.method()
            );
            let to = response.headers()["location"].to_str().unwrap();
            assert!(to.starts_with("/sign-in"), "{path}: {to}");
        }
    }
}

#[tokio::test]
async fn a_customer_sees_only_the_event_types_that_are_visible() {
    let app = App::start().await;
    for (name, visible) in [("seen.by.all", true), ("kept.from.customers", false)] {
        let draft = EventTypeDraft {
            name: name.to_owned(),
            description: "Described.".to_owned(),
            example: Some(format!("{{\"of\":\"{name}\"}}")),
            schema: None,
            visible,
        };
        app.configuration
            .put_event_type(&By::NODE, draft, PutIf::Any)
            .await
            .unwrap();
    }
    let customer = app.customer(false).await;
    for path in ["event-types", "automations/new"] {
        let path = app.path(&format!("/accounts/{{account}}/{path}"), 0);
        let page = text(app.get(&path, Some(&customer.cookie)).await).await;
        assert!(page.contains("seen.by.all"), "{page}");
        assert!(!page.contains("kept.from.customers"), "{page}");
    }
}
