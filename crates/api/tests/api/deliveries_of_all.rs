//! The deliveries of all accounts.

use serde_json::Value;

use crate::app::App;
use crate::deliveries::delivered;

#[tokio::test]
async fn deliveries_are_listed_over_all_accounts_with_the_account_of_each() {
    let app = App::start().await;
    let mut expected = Vec::new();
    for status in [200, 500, 200] {
        let account = app.account().await;
        app.automation(&account, status).await;
        let wanted = if status == 500 { "failed" } else { "succeeded" };
        let (listed, _) = delivered(&app, &account, wanted).await;
        let shown = app.get(&account).await.expect(200);
        expected.insert(
            0,
            (shown["id"].clone(), shown["uid"].clone(), listed["id"].clone()),
        );
    }
    let rows = |page: &Value| -> Vec<(Value, Value, Value)> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| {
            (
                row["account_id"].clone(),
                row["account_uid"].clone(),
                row["id"].clone(),
            )
        })
        .collect()
    };
    let all = app.get("/v1/deliveries").await.expect(200);
    assert_eq!(rows(&all), expected);
    let first = app.get("/v1/deliveries?limit=2").await.expect(200);
    assert_eq!(rows(&first), expected[..2]);
    let next = first["next_cursor"].as_str().unwrap();
    let second = app
        .get(&format!("/v1/deliveries?limit=2&cursor={next}"))
        .await
        .expect(200);
    assert_eq!(rows(&second), expected[2..]);
    for filter in ["status=failed", "status_code=5xx", "outcome=bad_status"] {
        let page = app.get(&format!("/v1/deliveries?{filter}")).await.expect(200);
        assert_eq!(rows(&page), expected[1..2], "{filter}");
    }
    let refused = app
        .get("/v1/deliveries?action_id=act_01h455vb4pex5vsknk084sn02q")
        .await;
    assert_eq!(refused.expect(400)["errors"][0]["parameter"], "action_id");
}
