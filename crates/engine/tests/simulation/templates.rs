//! Templates: each attempt and resend sends the bytes that acceptance fixed, and one that fails is final.

use std::time::Duration;

use bytes::Bytes;
use postrider_configuration::{AutomationDraft, ContentDraft, UNUSED_KEPT};
use postrider_egress::Request;
use postrider_engine::{EngineSettings, ResendOutcome, Submission};
use postrider_model::{Attempt, Delivery, DeliveryStatus, Outcome};
use postrider_storage::DeliveryKey;

use crate::support::{BY, Fixture, Node, folder, life, status, submission, webhook};

const URL: &str = "https://receiver.example/hook";

/// A node whose receiver fails until the 4th request, and an account whose action sends this template.
async fn with_template(folder: &std::path::Path, template: &str, content_type: &str) -> (Node, Fixture) {
    let script = |_: &Request, earlier: usize| (Duration::ZERO, status(if earlier < 3 { 500 } else { 200 }));
    let node = Node::start(folder, 0, EngineSettings::default(), script).await;
    let fixture = node.account(&[URL]).await;
    node.edit(&fixture, |automation| set(automation, template, content_type))
        .await;
    (node, fixture)
}

fn set(automation: &mut AutomationDraft, template: &str, content_type: &str) {
    let body = &mut webhook(&mut automation.actions[0]).body;
    body.content = ContentDraft::Template;
    body.template = Some(template.to_owned());
    body.content_type = Some(content_type.to_owned());
}

async fn accept(node: &Node, fixture: &Fixture, data: &'static str) {
    let submission = Submission {
        data: Bytes::from_static(data.as_bytes()),
        ..submission("proposal.accepted")
    };
    let accepted = node.engine.accept(fixture.account, vec![submission]).await;
    assert_eq!(accepted.unwrap()[0].as_ref().unwrap().deliveries, 1);
}

fn key(fixture: &Fixture, delivery: &Delivery) -> DeliveryKey {
    DeliveryKey {
        account: fixture.account,
        delivery: delivery.id,
    }
}

async fn attempts(node: &Node, key: DeliveryKey) -> Vec<Attempt> {
    let record = node.store.record(key).await.unwrap();
    record.unwrap().attempts
}

#[test]
fn attempts_and_resends_send_the_template_of_acceptance_whatever_was_edited() {
    let folder = folder();
    life(async {
        let (node, fixture) = with_template(folder.path(), "{{ data.total }} é", "text/plain").await;
        accept(&node, &fixture, r#"{"total":1250.50}"#).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        node.edit(&fixture, |automation| set(automation, "{}", "application/json"))
            .await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        node.edit(&fixture, |automation| {
            let webhook = webhook(&mut automation.actions[0]);
            webhook.body = Default::default();
        })
        .await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
        // The template is in use by this delivery alone, and is neither in memory nor removed.
        tokio::time::sleep(2 * UNUSED_KEPT).await;
        let key = key(&fixture, &delivery);
        let resent = node.engine.resend(&BY, key).await.unwrap();
        assert!(matches!(resent, ResendOutcome::Due), "{resent:?}");
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
        assert_eq!(attempts(&node, key).await.len(), 4);
        for sent in node.seen() {
            assert_eq!(sent.request.body, "1250.50 é".as_bytes());
            assert_eq!(sent.header("content-type"), "text/plain");
        }
    });
}

#[test]
fn a_template_that_fails_on_an_event_is_not_retried_and_sends_nothing() {
    let folder = folder();
    life(async {
        let template = "{\"n\":\n{% if data.n %}{{ data.n // 0 }}{% endif %}0}";
        let (node, fixture) = with_template(folder.path(), template, "application/json").await;
        accept(&node, &fixture, r#"{"n":1}"#).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
        assert_eq!(delivery.last_outcome, Some(Outcome::NotRendered));
        let attempt = attempts(&node, key(&fixture, &delivery)).await.remove(0);
        let reason = attempt.error.unwrap();
        assert!(reason.starts_with("The template failed: line 2: "), "{reason}");
        assert_eq!((delivery.progress.attempts, node.seen().len()), (1, 0));

        accept(&node, &fixture, r#"{"n":0}"#).await;
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.seen().len(), 3, "other events are sent");
    });
}

#[test]
fn headers_hold_fields_of_the_event_and_no_line_breaks() {
    let folder = folder();
    life(async {
        let (node, fixture) = with_template(folder.path(), "{}", "application/json").await;
        let set = |value: &'static str| {
            move |automation: &mut AutomationDraft| {
                let webhook = webhook(&mut automation.actions[0]);
                webhook.headers = vec![
                    ("X-Topic".to_owned(), value.to_owned()),
                    ("X-Plain".to_owned(), "as it is".to_owned()),
                ];
                webhook.plain_headers = vec!["X-Topic".to_owned()];
            }
        };
        node.edit(&fixture, set("{{ event.type }}/{{ data.name }}")).await;
        accept(&node, &fixture, r#"{"name":"é\r\nX-Evil: 1"}"#).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        let sent = node.seen().remove(0);
        assert_eq!(sent.header("x-topic"), "proposal.accepted/%C3%A9  X-Evil: 1");
        assert_eq!(sent.header("x-plain"), "as it is");
        let attempt = attempts(&node, key(&fixture, &delivery)).await.remove(0);
        let postrider_model::Exchange::Http(exchange) = attempt.exchange else {
            panic!("a webhook");
        };
        let value = |name: &str| {
            let mut headers = exchange.request.headers.iter();
            headers
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(
            value("X-Topic").as_deref(),
            Some("proposal.accepted/%C3%A9  X-Evil: 1")
        );
        assert_eq!(value("X-Plain").as_deref(), Some("••••"));
        node.edit(&fixture, set("{{ data.name // 0 }}")).await;
        accept(&node, &fixture, "{\"name\":1}").await;
        let failed = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(failed.last_outcome, Some(Outcome::NotRendered));
    });
}
