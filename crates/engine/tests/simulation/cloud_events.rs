//! CloudEvents on the way out: what acceptance has fixed, and what no edit changes.

use std::time::Duration;

use postrider_configuration::ContentDraft;
use postrider_egress::Request;
use postrider_engine::{EngineSettings, Submission};
use postrider_model::{BodyStyle, DeliveryStatus, EventHeaders};

use crate::support::{BY, Node, folder, life, status, submission, webhook};

const URL: &str = "https://receiver.example/hook";

fn attributes(request: &Request) -> Vec<(String, String)> {
    let headers = request.headers.iter();
    let attributes = headers.filter(|(name, _)| name.to_ascii_lowercase().starts_with("ce-"));
    attributes.cloned().collect()
}

#[test]
fn every_attempt_and_resend_of_a_cloud_event_is_the_same_whatever_was_edited() {
    for content in [ContentDraft::CloudEvents, ContentDraft::CloudEventsBinary] {
        let folder = folder();
        life(async {
            let script = |_: &Request, _| (Duration::ZERO, status(500));
            let node = Node::start(folder.path(), 0, EngineSettings::default(), script).await;
            let fixture = node.account(&[URL]).await;
            node.edit(&fixture, |draft| {
                let body = &mut webhook(&mut draft.actions[0]).body;
                (body.content, body.style) = (content, BodyStyle::Python);
            })
            .await;
            let headers = [("ce-subject", "K%C3%A4se"), ("X-Tenant", "42")];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let event = Submission {
                headers: EventHeaders::new(headers.to_vec()),
                ..submission("proposal.accepted")
            };
            let accepted = node.engine.accept(fixture.account, vec![event]).await.unwrap();
            assert_eq!(accepted[0].as_ref().unwrap().deliveries, 1);
            tokio::time::sleep(Duration::from_secs(1)).await;
            node.edit(&fixture, |draft| {
                let webhook = webhook(&mut draft.actions[0]);
                webhook.body.content = ContentDraft::Envelope;
                webhook.headers = vec![("ce-subject".to_owned(), "mine".to_owned())];
            })
            .await;
            let deliveries = node.wait_until_settled(fixture.account).await;
            assert_eq!(deliveries[0].progress.status, DeliveryStatus::Failed);
            let key = fixture.key(&deliveries[0]);
            node.engine.resend(&BY, key).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;

            let seen = node.seen();
            assert_eq!(seen.len(), 4);
            let first = &seen[0].request;
            for seen in &seen {
                assert_eq!(seen.request.body, first.body);
                assert_eq!(attributes(&seen.request), attributes(first));
                assert_eq!(seen.header("content-type"), seen_content_type(content));
                assert_eq!(seen.header("x-tenant"), "42");
            }
            let body = std::str::from_utf8(&first.body).unwrap();
            let source = format!("/accounts/{}", fixture.account);
            if content == ContentDraft::CloudEvents {
                assert_eq!(attributes(first), []);
                assert!(body.contains(&format!(r#""source": "{source}""#)), "{body}");
                assert!(body.contains(r#""subject": "K\u00e4se""#), "{body}");
            } else {
                assert_eq!(seen[0].header("ce-source"), source);
                assert_eq!(seen[0].header("ce-subject"), "K%C3%A4se");
                assert_eq!(seen[0].header("ce-id"), seen[0].header("webhook-id"));
            }
        });
    }
}

fn seen_content_type(content: ContentDraft) -> &'static str {
    match content {
        ContentDraft::CloudEvents => "application/cloudevents+json",
        _ => "application/json",
    }
}
