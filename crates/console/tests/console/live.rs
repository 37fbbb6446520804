//! Live parts of pages are bounded.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::app::App;

/// More streams than a session has.
const MANY: usize = 20;

#[tokio::test]
async fn a_session_with_too_many_live_pages_keeps_the_newest() {
    let app = App::start().await;
    let session = app.customer(true).await;
    let page = app.path("/accounts/{account}/events", 0);
    let live = format!("{page}/live");
    let mut streams = Vec::new();
    for _ in 0..MANY {
        let response = app.get(&live, Some(&session.cookie)).await;
        assert_eq!(response.status(), StatusCode::OK);
        streams.push(response.into_body());
    }
    // Each stream sends its part at first, and then nothing while nothing changes.
    let mut superseded = 0;
    for stream in &mut streams {
        let mut text = String::new();
        while let Ok(Some(Ok(frame))) = timeout(Duration::from_millis(200), stream.frame()).await {
            text += &String::from_utf8_lossy(frame.data_ref().unwrap());
        }
        superseded += usize::from(text.contains("event: superseded"));
        assert!(text.contains("event: superseded") || text.contains("event: fragment"));
    }
    assert_eq!(superseded, MANY - 8);
    let other = app.operator().await;
    assert_eq!(app.get(&live, Some(&other.cookie)).await.status(), StatusCode::OK);
}
