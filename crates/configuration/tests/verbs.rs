//! The verbs over a store: all faults at once, edits that come in between, and changes by other nodes.

use postrider_model::By;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use postrider_configuration::catalogue::Known;
use postrider_configuration::{
    AccountDraft, ActionDraft, AutomationDraft, Configuration, ConfigurationParts, ConfigureError, DoesDraft,
    EventTypeDraft, Fault, SendWebhookDraft,
};
use postrider_egress::EgressGuard;
use postrider_model::{AccountId, AutomationId, Clock, Entropy, IdGenerator, Timestamp};
use postrider_signing::HeaderNames;
use postrider_signing::profile::{BuiltIn, SignatureProfiles};
use postrider_storage::{AccountRef, AuditFilter, Changed, DeleteObject, PageRequest, PutIf, Store};
use postrider_storage_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

/// Who asks for changes.
static BY: By = By::NODE;

const URL: &str = "https://receiver.example/hook";

/// Edits that race with as many switches: enough that they meet, few enough to take a second.
const RACES: usize = 200;

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(1_767_225_600_000).after(self.0.elapsed())
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

fn store() -> (Arc<dyn Store>, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (
        Arc::new(
            SqliteStore::open_inline(folder.path(), SqliteOptions::default())
                .expect("a store opens in an empty folder"),
        ),
        folder,
    )
}

/// The configuration as one node sees it.
async fn node(store: &Arc<dyn Store>) -> Arc<Configuration> {
    let next = AtomicU8::new(0);
    let entropy = Entropy::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed)));
    let configuration = Configuration::load(ConfigurationParts {
        store: Arc::clone(store),
        clock: Arc::new(TestClock(Instant::now())),
        ids: Arc::new(IdGenerator::new(entropy.number())),
        entropy,
        guard: Arc::new(EgressGuard::new(Vec::new())),
        header_names: HeaderNames::new("Postrider"),
        sends_email: true,
        signature_profiles: SignatureProfiles::built_in(BuiltIn::Postrider, &HeaderNames::new("Postrider")),
    });
    Arc::new(configuration.await.expect("an empty store loads"))
}

fn account(name: &str, uid: &str) -> AccountDraft {
    AccountDraft {
        uid: Some(uid.to_owned()),
        name: name.to_owned(),
        metadata: None,
        retry_delays_s: None,
    }
}

fn action(url: &str) -> ActionDraft {
    action_of(SendWebhookDraft::to(url))
}

fn action_of(webhook: SendWebhookDraft) -> ActionDraft {
    ActionDraft::new(DoesDraft::SendWebhook(webhook))
}

fn automation() -> AutomationDraft {
    AutomationDraft {
        uid: None,
        name: "On proposals".to_owned(),
        description: String::new(),
        metadata: None,
        enabled: true,
        event_types: vec!["proposal.*".to_owned()],
        conditions: None,
        actions: vec![action(URL)],
        retry_delays_s: None,
    }
}

/// Creates an account with one automation.
async fn account_with_automation(configuration: &Configuration) -> (AccountId, AutomationId) {
    let account = configuration.create_account(&BY, account("Acme", "acme")).await;
    let account = account.expect("the account's draft is valid").id;
    let automation = configuration.create_automation(&BY, account, automation()).await;
    (account, automation.expect("the automation's draft is valid").id)
}

#[tokio::test]
async fn an_account_is_created_with_a_key_and_updated_from_the_version_that_was_read() {
    let (store, _folder) = store();
    let configuration = node(&store).await;
    let created = configuration
        .create_account(&BY, account("Acme", "a"))
        .await
        .unwrap();
    let keys = configuration.signing_keys(created.id).await.unwrap();
    assert_eq!(keys.unwrap().len(), 1);
    let taken = configuration.create_account(&BY, account("Other", "a")).await;
    assert_eq!(taken, Err(ConfigureError::UidTaken));

    let update = |name| configuration.update_account(&BY, created.clone(), account(name, "a"));
    assert_eq!(update("Acme Inc.").await.unwrap().name, "Acme Inc.");
    assert_eq!(update("Acme Ltd.").await, Err(ConfigureError::Stale));
    let delete = async || configuration.delete_account(&BY, created.id, None).await.unwrap();
    assert_eq!(delete().await, DeleteObject::Deleted);
    assert_eq!(update("Acme Ltd.").await, Err(ConfigureError::Missing));
    assert_eq!(delete().await, DeleteObject::Missing);
}

#[tokio::test]
async fn a_draft_that_changes_nothing_writes_nothing() {
    let (store, _folder) = store();
    let configuration = node(&store).await;
    let (id, automation) = account_with_automation(&configuration).await;
    let entries = async || {
        let page = PageRequest {
            limit: 10,
            after: None,
        };
        let trail = store.audit(&AuditFilter::default(), page).await;
        trail.expect("the trail").items.len()
    };
    assert_eq!(entries().await, 2);
    let current = configuration.account(&AccountRef::Id(id)).await.unwrap().unwrap();
    let draft = AccountDraft::of(&current);
    let updated = configuration.update_account(&BY, current.clone(), draft).await;
    assert_eq!(updated, Ok(current.clone()));
    let found = configuration.automation(id, automation).await.unwrap().unwrap();
    let draft = AutomationDraft::of(&found);
    let updated = configuration
        .update_automation(&BY, id, found.clone(), draft)
        .await;
    assert_eq!(updated, Ok(found.clone()));
    assert_eq!(entries().await, 2);
    let draft = AccountDraft {
        retry_delays_s: Some(vec![1]),
        ..AccountDraft::of(&current)
    };
    let updated = configuration
        .update_account(&BY, current.clone(), draft)
        .await
        .unwrap();
    assert_eq!(updated.version, 2);
    assert_eq!(entries().await, 3);
    let draft = AccountDraft::of(&current);
    let late = configuration.update_account(&BY, current, draft).await;
    assert_eq!(late, Err(ConfigureError::Stale), "the account has changed since");
    let draft = AutomationDraft::of(&found);
    assert!(
        configuration
            .delete_automation(&BY, id, automation, None)
            .await
            .unwrap()
            .is_deleted()
    );
    let late = configuration.update_automation(&BY, id, found, draft).await;
    assert_eq!(late, Err(ConfigureError::Missing));
}

/// The customer replaces an action with readable values by another one that keeps them secret, under the same
/// name or elsewhere.
#[tokio::test]
async fn what_becomes_a_secret_is_not_in_the_entry_of_that_change() {
    let (store, _folder) = store();
    let configuration = node(&store).await;
    let id = account_with_automation(&configuration).await.0;
    let draft = |url: &str, name: &str, value: &str, is_secret: bool| AutomationDraft {
        actions: vec![action_of(SendWebhookDraft {
            secret_query: is_secret && url.contains('?'),
            headers: vec![(name.to_owned(), value.to_owned())],
            plain_headers: if is_secret {
                Vec::new()
            } else {
                vec![name.to_owned()]
            },
            ..SendWebhookDraft::to(url)
        })],
        ..automation()
    };
    let with_query = "https://receiver.example/hook?token=canary-1";
    for (before, after) in [
        (
            draft(with_query, "x-token", "canary-2", false),
            draft(with_query, "x-token", "canary-2", true),
        ),
        (
            draft(URL, "x-token", "canary-3", false),
            draft(URL, "authorization", "Bearer canary-3", true),
        ),
        (
            draft(with_query, "x-plain", "-", false),
            draft(URL, "x-token", "canary-1", true),
        ),
        (
            draft("https://receiver.example/canary-4", "x-plain", "-", false),
            draft("https://receiver.example/?token=canary-4", "x-plain", "-", true),
        ),
    ] {
        let made = configuration.create_automation(&BY, id, before).await.unwrap();
        let updated = configuration.update_automation(&BY, id, made, after).await;
        assert_eq!(updated.unwrap().version, 2);
        let page = PageRequest {
            limit: 1,
            after: None,
        };
        let trail = store.audit(&AuditFilter::default(), page).await.unwrap();
        let details = trail.items[0].details.as_deref().unwrap();
        assert!(!details.contains("canary"), "{details}");
        assert!(details.contains("headers"), "{details}");
    }
}

#[tokio::test]
async fn all_faults_of_an_automation_are_reported_and_nothing_is_written() {
    let (store, _folder) = store();
    let configuration = node(&store).await;
    let (account, _) = account_with_automation(&configuration).await;
    let draft = AutomationDraft {
        uid: None,
        name: " ".to_owned(),
        description: String::new(),
        metadata: None,
        event_types: vec!["a b".to_owned(), "a".to_owned(), "a".to_owned()],
        conditions: None,
        actions: vec![ActionDraft::new(DoesDraft::SendWebhook(SendWebhookDraft {
            headers: vec![("Host".to_owned(), "x".to_owned())],
            secret_query: false,
            timeout_s: Some(61),
            ..SendWebhookDraft::to("http://127.0.0.1/")
        }))],
        retry_delays_s: Some(vec![10, -1]),
        ..automation()
    };
    let refused = configuration.create_automation(&BY, account, draft).await;
    let Err(ConfigureError::Faults(faults)) = refused else {
        panic!("{refused:?}");
    };
    let pointer_and_code = |fault: &Fault| (fault.pointer.clone(), fault.code);
    let at = |pointer: &str, code| (pointer.to_owned(), code);
    assert_eq!(
        faults.iter().map(pointer_and_code).collect::<Vec<_>>(),
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
    let entry = configuration.entry(account).await.unwrap();
    assert_eq!(entry.unwrap().config.automations.len(), 1);
}

/// Real threads, so that edits and switches do fall between each other's read and write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enabling_never_undoes_a_concurrent_edit() {
    let (store, _folder) = store();
    let configuration = node(&store).await;
    let (account, id) = account_with_automation(&configuration).await;

    let switching = Arc::clone(&configuration);
    let switches = tokio::spawn(async move {
        for round in 0..RACES {
            // `Stale` means that the edits won each time, and that nothing was written.
            let switched = switching
                .set_automation_enabled(&BY, account, id, round % 2 == 0)
                .await;
            assert!(matches!(switched, Ok(_) | Err(ConfigureError::Stale)));
        }
    });
    for round in 0..RACES {
        loop {
            let current = configuration.automation(account, id).await.unwrap().unwrap();
            if round > 0 {
                assert_eq!(current.name, format!("edit {}", round - 1));
            }
            let draft = AutomationDraft {
                uid: None,
                name: format!("edit {round}"),
                description: String::new(),
                metadata: None,
                ..AutomationDraft::of(&current)
            };
            match configuration
                .update_automation(&BY, account, current, draft)
                .await
            {
                Ok(_) => break,
                Err(error) => assert_eq!(error, ConfigureError::Stale),
            }
        }
    }
    switches.await.unwrap();
    let last = configuration
        .set_automation_enabled(&BY, account, id, false)
        .await;
    let last = last.unwrap();
    assert_eq!((last.enabled, last.name), (false, format!("edit {}", RACES - 1)));
}

#[tokio::test]
async fn enabling_a_deleted_automation_fails_and_an_enabled_one_is_a_no_op() {
    let (store, _folder) = store();
    let configuration = node(&store).await;
    let (account, id) = account_with_automation(&configuration).await;
    let switch = |enabled| configuration.set_automation_enabled(&BY, account, id, enabled);
    let off = switch(false).await.unwrap();
    assert_eq!(switch(false).await.unwrap(), off);
    assert!(switch(true).await.unwrap().version > off.version);
    let deleted = configuration.delete_automation(&BY, account, id, None).await;
    assert!(deleted.unwrap().is_deleted());
    assert_eq!(switch(false).await, Err(ConfigureError::Missing));
}

#[tokio::test]
async fn a_node_sees_changes_of_other_nodes_as_soon_as_it_is_notified() {
    let (store, _folder) = store();
    let (here, there) = (node(&store).await, node(&store).await);
    let (account, id) = account_with_automation(&here).await;
    let is_enabled = async |node: &Configuration| {
        let entry = node.entry(account).await.unwrap().unwrap();
        entry.automation(id).unwrap().enabled
    };
    let event_type = EventTypeDraft {
        name: "proposal.accepted".to_owned(),
        description: String::new(),
        example: None,
        schema: Some(r#"{"type":"object"}"#.to_owned()),
        visible: true,
    };
    let name = event_type.name.parse().unwrap();
    let knows_schema = |node: &Configuration| matches!(node.catalogue().look_up(&name), Known::WithSchema(_));
    assert!(is_enabled(&there).await);

    here.set_automation_enabled(&BY, account, id, false)
        .await
        .unwrap();
    here.put_event_type(&BY, event_type, PutIf::Any).await.unwrap();
    assert!(!is_enabled(&here).await && knows_schema(&here));
    assert!(is_enabled(&there).await && !knows_schema(&there));

    let other = Changed::Account(AccountId::from_u128(1));
    there.changed_elsewhere(Some(&[other])).await.unwrap();
    assert!(is_enabled(&there).await && !knows_schema(&there));
    let changed = [Changed::Account(account), Changed::EventTypes];
    there.changed_elsewhere(Some(&changed)).await.unwrap();
    assert!(!is_enabled(&there).await && knows_schema(&there));

    here.set_automation_enabled(&BY, account, id, true).await.unwrap();
    here.delete_event_type(&BY, &name, None).await.unwrap();
    there.changed_elsewhere(None).await.unwrap();
    assert!(is_enabled(&there).await && !knows_schema(&there));
}
