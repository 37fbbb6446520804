//! E-mails in the form of an automation, in lists and in the record.

use async_trait::async_trait;
use http::StatusCode;
use postrider_configuration::{DoesDraft, SendEmailDraft};
use postrider_egress::NotSent;
use postrider_engine::carry::{Advice, Carried, Carrier, Job};
use postrider_model::{Does, Exchange, Outcome, SendEmail, SmtpExchange, SmtpStep};

use crate::app::{App, text};

/// A mail server that refuses every message.
pub struct MailServer;

#[async_trait]
impl Carrier<SendEmail> for MailServer {
    async fn carry(&self, _: Job<'_>, email: &SendEmail) -> Result<Carried, NotSent> {
        Ok(Carried {
            outcome: Outcome::BadStatus,
            error: Some("The mail server refused it".to_owned()),
            exchange: Exchange::Smtp(SmtpExchange {
                to: email.to.as_str().to_owned(),
                server: "mail.internal:587".to_owned(),
                tls: Some("TLSv1.3".to_owned()),
                steps: vec![SmtpStep {
                    command: "RCPT TO:<ann@a.example>".to_owned(),
                    code: Some(550),
                    enhanced: None,
                    reply: "<b>no such user</b>".to_owned(),
                }],
            }),
            advice: Advice {
                is_final: true,
                ..Advice::default()
            },
            waited: std::time::Duration::ZERO,
        })
    }
}

const ROW: &str = "row=0&id.0=&on.0=1&type.0=send_email";

#[tokio::test]
async fn a_form_adds_an_email_and_keeps_what_was_typed() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let path = app.path("/accounts/{account}/automations/new", 0);
    let form = format!(
        "csrf={}&do=add.email&name=n&row=0&id.0=&url.0=&on.0=1",
        session.csrf
    );
    let page = text(app.post(&path, Some(&session.cookie), &form).await).await;
    assert!(
        page.contains("name=\"to.0\"") && page.contains("name=\"subject.0\""),
        "{page}"
    );
    assert!(!page.contains("name=\"url."), "the empty row gives way");

    let form = format!(
        "csrf={}&do=save&name=n&event_type=proposal.accepted&{ROW}&to.0=root@localhost&subject.0=%7B%7B+x+%7D%7D&text.0=Kept",
        session.csrf
    );
    let response = app.post(&path, Some(&session.cookie), &form).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(response).await;
    assert!(
        page.contains("id=\"to-0-fault\"") && page.contains("id=\"subject-0-fault\""),
        "{page}"
    );
    assert!(page.contains("root@localhost") && page.contains("Kept"), "{page}");
}

#[tokio::test]
async fn an_email_is_created_edited_and_copied_in_the_form() {
    let app = App::start().await;
    let session = app.customer(false).await;
    let account = app.accounts[0].account;
    let path = app.path("/accounts/{account}/automations/new", 0);
    let form = format!(
        "csrf={}&do=save&enabled=1&name=Mail&event_type=proposal.accepted&{ROW}&to.0=ann%40a.example%2C+bob%40b.example&subject.0=Hi+%7B%7B+data.title+%7D%7D&text.0=a%0D%0Ab",
        session.csrf
    );
    let response = app.post(&path, Some(&session.cookie), &form).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let entry = app.configuration.entry(account).await.unwrap().unwrap();
    let automation = entry
        .config
        .automations
        .iter()
        .find(|it| it.name == "Mail")
        .unwrap();
    let Does::SendEmail(email) = &automation.actions[0].does else {
        panic!("an e-mail");
    };
    assert_eq!(email.to.as_str(), "ann@a.example, bob@b.example");
    assert_eq!(
        (email.subject.as_str(), email.text.as_str()),
        ("Hi {{ data.title }}", "a\nb")
    );

    let shown = app.path(&format!("/accounts/{{account}}/automations/{}", automation.id), 0);
    for (rest, part) in [
        ("", "ann@a.example, bob@b.example"),
        ("/edit", "value=\"Hi {{ data.title }}\""),
        ("/copy", "value=\"ann@a.example, bob@b.example\""),
    ] {
        let page = app.get(&format!("{shown}{rest}"), Some(&session.cookie)).await;
        assert_eq!(page.status(), StatusCode::OK);
        let page = text(page).await;
        let found = page.contains(part) || page.contains(&part.replace("{{", "&#123;&#123;"));
        assert!(found, "{rest}: {page}");
    }
}

#[tokio::test]
async fn the_record_of_an_email_shows_the_message_and_hides_the_mail_server_from_customers() {
    let app = App::start().await;
    let customer = app.customer(false).await;
    let operator = app.operator().await;
    let (account, automation) = (app.accounts[0].account, app.accounts[0].automation);
    let current = app
        .configuration
        .automation(account, automation)
        .await
        .unwrap()
        .unwrap();
    let mut draft = postrider_configuration::AutomationDraft::of(&current);
    draft.actions = vec![postrider_configuration::ActionDraft::new(DoesDraft::SendEmail(
        SendEmailDraft {
            to: vec!["ann@a.example".to_owned()],
            subject: "About {{ event.type }}".to_owned(),
            text: "<i>text</i>".to_owned(),
        },
    ))];
    let by = postrider_model::By::NODE;
    app.configuration
        .update_automation(&by, account, current, draft)
        .await
        .unwrap();
    let test = app.path(&format!("/accounts/{{account}}/automations/{automation}/test"), 0);
    let form = format!("csrf={}&type=proposal.accepted&data=%7B%7D", customer.csrf);
    let sent = app.post(&test, Some(&customer.cookie), &form).await;
    assert_eq!(sent.status(), StatusCode::SEE_OTHER);
    let result = sent.headers()["location"].to_str().unwrap().to_owned();
    let of = async |cookie: &str| {
        for _ in 0..500 {
            let page = text(app.get(&result, Some(cookie)).await).await;
            if page.contains("550") {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no attempt was recorded");
    };
    for (cookie, is_operator) in [(&customer.cookie, false), (&operator.cookie, true)] {
        let page = of(cookie).await;
        assert!(page.contains("About proposal.accepted"), "{page}");
        assert!(
            !page.contains("<i>text") && !page.contains("<b>no such"),
            "escaped: {page}"
        );
        assert!(page.contains("RCPT TO:"), "{page}");
        assert_eq!(page.contains("mail.internal"), is_operator, "{page}");
    }
}
