//! Connections of the installation: the operator's pages, and what customers see.

use http::StatusCode;
use postrider_model::{Permission, SYSTEM_ACCOUNT};

use crate::app::{App, Session, TOKEN, text};

/// An installation with a connection, and the path of its list.
async fn scene() -> (App, Session, String) {
    let app = App::start().await;
    app.configuration.create_system_account().await.unwrap();
    let operator = app.operator().await;
    let list = format!("/accounts/{SYSTEM_ACCOUNT}/connections");
    let form = format!("csrf={}&name=Partner&secret={TOKEN}", operator.csrf);
    let new = format!("{list}/new?type=bearer");
    let refused = app.post(&new, Some(&operator.cookie), &form).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(refused).await.contains("needs at least one host"));
    let form = format!("{form}&hosts=receiver.example%0D%0A*.partner.example");
    let created = app.post(&new, Some(&operator.cookie), &form).await;
    assert_eq!(created.status(), StatusCode::SEE_OTHER);
    (app, operator, list)
}

#[tokio::test]
async fn the_operator_manages_it_and_a_customer_chooses_it_without_seeing_more() {
    let (app, operator, list) = scene().await;
    let page = text(app.get("/system", Some(&operator.cookie)).await).await;
    assert!(page.contains(&format!("href=\"{list}\"")));
    let page = text(app.get(&list, Some(&operator.cookie)).await).await;
    assert!(page.contains("Partner") && page.contains("receiver.example, *.partner.example"));
    let found = app.configuration.installation_connections().await.unwrap();
    let id = found[0].id;
    let page = text(app.get(&format!("{list}/{id}"), Some(&operator.cookie)).await).await;
    assert!(page.contains("receiver.example\n*.partner.example") && !page.contains(TOKEN));
    let customer = app.customer(false).await;
    let own = app.path("/accounts/{account}/connections", 0);
    let page = text(app.get(&own, Some(&customer.cookie)).await).await;
    assert!(page.contains("Of the installation") && page.contains("receiver.example, *.partner.example"));
    assert!(!page.contains(&id.to_string()) && !page.contains(TOKEN));
    let edit = app.path("/accounts/{account}/automations/{automation}/edit", 0);
    let page = text(app.get(&edit, Some(&customer.cookie)).await).await;
    let option = format!("<option value=\"{id}\">Partner (of the installation)</option>");
    assert!(page.contains(&option));
    for path in [format!("{own}/{id}"), format!("{list}/{id}")] {
        let missing = app.get(&path, Some(&customer.cookie)).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND, "{path}");
        let form = format!("csrf={}&version=1&name=x&hosts=evil.example", customer.csrf);
        let missing = app.post(&path, Some(&customer.cookie), &form).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(app.configuration.installation_connections().await.unwrap(), found);
}

#[tokio::test]
async fn staff_who_do_not_administer_the_installation_see_its_list_and_change_nothing() {
    let (app, _, list) = scene().await;
    let staff = app.staff(&[Permission::Read, Permission::Manage]).await;
    let page = text(app.get(&list, Some(&staff.cookie)).await).await;
    assert!(page.contains("Partner") && !page.contains("New connection"));
    let found = app.configuration.installation_connections().await.unwrap();
    let one = format!("{list}/{}", found[0].id);
    for path in [
        format!("{list}/new?type=bearer"),
        one.clone(),
        format!("{one}/delete"),
    ] {
        let refused = app.get(&path, Some(&staff.cookie)).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
        let form = format!("csrf={}&version=1&name=x&secret=y&hosts=evil.example", staff.csrf);
        let refused = app.post(&path, Some(&staff.cookie), &form).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(app.configuration.installation_connections().await.unwrap(), found);
}
