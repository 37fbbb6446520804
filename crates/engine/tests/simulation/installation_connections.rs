//! Connections of the installation: actions of all accounts authenticate with them, as they are when the
//! request leaves.

use std::time::Duration;

use postrider_configuration::ConnectionDraft;
use postrider_egress::{Request, Response};
use postrider_engine::EngineSettings;
use postrider_model::{Connection, SYSTEM_ACCOUNT};

use crate::connection_hosts::{UNUSABLE, with_hosts};
use crate::connections::{TOKEN_URL, URL, attempts, authorizations, bearer, issued, oauth2};
use crate::support::{BY, Fixture, Node, folder, inline, life, status, webhook};

/// Two accounts whose actions use a connection of the installation.
async fn two_accounts(node: &Node, draft: ConnectionDraft) -> ([Fixture; 2], Connection) {
    node.configuration.create_system_account().await.unwrap();
    let draft = with_hosts(draft, &["receiver.example", "other.example"]);
    let created = node.configuration.create_connection(&BY, SYSTEM_ACCOUNT, draft);
    let connection = created.await.unwrap();
    let accounts = [node.account(&[URL]).await, node.account(&[URL]).await];
    for fixture in &accounts {
        node.edit(fixture, |automation| {
            webhook(&mut automation.actions[0]).connection_id = Some(connection.id.to_string());
        })
        .await;
    }
    (accounts, connection)
}

async fn update(node: &Node, current: Connection, draft: ConnectionDraft) -> Connection {
    let updated = node
        .configuration
        .update_connection(&BY, SYSTEM_ACCOUNT, current, draft);
    updated.await.unwrap()
}

async fn start(folder: &std::path::Path, script: fn(&Request, usize) -> (Duration, Response)) -> Node {
    Node::start(folder, 0, EngineSettings::default(), script).await
}

#[test]
fn actions_of_all_accounts_use_it_as_it_is_then() {
    let folder = folder();
    life(async {
        let script =
            |_: &Request, earlier: usize| (Duration::ZERO, status(if earlier < 2 { 500 } else { 200 }));
        let node = start(folder.path(), script).await;
        let (accounts, connection) = two_accounts(&node, bearer("the-first-token")).await;
        for fixture in &accounts {
            node.accept(fixture.account).await;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        let edited = with_hosts(bearer("the-second-token"), &["receiver.example"]);
        update(&node, connection, edited).await;
        for fixture in &accounts {
            let attempts = attempts(&node, fixture).await;
            assert_eq!(attempts.len(), 2);
            assert!(!format!("{attempts:?}").contains("-token"), "{attempts:?}");
        }
        let sent = authorizations(&node, URL);
        assert_eq!(sent[..2], ["Bearer the-first-token"; 2]);
        assert_eq!(sent[2..], ["Bearer the-second-token"; 2]);
    });
}

#[test]
fn accounts_share_its_access_token() {
    let folder = folder();
    life(async {
        let script = |request: &Request, earlier: usize| match &*request.url {
            TOKEN_URL => (Duration::from_secs(1), issued(earlier + 1)),
            _ => (Duration::ZERO, status(200)),
        };
        let node = start(folder.path(), script).await;
        let (accounts, _) = two_accounts(&node, oauth2()).await;
        for fixture in &accounts {
            node.accept(fixture.account).await;
        }
        for fixture in &accounts {
            node.wait_until_settled(fixture.account).await;
        }
        assert_eq!(authorizations(&node, URL), ["Bearer access-token-1"; 2]);
        assert_eq!(node.times(TOKEN_URL).len(), 1);
    });
}

#[test]
fn once_its_hosts_exclude_the_url_no_account_sends_anything() {
    let folder = folder();
    life(async {
        let node = start(folder.path(), |_, _| (Duration::ZERO, status(200))).await;
        let (accounts, connection) = two_accounts(&node, bearer("the-token")).await;
        let edited = with_hosts(ConnectionDraft::of(&connection), &["other.example"]);
        update(&node, connection, edited).await;
        for fixture in &accounts {
            node.accept(fixture.account).await;
            let attempts = attempts(&node, fixture).await;
            assert!(attempts.iter().all(|it| it.error.as_deref() == Some(UNUSABLE)));
        }
        assert!(node.seen().is_empty());
    });
}

#[test]
fn a_request_that_waits_while_its_hosts_are_edited_does_not_leave() {
    let folder = folder();
    life(async {
        let script = |_: &Request, _: usize| (Duration::from_secs(5), status(200));
        let settings = EngineSettings::default();
        let node = Node::start_bounded(inline(folder.path()), 0, settings, 1, script).await;
        let (accounts, connection) = two_accounts(&node, bearer("the-token")).await;
        for fixture in &accounts {
            node.accept(fixture.account).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(
            authorizations(&node, URL).len(),
            1,
            "the other waits for the host"
        );
        let edited = with_hosts(ConnectionDraft::of(&connection), &["other.example"]);
        update(&node, connection, edited).await;
        let errors = [
            attempts(&node, &accounts[0]).await[0].error.clone(),
            attempts(&node, &accounts[1]).await[0].error.clone(),
        ];
        assert_eq!(errors.iter().flatten().collect::<Vec<_>>(), [UNUSABLE]);
        assert_eq!(authorizations(&node, URL).len(), 1);
    });
}
