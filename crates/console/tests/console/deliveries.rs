//! The page of a delivery.

use postrider_model::By;
use std::time::Duration;

use bytes::Bytes;
use postrider_configuration::{ActionDraft, AutomationDraft, DoesDraft, RateLimitDraft, SendWebhookDraft};

use crate::app::{App, Session, text};

/// Requests a page until it contains these words.
async fn until(app: &App, session: &Session, path: &str, words: &str) -> String {
    let mut page = String::new();
    for _ in 0..2_000 {
        page = text(app.get(path, Some(&session.cookie)).await).await;
        if page.contains(words) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never at {path}: {words}\n{page}");
}

#[tokio::test]
async fn a_request_under_way_is_told_from_a_delivery_that_waits_for_the_pace_of_its_action() {
    let app = App::start().await;
    let operator = app.operator().await;
    let account = app.accounts[0].account;
    let webhook = DoesDraft::SendWebhook(SendWebhookDraft::to("https://receiver.example/hang"));
    let action = ActionDraft {
        rate_limit: Some(RateLimitDraft {
            requests: 1,
            per_s: 3_600,
        }),
        ..ActionDraft::new(webhook)
    };
    let draft = AutomationDraft {
        uid: None,
        name: "Slow".to_owned(),
        description: String::new(),
        metadata: None,
        enabled: true,
        event_types: vec!["c.d".to_owned()],
        conditions: None,
        actions: vec![action],
        retry_delays_s: None,
    };
    let automation = app
        .configuration
        .create_automation(&By::NODE, account, draft)
        .await;
    let automation = automation.unwrap().id;
    let list = format!("/accounts/{account}/deliveries?automation={automation}");
    let mut pages = Vec::new();
    for words in [
        "Sending now",
        "Waiting for the receiver’s pace. The action’s next request starts",
    ] {
        let data = Some(Bytes::from_static(b"1"));
        let sent = app
            .engine
            .send_test(&By::NODE, account, automation, None, data)
            .await;
        sent.unwrap().unwrap().unwrap();
        let page = text(app.get(&list, Some(&operator.cookie)).await).await;
        let (_, rest) = page.split_once("/deliveries/dlv_").expect("the newest delivery");
        let id: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        let path = format!("/accounts/{account}/deliveries/dlv_{id}");
        until(&app, &operator, &path, words).await;
        pages.push((path, words));
    }
    // The second delivery has not changed what is said of the first.
    let (first, words) = &pages[0];
    let page = text(app.get(first, Some(&operator.cookie)).await).await;
    assert!(
        page.contains(words) && page.contains("Attempt 1 is in flight"),
        "{page}"
    );
}

#[tokio::test]
async fn staff_see_the_deliveries_of_all_accounts_with_the_account_of_each() {
    let app = App::start().await;
    let operator = app.operator().await;
    let page = text(app.get("/deliveries", Some(&operator.cookie)).await).await;
    for things in &app.accounts {
        assert!(
            page.contains(&format!("/accounts/{}/deliveries/dlv_", things.account)),
            "{page}"
        );
        let entry = app.configuration.entry(things.account).await.unwrap().unwrap();
        assert!(page.contains(&entry.config.account.name), "{page}");
    }
    let none = text(
        app.get("/deliveries?status_code=418", Some(&operator.cookie))
            .await,
    )
    .await;
    assert!(none.contains("No delivery matches."), "{none}");
    let wrong = text(
        app.get("/deliveries?status_code=many", Some(&operator.cookie))
            .await,
    )
    .await;
    assert!(wrong.contains("This filter was ignored."), "{wrong}");
}

/// The ignored value is named, and the lists offer nothing that acts on everything they show.
#[tokio::test]
async fn a_filter_that_is_not_understood_is_named_in_every_list() {
    let app = App::start().await;
    let operator = app.operator().await;
    let (deliveries, events) = ("/accounts/{account}/deliveries", "/accounts/{account}/events");
    for (list, name) in [
        (deliveries, "status"),
        (deliveries, "outcome"),
        (deliveries, "status_code"),
        (deliveries, "action"),
        (deliveries, "automation"),
        (deliveries, "event"),
        (deliveries, "after"),
        (deliveries, "before"),
        ("/deliveries", "status"),
        ("/deliveries", "outcome"),
        ("/deliveries", "before"),
        (events, "after"),
        (events, "before"),
        ("/audit", "action"),
        ("/audit", "account"),
        ("/audit", "after"),
        ("/accounts/{account}/audit", "action"),
    ] {
        let path = format!("{}?{name}=act_x", app.path(list, 0));
        let page = text(app.get(&path, Some(&operator.cookie)).await).await;
        assert!(page.contains("“act_x” "), "{path}\n{page}");
        assert!(page.contains(&format!("id=\"{name}-ignored\"")), "{path}");
        for offer in [
            "Replay",
            "Resend ticked",
            "Cancel pending",
            ".csv",
            "name=\"delivery\"",
        ] {
            assert!(!page.contains(offer), "{path} {offer}");
        }
    }
    for path in [
        app.path("/accounts/{account}/deliveries?type=not+a+type", 0),
        app.path("/accounts/{account}/events?type=not+a+type", 0),
        format!("{}?contains={}", app.path(events, 0), "x".repeat(1_000)),
        "/deliveries?automation=auto_01h455vb4pex5vsknk084sn02q".to_owned(),
        app.path("/accounts/{account}/audit?account=acct_x", 0),
    ] {
        let page = text(app.get(&path, Some(&operator.cookie)).await).await;
        assert!(page.contains("This filter was ignored."), "{path}\n{page}");
    }
    for file in ["deliveries.csv", "deliveries.ndjson"] {
        let path = app.path(&format!("/accounts/{{account}}/{file}?status=bogus"), 0);
        let response = app.get(&path, Some(&operator.cookie)).await;
        assert_eq!(response.status(), http::StatusCode::BAD_REQUEST, "{path}");
    }
    let path = app.path("/accounts/{account}/replay?status=bogus&count=1", 0);
    let response = app.get(&path, Some(&operator.cookie)).await;
    assert_eq!(response.status(), http::StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(response).await.contains("“bogus” is not a status"));
    // All filters apply: everything is offered.
    let path = app.path("/accounts/{account}/deliveries?status=failed", 0);
    let page = text(app.get(&path, Some(&operator.cookie)).await).await;
    assert!(
        page.contains("Replay these…") && page.contains(".csv?status=failed"),
        "{page}"
    );
}
