//! The hosts of connections: credentials leave for those alone, whatever was edited since the action was
//! saved.
//!
//! A request goes to the host of its URL and to no other, because redirects are not followed. What is checked
//! here is therefore all that decides who receives credentials.

use std::time::Duration;

use postrider_configuration::ConnectionDraft;
use postrider_egress::{Request, Response};
use postrider_model::{Connection, Outcome};

use crate::connections::{TOKEN_URL, URL, attempts, authorizations, bearer, http, issued, oauth2, scene};
use crate::support::{BY, Fixture, Node, folder, life, status};

pub const UNUSABLE: &str = "The connection cannot be used: Its hosts do not include the host of the URL";

fn script(request: &Request, earlier: usize) -> (Duration, Response) {
    match &*request.url {
        TOKEN_URL => (Duration::ZERO, issued(earlier + 1)),
        _ => (Duration::ZERO, status(500)),
    }
}

pub fn with_hosts(draft: ConnectionDraft, hosts: &[&str]) -> ConnectionDraft {
    ConnectionDraft {
        hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        ..draft
    }
}

async fn set_hosts(node: &Node, fixture: &Fixture, current: Connection, hosts: &[&str]) -> Connection {
    let edited = with_hosts(ConnectionDraft::of(&current), hosts);
    update(node, fixture, current, edited).await
}

async fn update(node: &Node, fixture: &Fixture, current: Connection, edited: ConnectionDraft) -> Connection {
    let saved = node
        .configuration
        .update_connection(&BY, fixture.account, current, edited);
    saved.await.unwrap()
}

#[test]
fn once_the_hosts_exclude_the_url_no_credentials_leave_and_nothing_is_sent() {
    for draft in [bearer("the-token"), oauth2()] {
        let folder = folder();
        life(async {
            let draft = with_hosts(draft, &["receiver.example", "other.example"]);
            let (node, fixture, connection) = scene(folder.path(), draft, script).await;
            set_hosts(&node, &fixture, connection, &["other.example"]).await;
            node.accept(fixture.account).await;
            let attempts = attempts(&node, &fixture).await;
            assert_eq!(attempts.len(), 3, "each spends an attempt");
            for attempt in &attempts {
                assert_eq!(
                    (attempt.outcome, attempt.error.as_deref()),
                    (Outcome::ProtocolError, Some(UNUSABLE))
                );
                let http = http(attempt);
                assert_eq!((&*http.request.url, &http.response), (URL, &None));
                assert!(http.request.headers.is_empty());
            }
            assert!(node.seen().is_empty(), "the token endpoint is not asked either");
        });
    }
}

#[test]
fn a_retry_is_judged_by_the_hosts_of_its_moment() {
    let folder = folder();
    life(async {
        let draft = with_hosts(bearer("the-token"), &["receiver.example", "other.example"]);
        let (node, fixture, connection) = scene(folder.path(), draft, script).await;
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let connection = set_hosts(&node, &fixture, connection, &["other.example"]).await;
        tokio::time::sleep(Duration::from_secs(50)).await;
        let widened = with_hosts(bearer("the-token"), &["receiver.example"]);
        update(&node, &fixture, connection, widened).await;
        let attempts = attempts(&node, &fixture).await;
        let errors = attempts.iter().map(|attempt| attempt.error.as_deref());
        assert_eq!(errors.collect::<Vec<_>>(), [None, Some(UNUSABLE), None]);
        assert_eq!(authorizations(&node, URL), ["Bearer the-token"; 2]);
    });
}
