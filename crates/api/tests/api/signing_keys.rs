//! Signing keys.

use http::Method;
use serde_json::json;

use crate::app::App;

const BROUGHT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
async fn a_rotation_creates_the_current_key_and_the_old_one_overlaps() {
    let app = App::start().await;
    let keys = format!("{}/signing-keys", app.account().await);
    let first = app.get(&keys).await.expect(200);
    assert_eq!(
        (&first["data"][0]["status"], &first["next_cursor"]),
        (&json!("current"), &json!(null))
    );

    let rotated = app
        .call(Method::POST, &format!("{keys}/rotate"), None, &[])
        .await
        .expect(201);
    assert_eq!(
        (&rotated["status"], &rotated["expires_at"]),
        (&json!("current"), &json!(null))
    );
    let both = app.get(&keys).await.expect(200);
    assert_eq!(both["data"][0], rotated);
    assert_eq!(
        (&both["data"][1]["id"], &both["data"][1]["status"]),
        (&first["data"][0]["id"], &json!("overlapping"))
    );

    let body = json!({"overlap_s": 0, "secret": BROUGHT});
    let brought = app.post(&format!("{keys}/rotate"), &body).await.expect(201);
    assert_eq!(brought["secret"], BROUGHT);
    let all = app.get(&keys).await.expect(200);
    let statuses: Vec<_> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["status"].clone())
        .collect();
    assert_eq!(statuses, ["current", "expired", "expired"]);
}

#[tokio::test]
async fn an_account_rotates_ten_keys_a_minute() {
    let app = App::start().await;
    let rotate = format!("{}/signing-keys/rotate", app.account().await);
    app.post(&rotate, &json!({"overlap_s": -1}))
        .await
        .fault("/overlap_s", "out_of_range");
    for _ in 0..10 {
        app.post(&rotate, &json!({})).await.expect(201);
    }
    let refused = app.post(&rotate, &json!({})).await;
    refused.problem(429, "too_many_rotations");
    assert!(refused.headers.contains_key("retry-after"));
    let other = format!("{}/signing-keys/rotate", app.account().await);
    app.post(&other, &json!({})).await.expect(201);
}

#[tokio::test]
async fn invalid_or_reused_keys_and_long_overlaps_are_refused() {
    let app = App::start().await;
    let keys = format!("{}/signing-keys", app.account().await);
    let rotate = format!("{keys}/rotate");
    let current = app.get(&keys).await.expect(200)["data"][0]["secret"].clone();
    app.post(&rotate, &json!({"secret": current}))
        .await
        .fault("/secret", "duplicate");
    app.post(&rotate, &json!({"secret": "whsec_short"}))
        .await
        .fault("/secret", "invalid_value");
    app.post(&rotate, &json!({"overlap_s": 2_592_001}))
        .await
        .fault("/overlap_s", "out_of_range");
    app.post(&rotate, &json!({"overlap_s": -1}))
        .await
        .fault("/overlap_s", "out_of_range");
    app.post(&rotate, &json!({"secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
        .await
        .fault("/secret", "invalid_value");
    app.post(&rotate, &json!({"overlap": 1}))
        .await
        .fault("/overlap", "unknown_member");
    app.post(&rotate, &json!({"overlap_s": 1.5}))
        .await
        .fault("/overlap_s", "wrong_type");
    assert_eq!(
        app.get(&keys).await.expect(200)["data"].as_array().unwrap().len(),
        1
    );
}
