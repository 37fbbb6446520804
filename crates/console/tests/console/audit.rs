//! The pages of the audit trail, and what the console notes in it.

use http::{Method, StatusCode};
use postrider_configuration::AccountDraft;
use postrider_model::{By, Scope};
use postrider_storage::{AuditFilter, PageRequest};

use crate::app::{App, KEY, text};

/// The actions and reasons in the trail, newest first.
async fn noted(app: &App) -> Vec<(String, String)> {
    app.access.write_refusals().await;
    let page = PageRequest {
        limit: 50,
        after: None,
    };
    let found = app
        .access
        .audit(Scope::All, AuditFilter::default(), page)
        .await
        .unwrap();
    let entry = |entry: postrider_model::AuditEntry| {
        let details = entry.details.unwrap_or_default();
        let reason = details.split_once(r#""reason":""#).map(|(_, rest)| rest);
        let reason = reason.and_then(|rest| rest.split('"').next()).unwrap_or("-");
        (entry.action.as_str().to_owned(), reason.to_owned())
    };
    found.items.into_iter().map(entry).collect()
}

fn pair(action: &str, reason: &str) -> (String, String) {
    (action.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn staff_see_who_did_what_and_customers_that_it_was_the_staff() {
    let app = App::start().await;
    let (operator, customer) = (app.operator().await, app.customer(false).await);
    let path = app.path("/accounts/{account}/automations/{automation}/switch", 0);
    for (session, enabled) in [(&operator, false), (&customer, true)] {
        let form = format!("csrf={}&enabled={enabled}&back=/", session.csrf);
        let response = app.post(&path, Some(&session.cookie), &form).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
    }
    let all = text(
        app.get("/audit?action=automation.updated", Some(&operator.cookie))
            .await,
    )
    .await;
    assert!(
        all.contains("POSTRIDER_ADMIN_KEY</strong> updated automation"),
        "{all}"
    );
    assert!(
        all.contains("A visitor of a portal link</strong> updated automation"),
        "{all}"
    );
    assert!(all.contains("<del>true</del> → <ins>false</ins>"), "{all}");
    let path = app.path("/accounts/{account}/audit", 0);
    let own = text(app.get(&path, Some(&customer.cookie)).await).await;
    assert!(own.contains("Support staff</strong> updated automation"), "{own}");
    assert!(!own.contains("POSTRIDER_ADMIN_KEY"), "{own}");
    let none = text(
        app.get(&format!("{path}?action=session.refused"), Some(&customer.cookie))
            .await,
    )
    .await;
    assert!(none.contains("No entries match"), "{none}");
}

#[tokio::test]
async fn foreign_and_missing_accounts_leave_the_same_entry() {
    let app = App::start().await;
    let (operator, customer) = (app.operator().await, app.customer(false).await);
    let before = noted(&app).await.len();
    let foreign = app.accounts[1].account.to_string();
    let others = [foreign.as_str(), "acct_01h455vb4pex5vsknk084sn02q", "nobody"];
    for (count, other) in (1..).zip(others) {
        let path = format!("/accounts/{other}/automations");
        let response = app.get(&path, Some(&customer.cookie)).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{other}");
        let noted = noted(&app).await;
        assert_eq!(noted.len(), before + count, "{other}");
        assert_eq!(noted[0], pair("request.refused", "not_found"), "{other}");
    }
    let response = app
        .get("/accounts/nobody/automations", Some(&operator.cookie))
        .await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        noted(&app).await.len(),
        before + others.len(),
        "for staff it is only a mistake"
    );
}

#[tokio::test]
async fn the_link_of_an_account_leads_to_its_entries_also_once_it_is_deleted() {
    let app = App::start().await;
    let operator = app.operator().await;
    let [kept, deleted] = [0, 1].map(|which| app.accounts[which].account);
    app.configuration
        .delete_account(&By::NODE, deleted, None)
        .await
        .unwrap();
    let page = text(app.get("/audit", Some(&operator.cookie)).await).await;
    for (id, says) in [
        (kept, format!(r#"<a href="/accounts/{kept}">Acme</a>"#)),
        (
            deleted,
            format!("<code>{deleted}</code>, which does not exist any more"),
        ),
    ] {
        let link = format!("/audit?account={id}");
        assert!(page.contains(&format!(r#"<a href="{link}">"#)), "{link}");
        let response = app.get(&link, Some(&operator.cookie)).await;
        assert_eq!(response.status(), StatusCode::OK);
        let listed = text(response).await;
        assert!(listed.contains(&says), "{listed}");
        assert!(listed.contains("created account <strong>"), "{listed}");
        assert_eq!(
            listed.contains("deleted account <strong>Globex"),
            id == deleted,
            "{listed}"
        );
    }
    let ignored = text(app.get("/audit?account=acme", Some(&operator.cookie)).await).await;
    assert!(ignored.contains(r#"id="account-ignored""#), "{ignored}");
    let path = app.path("/accounts/{account}/audit", 0);
    let own = format!("{path}?account={deleted}");
    let own = text(app.get(&own, Some(&operator.cookie)).await).await;
    assert!(
        own.contains("created account <strong>Acme") && !own.contains("Id of the account"),
        "{own}"
    );
}

#[tokio::test]
async fn names_that_deceive_are_shown_as_what_they_are() {
    let app = App::start().await;
    let operator = app.operator().await;
    let draft = AccountDraft {
        uid: None,
        name: "<script>alert(1)</script>".to_owned(),
        metadata: Some("{\"a\":\"\u{202e}txt\"}".to_owned()),
        retry_delays_s: None,
    };
    app.configuration.create_account(&By::NODE, draft).await.unwrap();
    let page = text(app.get("/audit", Some(&operator.cookie)).await).await;
    assert!(
        !page.contains("<script>alert") && !page.contains('\u{202e}'),
        "{page}"
    );
}

#[tokio::test]
async fn sign_ins_reveals_and_refusals_are_noted() {
    let app = App::start().await;
    let customer = app.customer(false).await;
    let before = noted(&app).await.len();
    let path = app.path("/accounts/{account}/signing-key", 0);
    let entry = app.configuration.entry(app.accounts[0].account).await.unwrap();
    let key = entry.unwrap().config.keys[0].id;
    app.get(&path, Some(&customer.cookie)).await;
    let form = format!("csrf={}&key={key}", customer.csrf);
    app.post(&path, Some(&customer.cookie), &form).await;
    app.post(&path, Some(&customer.cookie), "csrf=wrong").await;
    app.get(&app.path("/accounts/{account}", 1), Some(&customer.cookie))
        .await;
    app.get("/audit", Some(&customer.cookie)).await;
    let shown = app.get("/sign-in", None).await;
    let cookie = shown.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let page = text(shown).await;
    let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1;
    let csrf = csrf.split('"').next().unwrap();
    for key in ["wrong", KEY] {
        let form = format!("csrf={csrf}&key={key}&back=/");
        app.send(Method::POST, "/sign-in", Some(&cookie), &[], &form)
            .await;
    }
    app.get("/sign-in/prl_none", None).await;
    let form = format!("csrf={}", customer.csrf);
    app.post("/sign-out", Some(&customer.cookie), &form).await;
    let mut noted = noted(&app).await;
    noted.truncate(noted.len() - before);
    noted.sort();
    assert_eq!(
        noted,
        [
            pair("request.refused", "foreign_form"),
            pair("request.refused", "not_found"),
            pair("request.refused", "permission_denied"),
            pair("session.begun", "-"),
            pair("session.ended", "-"),
            pair("session.refused", "dead_link"),
            pair("session.refused", "unknown_key"),
            pair("signing_key.revealed", "-"),
        ]
    );
}
