//! E-mail actions.

use async_trait::async_trait;
use axum::body::Body;
use http::Request;
use postrider_egress::NotSent;
use postrider_engine::carry::{Advice, Carried, Carrier, Job};
use postrider_engine::email_of;
use postrider_model::{Exchange, Outcome, SendEmail, SmtpExchange, SmtpStep};
use serde_json::{Value, json};

use crate::app::{App, KEY, url};

/// A mail server that refuses recipients whose address begins with `no`.
pub struct MailServer;

#[async_trait]
impl Carrier<SendEmail> for MailServer {
    async fn carry(&self, job: Job<'_>, email: &SendEmail) -> Result<Carried, NotSent> {
        let content = email_of(job.event, job.template).unwrap();
        let is_refused = email.to.as_str().starts_with("no");
        let code = if is_refused { 550 } else { 250 };
        Ok(Carried {
            outcome: match is_refused {
                true => Outcome::BadStatus,
                false => Outcome::Succeeded,
            },
            error: is_refused.then(|| format!("The mail server refused {}", email.to.as_str())),
            exchange: Exchange::Smtp(SmtpExchange {
                to: email.to.as_str().to_owned(),
                server: "mail.internal:587".to_owned(),
                tls: Some("TLSv1.3".to_owned()),
                steps: vec![SmtpStep {
                    command: format!("(message: {})", content.subject),
                    code: Some(code),
                    enhanced: Some("5.1.1".to_owned()).filter(|_| is_refused),
                    reply: "said".to_owned(),
                }],
            }),
            advice: Advice {
                is_final: is_refused,
                ..Advice::default()
            },
            waited: std::time::Duration::ZERO,
        })
    }
}

fn email(to: &[&str]) -> Value {
    json!({"type": "send_email", "to": to, "subject": "{{ data.title }}", "text": "It is {{ data.total }}."})
}

fn automation(actions: &[Value]) -> Value {
    json!({"name": "n", "trigger": {"event_types": ["a.b"]}, "actions": actions})
}

#[tokio::test]
async fn an_email_action_is_saved_shown_patched_and_put() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let created = app
        .post(
            &automations,
            &automation(&[email(&["ann@a.example", "bob@b.example"])]),
        )
        .await
        .expect(201);
    let action = &created["actions"][0];
    assert_eq!(action["type"], "send_email");
    assert_eq!(action["to"], json!(["ann@a.example", "bob@b.example"]));
    assert_eq!(action["subject"], "{{ data.title }}");
    assert_eq!(
        action["rate_limit"],
        json!({"requests": 60, "per_s": 60}),
        "the default of e-mails"
    );
    assert!(action.get("url").is_none(), "{action}");
    let path = format!("{automations}/{}", created["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.expect(200)["actions"][0], *action);

    let mut changed = action.clone();
    changed["subject"] = json!("Other");
    changed["rate_limit"] = json!({"requests": 5, "per_s": 1});
    let saved = app.patch(&path, &json!({"actions": [changed]})).await.expect(200);
    assert_eq!(saved["actions"][0], changed);

    let put = format!("{automations}/by-uid");
    let whole = automation(&[
        email(&["ann@a.example"]),
        json!({"type": "send_webhook", "url": url(200)}),
    ]);
    let first = app.put(&put, &whole).await.expect(201);
    let mut edited = whole.clone();
    edited["actions"][0]["text"] = json!("new");
    edited["actions"].as_array_mut().unwrap().reverse();
    let second = app.put(&put, &edited).await.expect(200);
    let id = |of: &Value, at: usize| of["actions"][at]["id"].clone();
    assert_eq!(
        (id(&first, 0), id(&first, 1)),
        (id(&second, 1), id(&second, 0)),
        "an action is known by its recipients"
    );
}

#[tokio::test]
async fn faults_of_emails_have_their_pointers() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let many: Vec<String> = (0..11).map(|n| format!("a{n}@example.com")).collect();
    for (change, member, code) in [
        (json!({"to": []}), "to", "too_few"),
        (json!({"to": many}), "to", "too_many"),
        (
            json!({"to": ["a@b.example", "root@localhost"]}),
            "to/1",
            "invalid_value",
        ),
        (
            json!({"to": ["a@b.example\r\nBcc: c@d.example"]}),
            "to/0",
            "invalid_value",
        ),
        (json!({"to": ["a@b.example", "A@b.example"]}), "to/1", "duplicate"),
        (json!({"to": "a@b.example"}), "to", "wrong_type"),
        (json!({"to": [1]}), "to/0", "wrong_type"),
        (json!({"subject": " "}), "subject", "blank"),
        (json!({"subject": "{{ nothing }}"}), "subject", "invalid_template"),
        (json!({"text": "{% if %}"}), "text", "invalid_template"),
        (json!({"text": null}), "text", "wrong_type"),
        (json!({"url": "https://a.example"}), "url", "unknown_member"),
        (json!({"timeout_s": 5}), "timeout_s", "unknown_member"),
        (json!({"type": "send_fax"}), "type", "invalid_value"),
        (
            json!({"rate_limit": {"requests": 0, "per_s": 1}}),
            "rate_limit/requests",
            "out_of_range",
        ),
    ] {
        let mut action = email(&["a@b.example"]);
        let members = action.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        let refused = app.post(&automations, &automation(&[action])).await;
        refused.fault(&format!("/actions/0/{member}"), code);
    }
    for missing in ["type", "to", "subject", "text"] {
        let mut action = email(&["a@b.example"]);
        action.as_object_mut().unwrap().remove(missing);
        let refused = app.post(&automations, &automation(&[action])).await;
        refused.fault(&format!("/actions/0/{missing}"), "required");
    }
    let preview = json!({"automation": automation(&[json!({"type": "send_email", "to": []})])});
    let refused = app.post(&format!("{automations}/preview"), &preview).await;
    refused.fault("/automation/actions/0/subject", "required");
}

#[tokio::test]
async fn the_type_of_an_action_cannot_change() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let both = automation(&[
        email(&["a@b.example"]),
        json!({"type": "send_webhook", "url": url(200)}),
    ]);
    let created = app.post(&automations, &both).await.expect(201);
    let path = format!("{automations}/{}", created["id"].as_str().unwrap());
    let id = |at: usize| created["actions"][at]["id"].clone();
    let mut to_email = email(&["a@b.example"]);
    to_email["id"] = id(1);
    let to_webhook = json!({"type": "send_webhook", "url": "http://127.0.0.1/", "id": id(0)});
    let refused = app
        .patch(
            &path,
            &json!({"actions": [to_email, to_webhook, {"type": "send_webhook", "url": "http://127.0.0.1/"}]}),
        )
        .await;
    let faults = refused.problem(422, "invalid_body");
    let pointers: Vec<_> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/actions/0/type", "/actions/1/type", "/actions/2/url"]);
}

#[tokio::test]
async fn without_a_mail_server_an_email_action_is_refused() {
    let app = App::without_mail_server().await;
    let automations = format!("{}/automations", app.account().await);
    let refused = app
        .post(&automations, &automation(&[email(&["a@b.example"])]))
        .await;
    refused.fault("/actions/0/type", "email_not_set_up");
}

#[tokio::test]
async fn the_record_shows_the_dialogue_and_the_mail_server_to_its_operator_alone() {
    let app = App::start().await;
    let account = app.account().await;
    let automations = format!("{account}/automations");
    for to in ["ann@a.example", "no@b.example"] {
        app.post(&automations, &automation(&[email(&[to])]))
            .await
            .expect(201);
    }
    let event = json!({"type": "a.b", "data": {"title": "Roof", "total": 7}});
    let event = app.post(&format!("{account}/events"), &event).await.expect(202);
    assert_eq!(event["deliveries"], 2);
    let list = app
        .until(&format!("{account}/deliveries"), |list| {
            list["data"]
                .as_array()
                .unwrap()
                .iter()
                .all(|it| it["status"] != "pending")
        })
        .await;
    let refused = &list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["status"] == "failed")
        .unwrap();
    assert_eq!(
        (&refused["last_status_code"], &refused["attempt_count"]),
        (&json!(550), &json!(1))
    );
    let path = format!("{account}/deliveries/{}", refused["id"].as_str().unwrap());
    let attempt = app.get(&path).await.expect(200)["attempts"][0].clone();
    assert_eq!(attempt["status_code"], 550);
    assert_eq!(attempt["recipients"], "no@b.example");
    assert_eq!(attempt["mail_server"], "mail.internal:587");
    assert_eq!(attempt["tls"], "TLSv1.3");
    assert_eq!(
        attempt["dialogue"],
        json!([{"command": "(message: Roof)", "code": 550, "enhanced_code": "5.1.1", "reply": "said"}])
    );
    assert!(attempt.get("url").is_none(), "{attempt}");
    let id = account.rsplit('/').next().unwrap();
    let key = json!({"name": "theirs", "permissions": ["read"], "account": id});
    let key = app.post("/v1/api-keys", &key).await.expect(201)["key"].clone();
    assert_ne!(key, KEY);
    let request = Request::get(&path).header("authorization", format!("Bearer {}", key.as_str().unwrap()));
    let seen = app.send(request.body(Body::empty()).unwrap()).await.expect(200);
    assert_eq!(seen["attempts"][0]["mail_server"], json!(null));
    assert_eq!(seen["attempts"][0]["dialogue"], attempt["dialogue"]);
}

#[tokio::test]
async fn a_preview_shows_subject_and_text() {
    let app = App::start().await;
    let automations = format!("{}/automations", app.account().await);
    let preview = |data: Value| json!({"automation": automation(&[email(&["a@b.example"])]), "data": data});
    let shown = app
        .post(
            &format!("{automations}/preview"),
            &preview(json!({"title": "Roof\nx", "total": 1.50})),
        )
        .await
        .expect(200);
    let request = &shown["requests"][0];
    assert_eq!(request["recipients"], "a@b.example");
    assert_eq!(request["subject"], "Roof x");
    assert_eq!(request["body"], "It is 1.5.");
    assert_eq!((&request["url"], &request["error"]), (&json!(null), &json!(null)));
}
