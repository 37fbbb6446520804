//! The statistics of an account, and the charts of an automation.

use bytes::Bytes;
use http::StatusCode;
use postrider_engine::Submission;

use crate::app::{App, text};

const STATISTICS: &str = "/accounts/{account}/statistics";
const AUTOMATION: &str = "/accounts/{account}/automations/{automation}";

/// Accepts events that trigger the automation of the first account.
async fn accept(app: &App, events: usize) {
    let submission = || Submission::new("a.b".parse().unwrap(), Bytes::from_static(b"{}"));
    let submissions = (0..events).map(|_| submission()).collect();
    let account = app.accounts[0].account;
    app.engine.accept(account, submissions).await.unwrap();
}

/// Requests the page until it has these words.
async fn until(app: &App, path: &str, cookie: &str, words: &str) -> String {
    for _ in 0..2_000 {
        let page = text(app.get(path, Some(cookie)).await).await;
        if page.contains(words) {
            return page;
        }
        tokio::task::yield_now().await;
    }
    let page = text(app.get(path, Some(cookie)).await).await;
    panic!("{path} never has {words}: {page}");
}

#[tokio::test]
async fn an_account_shows_its_own_events_and_deliveries_and_no_tests() {
    let app = App::start().await;
    let customer = app.customer(true).await;
    let path = app.path(STATISTICS, 0);
    let blank = text(app.get(&path, Some(&customer.cookie)).await).await;
    assert!(blank.contains("Nothing happened in the last 24 hours"), "{blank}");
    accept(&app, 3).await;
    let page = until(
        &app,
        &path,
        &customer.cookie,
        "3 deliveries finished in the last 24 hours",
    )
    .await;
    assert!(
        page.contains("3 events were accepted in the last 24 hours"),
        "{page}"
    );
    assert_eq!(page.matches("<g class=\"column\">").count(), 2 * 24);
    let month = app
        .get(&format!("{path}?range=month"), Some(&customer.cookie))
        .await;
    let month = text(month).await;
    assert!(
        month.contains("3 events were accepted in the last 30 days"),
        "{month}"
    );
    assert_eq!(month.matches("<g class=\"column\">").count(), 2 * 30);

    let operator = app.operator().await;
    let other = text(app.get(&app.path(STATISTICS, 1), Some(&operator.cookie)).await).await;
    assert!(other.contains("Nothing happened in the last 24 hours"), "{other}");
    let foreign = app.get(&app.path(STATISTICS, 1), Some(&customer.cookie)).await;
    assert_eq!(foreign.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_automation_has_a_chart_of_each_action_that_did_something() {
    let app = App::start().await;
    let operator = app.operator().await;
    let path = app.path(AUTOMATION, 0);
    let blank = text(app.get(&path, Some(&operator.cookie)).await).await;
    assert!(
        blank.contains("No delivery of these actions finished in the last 24 hours"),
        "{blank}"
    );
    assert!(!blank.contains("class=\"chart\""), "{blank}");
    accept(&app, 2).await;
    let page = until(
        &app,
        &path,
        &operator.cookie,
        "2 deliveries finished in the last 24 hours",
    )
    .await;
    let title = format!("id=\"chart-{}-title\"", app.accounts[0].action);
    assert!(page.contains(&title), "{page}");
    assert!(page.contains(&format!("{path}?range=month#statistics")), "{page}");
    assert_eq!(page.matches("class=\"chart\"").count(), 1);
    let month = app
        .get(&format!("{path}?range=month"), Some(&operator.cookie))
        .await;
    assert!(
        text(month)
            .await
            .contains("2 deliveries finished in the last 30 days")
    );
}
