//! Finding in the console: by id, in lists, and as files; and resending what is ticked.

use http::{Method, StatusCode};

use crate::app::{App, text};

#[tokio::test]
async fn an_id_opens_its_page_and_a_customer_finds_only_their_own() {
    let app = App::start().await;
    let (operator, customer) = (app.operator().await, app.customer(true).await);
    for (route, page) in [
        ("{delivery}", "/accounts/{account}/deliveries/{delivery}"),
        ("{event}", "/accounts/{account}/events/{event}"),
        ("{automation}", "/accounts/{account}/automations/{automation}"),
        ("{action}", "/accounts/{account}/automations/{automation}"),
        ("{account}", "/accounts/{account}"),
    ] {
        for which in [0, 1] {
            let address = app.path(&format!("/find?q=%20{route}"), which);
            let found = app.get(&address, Some(&operator.cookie)).await;
            assert_eq!(found.status(), StatusCode::SEE_OTHER, "{route}");
            assert_eq!(
                found.headers()["location"].to_str().unwrap(),
                app.path(page, which)
            );
            let found = app.get(&address, Some(&customer.cookie)).await;
            let is_own = which == 0;
            assert_eq!(found.status() == StatusCode::SEE_OTHER, is_own, "{route} {which}");
        }
    }
    let nothing = text(app.get("/find?q=%3Cb%3E", Some(&operator.cookie)).await).await;
    assert!(
        nothing.contains("Nothing has the id, uid or name “&#60;b&#62;”."),
        "{nothing}"
    );
    let empty = app.get("/find", Some(&operator.cookie)).await;
    assert_eq!(empty.status(), StatusCode::OK);
}

#[tokio::test]
async fn rows_of_deliveries_show_their_event_and_the_filters_of_the_last_response_apply() {
    let app = App::start().await;
    let operator = app.operator().await;
    let list = async |query: &str| {
        let path = app.path(&format!("/accounts/{{account}}/deliveries{query}"), 0);
        text(app.get(&path, Some(&operator.cookie)).await).await
    };
    let all = list("").await;
    let delivery = &app.accounts[0].delivery;
    assert!(all.contains(delivery) && all.contains("<code>1</code>"), "{all}");
    assert!(!list("?outcome=not_rendered").await.contains(delivery));
    assert!(!list("?status_code=4xx").await.contains(delivery));
    let wrong = list("?status_code=seven").await;
    assert!(wrong.contains("“seven” is neither a status code") && wrong.contains(delivery));
}

#[tokio::test]
async fn a_list_is_saved_as_a_file_with_its_filters() {
    let app = App::start().await;
    let customer = app.customer(true).await;
    let delivery = &app.accounts[0].delivery;
    for (ending, kind) in [
        ("csv", "text/csv; charset=utf-8"),
        ("ndjson", "application/x-ndjson"),
    ] {
        let path = app.path(&format!("/accounts/{{account}}/deliveries.{ending}"), 0);
        let file = app.get(&path, Some(&customer.cookie)).await;
        assert_eq!(file.headers()["content-type"], kind);
        assert!(text(file).await.contains(delivery), "{ending}");
        let none = app
            .get(&format!("{path}?outcome=not_rendered"), Some(&customer.cookie))
            .await;
        assert!(!text(none).await.contains(delivery), "{ending}");
    }
}

#[tokio::test]
async fn ticked_deliveries_are_resent_and_only_those_of_the_account() {
    let app = App::start().await;
    let operator = app.operator().await;
    let cookie = Some(&*operator.cookie);
    let path = app.path("/accounts/{account}/deliveries", 0);
    let (own, foreign) = (&app.accounts[0].delivery, &app.accounts[1].delivery);
    let form = format!(
        "csrf={}&delivery={own}&delivery={foreign}&delivery=x",
        operator.csrf
    );
    let sent = app
        .post(&format!("{path}/resend?status=succeeded"), cookie, &form)
        .await;
    assert_eq!(sent.status(), StatusCode::SEE_OTHER);
    let back = sent.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(back, format!("{path}?status=succeeded&resent=1&left-out=1"));
    let page = text(app.get(&back, cookie).await).await;
    assert!(page.contains("1 delivery resent, 1 delivery left out:"), "{page}");

    let reader = app.customer(true).await;
    let form = format!("csrf={}&delivery={own}", reader.csrf);
    let refused = app
        .send(
            Method::POST,
            &format!("{path}/resend"),
            Some(&reader.cookie),
            &[],
            &form,
        )
        .await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let page = text(app.get(&path, Some(&reader.cookie)).await).await;
    assert!(!page.contains("name=\"delivery\""), "a reader cannot tick");
}

#[tokio::test]
async fn events_are_found_by_what_is_in_their_data() {
    let app = App::start().await;
    let customer = app.customer(true).await;
    let list = async |query: &str| {
        let path = app.path(&format!("/accounts/{{account}}/events{query}"), 0);
        text(app.get(&path, Some(&customer.cookie)).await).await
    };
    let event = app.accounts[0].event.to_string();
    assert!(list("").await.contains("data-live"));
    let found = list("?contains=1").await;
    assert!(found.contains(&event) && !found.contains("data-live"), "{found}");
    let none = list("?contains=%3Cb%3E").await;
    assert!(!none.contains(&event) && none.contains("No event matches."));
    assert!(none.contains("value=\"&#60;b&#62;\""), "{none}");
    let long = list(&format!("?contains={}", "é".repeat(150))).await;
    assert!(
        long.contains("is too long to search for") && long.contains(&event),
        "{long}"
    );
}
