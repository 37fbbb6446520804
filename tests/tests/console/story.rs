//! The story of a customer without a developer, from a portal link: proposals over 1,000 go to the team's
//! chat and by mail, a mail says when that fails, and what was missed is sent once it works again.

use postrider_tests::browser::{button, css, label, link};
use postrider_tests::mail_server::MailServer;
use postrider_tests::wait::{SOON, until};
use postrider_tests::{Browser, Reply};
use serde_json::{Value, json};

use super::desk::Desk;

/// The chat's incoming webhook, at the receiver.
const CHAT: &str = "/services/T01/B02/secret";

/// The automation's switch, in the list and on its page.
const SWITCH: &str = "[role=switch][aria-label='Tell sales']";

#[tokio::test]
async fn a_customer_is_told_of_a_failure_by_mail_and_sends_what_was_missed() {
    let mail = MailServer::start();
    let flags = mail.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let desk = Desk::open_with(&flags, Browser::start().await).await;
    desk.account
        .send("proposal.accepted", &proposal("Barn", "300"))
        .await;
    let customer = Browser::start().await;
    customer.follow_link(&desk.customer_link(json!({})).await).await;
    customer.wait_for_path(&desk.path("/automations")).await;

    set_up(&desk, &customer).await;
    only_large_proposals_are_told(&desk, &mail).await;
    the_chat_fails(&desk, &customer, &mail).await;
    what_was_missed_is_sent(&desk, &customer).await;
    what_failed_is_sent_again(&desk, &customer, &mail).await;
    customer.assert_no_fault_logged(&[]).await;
}

/// The customer fills in the form.
async fn set_up(desk: &Desk, customer: &Browser) {
    customer.click(link("New automation")).await;
    customer.type_into(label("Name"), "Tell sales").await;
    customer.click(css("input[value='proposal.accepted']")).await;
    customer.click(button("Add a condition")).await;
    customer.type_into(css("[name='field.0']"), "total").await;
    customer.choose(css("[name='op.0']"), "is at least").await;
    customer.type_into(css("[name='value.0']"), "1000").await;
    customer
        .wait_for_text("This would not have matched the last event.")
        .await;
    customer.click(button("Slack")).await;
    customer.type_into(css("#url-0"), &desk.receiver.url(CHAT)).await;
    customer
        .type_into(
            css("#sentence-0"),
            "{{ data.customer }} accepted: {{ data.title }}",
        )
        .await;
    customer
        .wait_for_text("\"text\": \"Zoë Müller accepted: Barn\"")
        .await;
    customer.click(button("Add an e-mail")).await;
    customer.type_into(label("E-mail to"), "sales@example.com").await;
    customer
        .type_into(css("#subject-1"), "{{ data.title }} was accepted")
        .await;
    customer
        .type_into(
            css("#text-1"),
            "{{ data.customer }} accepted {{ data.title }} for {{ data.total }}.",
        )
        .await;
    customer.wait_for_text("Zoë Müller accepted Barn for 300.").await;
    customer.click(css("[name=notify]")).await;
    customer
        .type_into(label("E-mail address"), "zoe@example.com")
        .await;
    customer.update_screenshots("story-1-set-up").await;
    customer.click(button("Create automation")).await;
    customer.wait_for_text("Saved.").await;
}

async fn only_large_proposals_are_told(desk: &Desk, mail: &MailServer) {
    desk.account
        .send("proposal.accepted", &proposal("Shed", "999.99"))
        .await;
    desk.account
        .send("proposal.accepted", &proposal("Roof", "1000"))
        .await;
    assert_eq!(texts(desk, 1).await, ["Zoë Müller accepted: Roof"]);
    let message = mail_to(mail, "sales@example.com", 1).await;
    assert_eq!(message["headers"]["Subject"], "Roof was accepted");
    assert_eq!(desk.receiver.count(CHAT), 1);
}

async fn the_chat_fails(desk: &Desk, customer: &Browser, mail: &MailServer) {
    desk.receiver.respond(CHAT, [Reply::status(503)]);
    desk.account
        .send("proposal.accepted", &proposal("Hall", "5000"))
        .await;
    let message = mail_to(mail, "zoe@example.com", 1).await;
    assert_eq!(message["headers"]["Subject"], "Tell sales fails");
    customer.open(&desk.url(&desk.path("/automations"))).await;
    customer.wait_for_text("failing since").await;
    customer.update_screenshots("story-2-failing").await;
    // While the chat is mended, the customer switches it off.
    customer.click(css(SWITCH)).await;
    customer
        .wait_for(css("[role=switch][aria-label='Tell sales'][aria-checked=false]"))
        .await;
    desk.account
        .send("proposal.accepted", &proposal("Silo", "7000"))
        .await;
}

/// The chat works again. The event of the meantime is sent, and the health follows.
async fn what_was_missed_is_sent(desk: &Desk, customer: &Browser) {
    desk.receiver.respond(CHAT, [Reply::status(200)]);
    customer.click(css(SWITCH)).await;
    customer.wait_for_text("1 event happened while it was off.").await;
    customer.update_screenshots("story-3-missed").await;
    customer.click(link("Send it…")).await;
    customer.click(button("Send 1 event")).await;
    customer.wait_for_text("1 event sent.").await;
    assert_eq!(texts(desk, 5).await.pop().unwrap(), "Zoë Müller accepted: Silo");
}

async fn what_failed_is_sent_again(desk: &Desk, customer: &Browser, mail: &MailServer) {
    customer
        .open(&desk.url(&desk.path("/deliveries?status=failed")))
        .await;
    customer.click(link("Replay these…")).await;
    customer.click(button("Count deliveries")).await;
    customer.click(button("Replay 1 delivery")).await;
    customer.wait_for_text("1 delivery replayed.").await;
    let message = mail_to(mail, "zoe@example.com", 2).await;
    assert_eq!(message["headers"]["Subject"], "Tell sales works again");
    customer.update_screenshots("story-4-sent").await;
}

fn proposal(title: &str, total: &str) -> String {
    format!(r#"{{"title":"{title}","customer":"Zoë Müller","total":{total}}}"#)
}

/// The messages that the chat has got with success, once there are this many.
async fn texts(desk: &Desk, count: usize) -> Vec<String> {
    let received = desk.receiver.wait_for(CHAT, count, SOON).await;
    let text = |body: &[u8]| {
        serde_json::from_slice::<Value>(body).unwrap()["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    received.iter().map(|it| text(&it.body)).collect()
}

/// The newest message to an address, once there are this many.
async fn mail_to(mail: &MailServer, address: &str, count: usize) -> Value {
    until("the mail arrives", SOON, async || {
        let messages = mail.messages().into_iter();
        let mut messages: Vec<Value> = messages.filter(|it| it["rcpt_tos"] == json!([address])).collect();
        (messages.len() == count).then(|| messages.pop()).flatten()
    })
    .await
}
