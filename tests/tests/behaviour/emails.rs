//! E-mails, over a real mail server, as Python's email package reads them.

use postrider_tests::account::{attempts_of, id_of};
use postrider_tests::mail_server::{PASSWORD, USER};
use postrider_tests::server::LOOPBACK_ALLOWED;
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Account, MailServer, Server};
use serde_json::{Value, json};

/// A server that sends its e-mails to this mail server, and an account.
async fn start(mail: &MailServer) -> (Server, Account) {
    let flags = mail.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    // Webhooks may not reach the loopback network; the mail server is on it.
    let server = Server::start_with(&flags);
    let account = Account::create(server.api()).await;
    (server, account)
}

async fn automation(account: &Account, to: &[&str], delays_s: &[u32]) -> Value {
    let automation = json!({
        "name": "Mail",
        "trigger": {"event_types": ["*"]},
        "actions": [{
            "type": "send_email",
            "to": to,
            "subject": "{{ data.title }} was accepted",
            "text": "Für {{ data.customer }}:\n.\n{{ data.total }}\n",
        }],
        "retry_delays_s": delays_s,
    });
    account
        .api
        .post(account.at("/automations"), automation)
        .await
        .expect(201)
}

const DATA: &str = r#"{"title":"Dach\r\nBcc: evil@example.org","customer":"Jörg\r\n.\r\nMAIL FROM:<x@example.org>","total":1250.50}"#;

/// The messages, once there are this many.
async fn messages(mail: &MailServer, count: usize) -> Vec<Value> {
    let what = format!("{count} messages arrived");
    let probe = async || Some(mail.messages()).filter(|messages| messages.len() >= count);
    until(&what, SOON, probe).await
}

#[tokio::test]
async fn an_event_becomes_a_message_over_tls_into_which_its_data_injects_nothing() {
    let mail = MailServer::start();
    let (server, account) = start(&mail).await;
    automation(&account, &["ann@example.org", "bob@example.org"], &[1]).await;
    let event = account.send("proposal.accepted", DATA).await;
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    let message = messages(&mail, 1).await.remove(0);
    assert_eq!(message["login"], USER);
    assert_eq!(message["mail_from"], "automations@example.com");
    assert_eq!(message["rcpt_tos"], json!(["ann@example.org", "bob@example.org"]));
    assert_eq!(message["to"], message["rcpt_tos"]);
    assert_eq!(
        message["from"],
        json!(["Example GmbH", "automations@example.com"])
    );
    let headers = &message["headers"];
    assert_eq!(headers["Subject"], "Dach  Bcc: evil@example.org was accepted");
    assert_eq!(headers["Auto-Submitted"], "auto-generated");
    assert_eq!(
        headers["Message-ID"],
        format!("<{}@example.com>", id_of(&delivery))
    );
    assert_eq!(headers["Postrider-Event-Type"], "proposal.accepted");
    let names = message["names"].as_array().unwrap();
    assert!(
        !names.contains(&json!("Bcc")) && !names.contains(&json!("List-Unsubscribe")),
        "{names:?}"
    );
    assert_eq!(message["defects"], json!([]));
    let text = message["text"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(text, "Für Jörg\n.\nMAIL FROM:<x@example.org>:\n.\n1250.50\n");

    let attempt = &attempts_of(&delivery)[0];
    assert_eq!(attempt["status_code"], 250);
    assert_eq!(attempt["recipients"], "ann@example.org, bob@example.org");
    assert_eq!(
        attempt["mail_server"],
        format!("localhost:{}", mail.address().port())
    );
    assert_eq!(attempt["tls"], "TLSv1.3");
    let commands: Vec<_> = attempt["dialogue"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["command"])
        .collect();
    assert!(
        commands[0]
            .as_str()
            .unwrap()
            .starts_with("MAIL FROM:<automations@example.com>"),
        "{commands:?}"
    );
    assert_eq!(
        commands[1..4],
        ["RCPT TO:<ann@example.org>", "RCPT TO:<bob@example.org>", "DATA"]
    );
    assert!(!delivery.to_string().contains(PASSWORD));
    assert!(!server.log().lines().iter().any(|line| line.contains(PASSWORD)));
}

#[tokio::test]
async fn temporary_refusals_are_retried_and_permanent_ones_are_final() {
    let mail = MailServer::start_with(&[
        "--refuse-once",
        "later@example.org=451",
        "--refuse",
        "never@example.org=550",
    ]);
    let (_server, account) = start(&mail).await;
    automation(&account, &["later@example.org"], &[1]).await;
    let event = account.send("a", DATA).await;
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    let codes: Vec<_> = attempts_of(&delivery)
        .iter()
        .map(|attempt| &attempt["status_code"])
        .collect();
    assert_eq!(codes, [451, 250]);
    assert_eq!(
        messages(&mail, 1).await[0]["rcpt_tos"],
        json!(["later@example.org"])
    );

    let account = Account::create(account.api.clone()).await;
    automation(&account, &["never@example.org"], &[1]).await;
    let event = account.send("a", DATA).await;
    let delivery = account.wait_for_delivery(&event, "failed").await;
    let [attempt] = attempts_of(&delivery) else {
        panic!("one attempt: {delivery}");
    };
    assert_eq!(
        (&attempt["status_code"], &attempt["outcome"]),
        (&json!(550), &json!("bad_status"))
    );
    let error = attempt["error"].as_str().unwrap();
    assert!(
        error.contains("never@example.org") && error.contains("is refused"),
        "{error}"
    );

    let account = Account::create(account.api.clone()).await;
    automation(&account, &["never@example.org", "ann@example.org"], &[1]).await;
    let event = account.send("a", DATA).await;
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    let error = attempts_of(&delivery)[0]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("1 of 2 recipients"), "{error}");
    assert_eq!(
        messages(&mail, 2).await[1]["rcpt_tos"],
        json!(["ann@example.org"])
    );
}

#[tokio::test]
async fn an_email_waits_for_a_mail_server_that_is_down_and_is_sent_once_it_is_back() {
    let mut mail = MailServer::start();
    let (server, account) = start(&mail).await;
    mail.stop();
    automation(&account, &["ann@example.org"], &[1]).await;
    let gauge_is = async |value: &str| {
        let line = format!("postrider_mail_server_out_of_reach {value}");
        let what = format!("the metrics have {line}");
        until(&what, SOON, async || {
            let metrics = server.api().get("/metrics").await.text();
            metrics.lines().any(|it| it == line).then_some(())
        })
        .await;
    };
    gauge_is("0").await;
    let event = account.send("a", DATA).await;
    let logged = |words: &str| server.log().lines().iter().any(|line| line.contains(words));
    until("the log says so", SOON, async || {
        logged("no e-mail can be sent").then_some(())
    })
    .await;
    let delivery = account.delivery(&account.delivery_id_of(&event).await).await;
    assert_eq!(
        (&delivery["status"], &delivery["attempt_count"]),
        (&json!("pending"), &json!(0))
    );
    gauge_is("1").await;
    mail.start_again();
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    assert_eq!(attempts_of(&delivery).len(), 1);
    until("the log says so", SOON, async || {
        logged("accepts e-mail again").then_some(())
    })
    .await;
    gauge_is("0").await;
    assert_eq!(messages(&mail, 1).await.len(), 1);
}

#[tokio::test]
async fn a_resend_after_an_edit_and_a_restart_sends_the_same_bytes() {
    let mail = MailServer::start();
    let (mut server, account) = start(&mail).await;
    let automation = automation(&account, &["ann@example.org"], &[1]).await;
    let event = account.send("a", DATA).await;
    let delivery = account.wait_for_delivery(&event, "succeeded").await;
    let mut action = automation["actions"][0].clone();
    (action["subject"], action["text"]) = (json!("Other"), json!("words"));
    let path = account.at(&format!("/automations/{}", id_of(&automation)));
    account
        .api
        .patch(path, json!({"actions": [action]}))
        .await
        .expect(200);
    server.kill();
    let flags = mail.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    server.start_again_with(&flags);
    let account = account.through(server.api());
    let resend = account.at(&format!("/deliveries/{}/resend", id_of(&delivery)));
    account.api.post(resend, json!({})).await.expect(202);
    let both = messages(&mail, 2).await;
    assert_eq!(both[0]["bytes"], both[1]["bytes"]);
    account.send("a", DATA).await;
    assert_eq!(messages(&mail, 3).await[2]["headers"]["Subject"], "Other");
}

#[tokio::test]
async fn without_a_mail_server_email_actions_are_refused_and_those_that_exist_wait() {
    let mail = MailServer::start();
    let (mut server, account) = start(&mail).await;
    let automation = automation(&account, &["ann@example.org"], &[1]).await;
    server.stop();
    server.start_again_with(&LOOPBACK_ALLOWED);
    let account = account.through(server.api());
    let event = account.send("a", DATA).await;
    let waits = async || {
        let lines = server.log().lines();
        lines
            .iter()
            .any(|line| line.contains("no mail server is set"))
            .then_some(())
    };
    until("the log says so", SOON, waits).await;
    let delivery = account.delivery(&account.delivery_id_of(&event).await).await;
    assert_eq!(
        (&delivery["status"], &delivery["attempt_count"]),
        (&json!("pending"), &json!(0))
    );
    let path = account.at(&format!("/automations/{}", id_of(&automation)));
    account
        .api
        .patch(path, json!({"name": "Renamed"}))
        .await
        .expect(200);
    let mut new = automation["actions"][0].clone();
    new.as_object_mut()
        .unwrap()
        .retain(|name, _| ["type", "to", "subject", "text"].contains(&name.as_str()));
    let body = json!({"name": "n", "trigger": {"event_types": ["a"]}, "actions": [new]});
    let refused = account
        .api
        .post(account.at("/automations"), body)
        .await
        .expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/actions/0/type");
    assert_eq!(refused["errors"][0]["code"], "email_not_set_up");
}

#[test]
fn settings_of_the_mail_server_that_do_not_go_together_stop_the_start() {
    for (flags, words) in [
        (
            &["--smtp-from", "a@example.com"][..],
            "--smtp-from is set without smtp_url",
        ),
        (&["--smtp-url", "smtp://mail.example.com"], "smtp_from is missing"),
        (
            &[
                "--smtp-url",
                "smtp://u:hidden@mail.example.com",
                "--smtp-from",
                "a@example.com",
            ],
            "set smtp_user and smtp_password_file",
        ),
        (
            &[
                "--smtp-url",
                "http://mail.example.com",
                "--smtp-from",
                "a@example.com",
            ],
            "smtp_url has to begin with smtp://",
        ),
        (
            &[
                "--smtp-url",
                "smtp://mail.example.com",
                "--smtp-from",
                "a@example.com",
                "--smtp-user",
                "u",
                "--smtp-password-file",
                "/nowhere/at/all",
            ],
            "smtp_password_file /nowhere/at/all",
        ),
        (
            &["--smtp-url", "smtp://mail.example.com", "--smtp-from", "nobody"],
            "smtp_from: ",
        ),
    ] {
        let (status, output) = Server::stopped().start_that_fails(flags);
        assert!(!status.success() && output.contains(words), "{flags:?}: {output}");
        assert!(!output.contains("hidden"), "{output}");
    }
}
