//! Live parts of pages are bounded.

use http::StatusCode;

use crate::app::App;

/// More streams than there are places.
const MANY: usize = 2_000;

#[tokio::test]
async fn pages_still_load_when_all_live_streams_are_in_use() {
    let app = App::start().await;
    let session = app.customer(true).await;
    let page = app.path("/accounts/{account}/events", 0);
    let live = format!("{page}/live");
    let mut streams = Vec::new();
    let refused = loop {
        let response = app.get(&live, Some(&session.cookie)).await;
        if response.status() != StatusCode::OK {
            break response;
        }
        streams.push(response);
        assert!(streams.len() < MANY);
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(streams.len() >= 100, "{}", streams.len());
    assert_eq!(
        app.get(&page, Some(&session.cookie)).await.status(),
        StatusCode::OK
    );
    // A page that the visitor leaves frees its place.
    streams.pop();
    assert_eq!(
        app.get(&live, Some(&session.cookie)).await.status(),
        StatusCode::OK
    );
}
