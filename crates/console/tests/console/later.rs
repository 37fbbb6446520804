//! Events that wait for their time, headers of events, and events that an automation missed.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use postrider_configuration::{AutomationDraft, DoesDraft};
use postrider_engine::Submission;
use postrider_model::{Automation, By, EventHeaders, EventId, Timestamp};

use crate::app::{App, Session, text};

/// Accepts an event that triggers the automation of the first account.
async fn accept(app: &App, change: impl FnOnce(&mut Submission)) -> EventId {
    let account = app.accounts[0].account;
    let automation = app
        .configuration
        .automation(account, app.accounts[0].automation)
        .await;
    let pattern = automation.unwrap().unwrap().trigger.event_types[0].to_string();
    let event_type = pattern.replace('*', "happened").parse().unwrap();
    let mut submission = Submission::new(event_type, Bytes::from_static(b"{}"));
    change(&mut submission);
    let accepted = app.engine.accept(account, vec![submission]).await.unwrap();
    accepted[0].as_ref().unwrap().id
}

async fn switch(app: &App, session: &Session, on: bool) -> String {
    let path = app.path("/accounts/{account}/automations/{automation}/switch", 0);
    let back = app.path("/accounts/{account}/automations", 0);
    let form = format!("csrf={}&enabled={on}&back={back}", session.csrf);
    let response = app.post(&path, Some(&session.cookie), &form).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_of_a_waiting_event_shows_its_time_and_headers_and_cancels_it() {
    let app = App::start().await;
    let operator = app.operator().await;
    let cookie = Some(&*operator.cookie);
    let at = app.engine.clock().now().after(Duration::from_secs(7_200));
    let event = accept(&app, |submission| {
        submission.deliver_at = Some(at);
        submission.headers = EventHeaders::new(vec![("X-Tenant".to_owned(), "<42>".to_owned())]);
    })
    .await;
    let path = app.path(&format!("/accounts/{{account}}/events/{event}"), 0);
    let page = text(app.get(&path, cookie).await).await;
    for shown in ["Deliver at", "X-Tenant: &#60;42&#62;", "Cancel event"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let support = app.customer(true).await;
    let read_only = text(app.get(&path, Some(&support.cookie)).await).await;
    assert!(read_only.contains("Deliver at") && !read_only.contains("Cancel event"));
    let form = format!("csrf={}", operator.csrf);
    let canceled = app.post(&format!("{path}/cancel"), cookie, &form).await;
    assert_eq!(canceled.status(), StatusCode::SEE_OTHER);
    let page = text(
        app.get(canceled.headers()["location"].to_str().unwrap(), cookie)
            .await,
    )
    .await;
    assert!(page.contains("Canceled. No attempt was made."), "{page}");
    assert!(
        page.contains(">canceled</span>") && !page.contains("Cancel event"),
        "{page}"
    );
}

#[tokio::test]
async fn an_event_that_was_attempted_is_not_canceled() {
    let app = App::start().await;
    let operator = app.operator().await;
    let cookie = Some(&*operator.cookie);
    let path = app.path("/accounts/{account}/events/{event}", 0);
    let page = text(app.get(&path, cookie).await).await;
    assert!(!page.contains("Cancel event"), "{page}");
    let form = format!("csrf={}", operator.csrf);
    let refused = app.post(&format!("{path}/cancel"), cookie, &form).await;
    let page = text(
        app.get(refused.headers()["location"].to_str().unwrap(), cookie)
            .await,
    )
    .await;
    assert!(page.contains("Not canceled: an attempt was made"), "{page}");
}

#[tokio::test]
async fn switching_on_asks_whether_to_send_what_happened_meanwhile() {
    let app = App::start().await;
    let operator = app.operator().await;
    let cookie = Some(&*operator.cookie);
    let list = app.path("/accounts/{account}/automations", 0);
    assert_eq!(switch(&app, &operator, false).await, list);
    assert_eq!(switch(&app, &operator, true).await, list, "it missed nothing");
    switch(&app, &operator, false).await;
    for _ in 0..2 {
        accept(&app, |_| {}).await;
    }
    until_later(&app).await;
    let asking = switch(&app, &operator, true).await;
    let page = text(app.get(&asking, cookie).await).await;
    assert!(page.contains("2 events happened while it was off."), "{page}");
    let customer = app.customer(true).await;
    let read_only = text(app.get(&asking, Some(&customer.cookie)).await).await;
    assert!(!read_only.contains("happened while it was off"), "{read_only}");

    let (_, rest) = page.split_once("<a class=\"button\" href=\"").unwrap();
    let href = rest
        .split('"')
        .next()
        .unwrap()
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let counted = text(app.get(&href, cookie).await).await;
    assert!(counted.contains("2 events can be sent"), "{counted}");
    let field = |name: &str| {
        let (_, rest) = counted.rsplit_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let form = format!(
        "csrf={}&after={}&before={}&total=2",
        operator.csrf,
        field("after"),
        field("before")
    );
    let path = app.path("/accounts/{account}/automations/{automation}/send-missed", 0);
    let run = text(app.post(&path, cookie, &form).await).await;
    assert!(run.contains("2 events sent."), "{run}");
    let again = text(app.get(&format!("{path}?count=1"), cookie).await).await;
    assert!(again.contains("It missed no event"), "{again}");
}

/// The automation of the first account.
async fn stored(app: &App) -> Automation {
    let (account, automation) = (app.accounts[0].account, app.accounts[0].automation);
    let stored = app.configuration.automation(account, automation).await;
    stored.unwrap().unwrap()
}

/// Changes the automation of the first account, as a client of the API would.
async fn change(app: &App, change: impl FnOnce(&mut AutomationDraft)) {
    let current = stored(app).await;
    let mut draft = AutomationDraft::of(&current);
    change(&mut draft);
    let account = app.accounts[0].account;
    let changed = app
        .configuration
        .update_automation(&By::NODE, account, current, draft)
        .await;
    changed.unwrap();
    until_later(app).await;
}

/// Switches the action on in the form, and returns the page that follows.
async fn edit_to_on(app: &App, operator: &Session) -> String {
    let current = stored(app).await;
    let edit = app.path("/accounts/{account}/automations/{automation}/edit", 0);
    let pattern = &current.trigger.event_types[0];
    let form = format!(
        "csrf={}&version={}&name=On&enabled=1&event_type={pattern}&row=0&id.0={}&url.0=https%3A%2F%2Freceiver.example%2F&on.0=1",
        operator.csrf, current.version, current.actions[0].id
    );
    let saved = app.post(&edit, Some(&operator.cookie), &form).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    let page = saved.headers()["location"].to_str().unwrap().to_owned();
    text(app.get(&page, Some(&operator.cookie)).await).await
}

/// Two events happen while the action is off; an edit in between hides neither.
async fn assert_two_are_missed(app: &App, operator: &Session) {
    for _ in 0..2 {
        accept(app, |_| {}).await;
    }
    until_later(app).await;
    change(app, |draft| draft.name = "Renamed".to_owned()).await;
    let page = edit_to_on(app, operator).await;
    assert!(page.contains("2 events happened while it was off."), "{page}");
}

#[tokio::test]
async fn an_edit_that_switches_a_url_on_asks_too() {
    let app = App::start().await;
    let operator = app.operator().await;
    change(&app, |draft| draft.actions[0].enabled = false).await;
    accept(&app, |_| {}).await;
    until_later(&app).await;
    let page = edit_to_on(&app, &operator).await;
    assert!(
        page.contains("Saved.") && page.contains("1 event happened while it was off."),
        "{page}"
    );
}

#[tokio::test]
async fn an_edit_while_it_is_off_does_not_hide_what_happened_before() {
    let app = App::start().await;
    let operator = app.operator().await;
    // A span that it was off before, whose event nobody wanted to send.
    change(&app, |draft| draft.enabled = false).await;
    accept(&app, |_| {}).await;
    until_later(&app).await;
    change(&app, |draft| draft.enabled = true).await;
    change(&app, |draft| draft.actions[0].enabled = false).await;
    assert_two_are_missed(&app, &operator).await;
}

#[tokio::test]
async fn a_url_that_a_final_410_switched_off_is_asked_about_too() {
    let app = App::start().await;
    let operator = app.operator().await;
    change(&app, |draft| {
        let DoesDraft::SendWebhook(webhook) = &mut draft.actions[0].does else {
            panic!("a webhook");
        };
        webhook.url = "https://receiver.example/gone".to_owned();
        draft.retry_delays_s = Some(Vec::new());
    })
    .await;
    accept(&app, |_| {}).await;
    let switched_off = async {
        while stored(&app).await.actions[0].enabled {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let switched_off = tokio::time::timeout(Duration::from_secs(20), switched_off).await;
    switched_off.expect("the 410 switches the action off");
    assert_two_are_missed(&app, &operator).await;
}

#[tokio::test]
async fn the_fields_of_a_span_show_it_as_browsers_write_times() {
    let app = App::start().await;
    let operator = app.operator().await;
    let cookie = Some(&*operator.cookie);
    let path = app.path("/accounts/{account}/automations/{automation}/send-missed", 0);
    let counted = format!("{path}?count=1&after=2026-01-14T09:30:00.120Z&before=2026-01-15T10:00:00Z");
    let page = text(app.get(&counted, cookie).await).await;
    for shown in ["2026-01-14T09:30:00.120", "2026-01-15T10:00"] {
        assert!(
            page.contains(&format!("type=\"datetime-local\" value=\"{shown}\"")),
            "{page}"
        );
    }
    let page = text(app.get(&path, cookie).await).await;
    let created = stored(&app).await.created_at.to_string();
    let shown = &created[.."2026-01-14T09:30".len()];
    assert!(
        page.contains(&format!("type=\"datetime-local\" value=\"{shown}")),
        "{page}"
    );
    let replay = app.path("/accounts/{account}/replay?count=1&after=2026-01-14T09:30:00Z", 0);
    let page = text(app.get(&replay, cookie).await).await;
    assert!(
        page.contains("type=\"datetime-local\" value=\"2026-01-14T09:30\""),
        "{page}"
    );
}

#[tokio::test]
async fn what_is_off_cannot_be_sent_and_a_wrong_span_is_marked() {
    let app = App::start().await;
    let operator = app.operator().await;
    let cookie = Some(&*operator.cookie);
    let path = app.path("/accounts/{account}/automations/{automation}/send-missed", 0);
    let faulty = app
        .get(&format!("{path}?count=1&after=soon&type=a+b"), cookie)
        .await;
    assert_eq!(faulty.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(faulty).await;
    assert!(
        page.contains("from-fault") && page.contains("event_type-fault"),
        "{page}"
    );
    switch(&app, &operator, false).await;
    let page = text(app.get(&format!("{path}?count=1"), cookie).await).await;
    assert!(page.contains("Switch the automation on first"), "{page}");
    let form = format!("csrf={}", operator.csrf);
    let refused = app.post(&path, cookie, &form).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
}

/// Waits until the clock shows a later millisecond: a count leaves out what is accepted within its own.
async fn until_later(app: &App) {
    let now: Timestamp = app.engine.clock().now();
    while app.engine.clock().now() <= now {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
