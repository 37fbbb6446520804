//! Configuration as callers wish it: all faults at once, edits that come in between, switches that undo none of them.

use crate::support::{Node, folder, life, status};
use postrider_configuration::{AccountWish, ActionWish, AutomationWish, ConfigureError, Fault};
use postrider_engine::EngineSettings;
use std::time::Duration;

const URL: &str = "https://receiver.example/hook";

/// How many edits race with as many switches: enough that they meet, few enough for a second.
const RACES: usize = 200;

async fn node(folder: &std::path::Path) -> Node {
    Node::start(folder, 0, EngineSettings::default(), |_, _| {
        (Duration::ZERO, status(200))
    })
    .await
}

fn account(name: &str, uid: &str) -> AccountWish {
    AccountWish {
        uid: Some(uid.to_owned()),
        name: name.to_owned(),
        metadata: None,
        retry_delays_s: None,
    }
}

#[test]
fn an_account_is_made_with_a_key_and_changed_from_the_version_that_was_read() {
    let folder = folder();
    life(async {
        let node = node(folder.path()).await;
        let made = node
            .configuration
            .create_account(account("Acme", "a"))
            .await
            .unwrap();
        let keys = node.configuration.signing_keys(made.id).await.unwrap();
        assert_eq!(keys.unwrap().len(), 1);
        let taken = node.configuration.create_account(account("Other", "a")).await;
        assert_eq!(taken, Err(ConfigureError::UidTaken));

        let edited = node
            .configuration
            .update_account(made.clone(), account("Acme Inc.", "a"));
        assert_eq!(edited.await.unwrap().name, "Acme Inc.");
        let late = node
            .configuration
            .update_account(made.clone(), account("Acme Ltd.", "a"));
        assert_eq!(late.await, Err(ConfigureError::Stale));
        assert!(node.configuration.delete_account(made.id).await.unwrap());
        let gone = node.configuration.update_account(made, account("Acme Ltd.", "a"));
        assert_eq!(gone.await, Err(ConfigureError::Missing));
    });
}

#[test]
fn everything_wrong_with_an_automation_is_named_at_once_and_nothing_is_written() {
    let folder = folder();
    life(async {
        let node = node(folder.path()).await;
        let fixture = node.account(&[URL]).await;
        let action = ActionWish {
            id: None,
            enabled: true,
            disabled_reason: None,
            url: "http://127.0.0.1/".to_owned(),
            content: Default::default(),
            style: Default::default(),
            headers: vec![("Host".to_owned(), "x".to_owned())],
            timeout_s: Some(61),
        };
        let wish = AutomationWish {
            name: " ".to_owned(),
            enabled: true,
            event_types: vec!["a b".to_owned(), "a".to_owned(), "a".to_owned()],
            actions: vec![action],
            retry_delays_s: Some(vec![10, -1]),
        };
        let refused = node.configuration.create_automation(fixture.account, wish).await;
        let Err(ConfigureError::Faults(faults)) = refused else {
            panic!("{refused:?}");
        };
        let place = |fault: &Fault| (fault.pointer.clone(), fault.code);
        let at = |pointer: &str, code| (pointer.to_owned(), code);
        assert_eq!(
            faults.iter().map(place).collect::<Vec<_>>(),
            [
                at("/name", "blank"),
                at("/trigger/event_types/0", "invalid_value"),
                at("/trigger/event_types/2", "duplicate"),
                at("/retry_delays_s/1", "out_of_range"),
                at("/actions/0/headers/Host", "reserved_header"),
                at("/actions/0/timeout_s", "out_of_range"),
                at("/actions/0/url", "destination_forbidden"),
            ]
        );
        let entry = node.configuration.entry(fixture.account).await.unwrap();
        assert_eq!(entry.unwrap().config.automations.len(), 1);
    });
}

/// Real threads, so that edits and switches do come between each other's reading and writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_never_undoes_somebodys_edit() {
    let folder = folder();
    let node = node(folder.path()).await;
    let fixture = node.account(&[URL]).await;
    let (account, id) = (fixture.account, fixture.automation);

    let configuration = std::sync::Arc::clone(&node.configuration);
    let switches = tokio::spawn(async move {
        for round in 0..RACES {
            // Stale says that the edits won each time, and that nothing was written.
            let switched = configuration
                .set_automation_enabled(account, id, round % 2 == 0)
                .await;
            assert!(matches!(switched, Ok(_) | Err(ConfigureError::Stale)));
        }
    });
    for round in 0..RACES {
        let name = format!("edit {round}");
        loop {
            let current = node.configuration.automation(account, id).await.unwrap();
            let current = current.unwrap();
            if round > 0 {
                assert_eq!(current.name, format!("edit {}", round - 1));
            }
            let wish = AutomationWish {
                name: name.clone(),
                ..AutomationWish::of(&current)
            };
            match node.configuration.update_automation(account, current, wish).await {
                Ok(_) => break,
                Err(error) => assert_eq!(error, ConfigureError::Stale),
            }
        }
    }
    switches.await.unwrap();
    let settled = node
        .configuration
        .set_automation_enabled(account, id, false)
        .await;
    let settled = settled.unwrap();
    assert_eq!(
        (settled.enabled, settled.name),
        (false, format!("edit {}", RACES - 1))
    );
}

#[test]
fn a_switch_of_what_is_gone_says_so_and_one_that_is_set_writes_nothing() {
    let folder = folder();
    life(async {
        let node = node(folder.path()).await;
        let fixture = node.account(&[URL]).await;
        let (account, id) = (fixture.account, fixture.automation);
        let switch = |enabled| node.configuration.set_automation_enabled(account, id, enabled);
        let off = switch(false).await.unwrap();
        assert_eq!(switch(false).await.unwrap(), off);
        assert!(switch(true).await.unwrap().version > off.version);
        node.configuration.delete_automation(account, id).await.unwrap();
        assert_eq!(switch(false).await, Err(ConfigureError::Missing));
    });
}
