//! A replay includes the deliveries that its filter matches, and requires a filter.

use http::StatusCode;

use crate::app::{App, text};

#[tokio::test]
async fn a_replay_without_a_filter_is_neither_counted_nor_run() {
    let app = App::start().await;
    let operator = app.operator().await;
    let path = app.path("/accounts/{account}/replay", 0);
    let cookie = Some(&*operator.cookie);
    let counted = app.get(&format!("{path}?count=1&status=all"), cookie).await;
    assert_eq!(counted.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(counted).await;
    assert!(page.contains("Choose a status or set another filter."), "{page}");
    assert!(!page.contains("data-progress"), "{page}");
    let form = format!("csrf={}&status=all", operator.csrf);
    let run = app.post(&path, cookie, &form).await;
    assert_eq!(run.status(), StatusCode::FORBIDDEN);

    let filtered = app
        .get(&format!("{path}?count=1&status=all&type=a.b"), cookie)
        .await;
    assert_eq!(filtered.status(), StatusCode::OK);
}
