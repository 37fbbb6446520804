//! Conditions in the form: typed as rows, checked against recent events, and explained with an event.

use bytes::Bytes;
use http::StatusCode;
use postrider_engine::Submission;
use postrider_model::EventId;

use crate::app::{App, Session, text};

/// The form of a new automation with this row, and what is sent beside it.
async fn post(app: &App, session: &Session, fields: &str) -> (StatusCode, String) {
    let path = app.path("/accounts/{account}/automations/new", 0);
    let form = format!(
        "csrf={}&name=Large&enabled=1&event_type=a.b&row=0&url.0=https%3A%2F%2Freceiver.example%2F&on.0=1&{fields}",
        session.csrf
    );
    let response = app.post(&path, Some(&session.cookie), &form).await;
    (response.status(), text(response).await)
}

/// Reports an event of the first account.
async fn accept(app: &App, event_type: &str, data: &str) -> EventId {
    let submission = Submission::new(
        event_type.parse().unwrap(),
        Bytes::copy_from_slice(data.as_bytes()),
    );
    let account = app.accounts[0].account;
    let accepted = app.engine.accept(account, vec![submission]).await;
    accepted.unwrap().remove(0).unwrap().id
}

#[tokio::test]
async fn rows_are_saved_as_conditions_and_shown_as_rows_again() {
    let app = App::start().await;
    let operator = app.operator().await;
    let rows = "cond=0&field.0=total&op.0=gte&value.0=1000&cond=1&field.1=customer.country&op.1=in&value.1=DE%2C+AT&join=any";
    let (status, _) = post(&app, &operator, rows).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let list = app.path("/accounts/{account}/automations", 0);
    let list = text(app.get(&list, Some(&operator.cookie)).await).await;
    let (before, _) = list.split_once(">Large<").unwrap();
    let path = before
        .rsplit_once("href=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let page = text(app.get(path, Some(&operator.cookie)).await).await;
    assert!(
        page.contains("total ≥ 1000 or customer.country is DE or AT"),
        "{page}"
    );
    let edit = text(app.get(&format!("{path}/edit"), Some(&operator.cookie)).await).await;
    for part in [
        "name=\"field.0\" value=\"total\"",
        "<option value=\"gte\" selected>is at least</option>",
        "name=\"value.1\" value=\"DE, AT\"",
        "<option value=\"any\" selected>",
    ] {
        assert!(edit.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_fault_stands_at_its_row_and_buttons_keep_what_is_typed() {
    let app = App::start().await;
    let operator = app.operator().await;
    let (status, page) = post(&app, &operator, "cond=0&field.0=total&op.0=gte&value.0=1%2C000").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, row) = page.split_once("id=\"condition-0-fault\">").unwrap();
    assert!(row.starts_with("“1,000” is not a number"), "{row}");
    assert!(page.contains("name=\"value.0\" value=\"1,000\""));

    let rows = "cond=0&field.0=total&op.0=lt&value.0=5";
    let (status, page) = post(&app, &operator, &format!("{rows}&do=add_condition")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("name=\"cond\" value=\"1\"") && page.contains("value=\"lt\" selected"));
    let (_, page) = post(&app, &operator, &format!("{rows}&do=remove_condition.0")).await;
    assert!(!page.contains("name=\"cond\"") && page.contains("Every event of these types triggers it."));
    let (_, page) = post(&app, &operator, &format!("{rows}&do=as_json")).await;
    assert!(
        page.contains(
            "{&#34;all&#34;:[{&#34;path&#34;:&#34;/total&#34;,&#34;op&#34;:&#34;lt&#34;,&#34;value&#34;:5}]}"
        ),
        "{page}"
    );
    let json = "conditions=%7B%22any%22%3A%5B%7B%22path%22%3A%22%2Fa%22%2C%22op%22%3A%22exists%22%7D%5D%7D";
    let (_, page) = post(&app, &operator, &format!("{json}&do=as_rows")).await;
    assert!(page.contains("name=\"field.0\" value=\"a\"") && page.contains("value=\"any\" selected"));
    let (status, page) = post(&app, &operator, "conditions=%7B%22any%22%3A%5B%5D%7D").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("id=\"conditions-fault\">"), "{page}");
}

#[tokio::test]
async fn the_form_says_which_recent_events_would_have_matched_and_an_event_why_not() {
    let app = App::start().await;
    let operator = app.operator().await;
    for total in ["300", "999.99", "1000.00", "1e9"] {
        accept(&app, "a.b", &format!("{{\"total\":{total}}}")).await;
    }
    let row = "cond=0&field.0=total&op.0=gte&value.0=1000";
    let (status, page) = post(&app, &operator, &format!("{row}&do=check")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("have matched 2 of the last 4 events"), "{page}");
    assert!(page.contains("total is 999.99, needs at least 1,000"), "{page}");
    assert!(
        page.contains("<option value=\"total\">"),
        "the field is offered: {page}"
    );
    let (_, page) = post(&app, &operator, "cond=0&field.0=total&op.0=gte&value.0=&do=check").await;
    assert!(page.contains("Complete the conditions"));

    let (status, _) = post(&app, &operator, row).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let event = accept(&app, "a.b", "{\"total\":300}").await;
    let path = format!("{}/{event}", app.path("/accounts/{account}/events", 0));
    let page = text(app.get(&path, Some(&operator.cookie)).await).await;
    let (_, verdict) = page.split_once(">Large</a>").unwrap();
    assert!(verdict.starts_with(" <span>does not run:</span>"), "{verdict}");
    assert!(verdict.contains("total is 300, needs at least 1,000"));
    let other = app.customer(true).await;
    let response = app.get(&path, Some(&other.cookie)).await;
    assert_eq!(
        response.status(),
        StatusCode::OK,
        "a customer sees it in the own account"
    );
}
