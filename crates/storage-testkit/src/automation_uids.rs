//! Promises of [`postrider_storage::AutomationStore`] about uids.

use std::sync::Arc;

use postrider_model::automation::AUTOMATIONS_MAX;
use postrider_model::{AccountId, Automation};

use super::automations::{read, stored, update};
use super::build::*;
use super::concurrency::race;
use super::scene::*;
use postrider_storage::{DeleteObject, SaveAutomation, Store};

/// An automation with this uid, created `s` seconds after the base.
fn automation_with(scene: &Scene, s: i64, uid: Option<&str>) -> Automation {
    Automation {
        uid: uid.map(str::to_owned),
        ..new_automation(&scene.ids, s, 1)
    }
}

async fn of_uid(scene: &Scene, account: AccountId, uid: &str) -> Option<Automation> {
    let automation = scene.store.automation_of_uid(account, uid).await;
    automation.expect("automation_of_uid")
}

async fn create(scene: &Scene, automation: &Automation) -> SaveAutomation {
    let saved = scene
        .store
        .create_automation(scene.account, automation.clone(), audit())
        .await;
    saved.expect("create_automation")
}

pub async fn a_uid_finds_the_automation_of_its_account_alone(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let own = automation_with(&scene, 2, Some("crm"));
    let own = create_automation(&*scene.store, scene.account, own).await;
    assert_eq!(of_uid(&scene, scene.account, "crm").await, Some(own));
    assert_eq!(of_uid(&scene, other, "crm").await, None);
    let theirs = automation_with(&scene, 3, Some("crm"));
    let theirs = create_automation(&*scene.store, other, theirs).await;
    assert_eq!(of_uid(&scene, other, "crm").await, Some(theirs));
    for unknown in ["CRM", "cr", "crm ", "", "\0"] {
        assert_eq!(of_uid(&scene, scene.account, unknown).await, None, "{unknown:?}");
    }
}

pub async fn a_uid_belongs_to_one_automation_of_its_account(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let first = automation_with(&scene, 1, Some("crm"));
    let first = create_automation(&*scene.store, scene.account, first).await;
    let second = automation_with(&scene, 2, Some("crm"));
    assert_eq!(create(&scene, &second).await, SaveAutomation::UidTaken);
    assert_eq!(read(&scene, second.id).await, None);

    let second = automation_with(&scene, 2, Some("erp"));
    let second = create_automation(&*scene.store, scene.account, second).await;
    let with_uid = |uid: Option<&str>, automation: &Automation| Automation {
        uid: uid.map(str::to_owned),
        ..automation.clone()
    };
    assert_eq!(
        update(&scene, &with_uid(Some("crm"), &second)).await,
        SaveAutomation::UidTaken
    );
    assert_eq!(read(&scene, second.id).await, Some(second.clone()));
    let SaveAutomation::Saved(kept) = update(&scene, &second).await else {
        panic!("an automation keeps its own uid");
    };
    assert_eq!(
        update(&scene, &with_uid(Some("crm"), &second)).await,
        SaveAutomation::Stale,
        "an older version comes first"
    );

    let SaveAutomation::Saved(_) = update(&scene, &with_uid(None, &first)).await else {
        panic!("a uid can be dropped");
    };
    assert_eq!(of_uid(&scene, scene.account, "crm").await, None);
    let SaveAutomation::Saved(renamed) = update(&scene, &with_uid(Some("crm"), &kept)).await else {
        panic!("a uid that was dropped is free");
    };
    assert_eq!(of_uid(&scene, scene.account, "crm").await, Some(renamed));
    assert_eq!(of_uid(&scene, scene.account, "erp").await, None);
}

pub async fn a_deleted_automations_uid_is_free_again(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let first = automation_with(&scene, 1, Some("crm"));
    let first = create_automation(&*scene.store, scene.account, first).await;
    let deleted = scene
        .store
        .delete_automation(scene.account, first.id, None, audit())
        .await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    assert_eq!(of_uid(&scene, scene.account, "crm").await, None);
    let second = automation_with(&scene, 2, Some("crm"));
    let second = create_automation(&*scene.store, scene.account, second).await;
    assert_eq!(of_uid(&scene, scene.account, "crm").await, Some(second));
}

/// So that whoever repeats a configuration learns that it is there already.
pub async fn a_taken_uid_is_told_even_where_the_account_is_full(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for n in 1..AUTOMATIONS_MAX {
        let s = i64::try_from(n).expect("few");
        let automation = automation_with(&scene, s, (n == 1).then_some("crm"));
        create_automation(&*scene.store, scene.account, automation).await;
    }
    let full = create(&scene, &automation_with(&scene, 1000, Some("erp"))).await;
    assert_eq!(full, SaveAutomation::TooMany);
    let taken = create(&scene, &automation_with(&scene, 1001, Some("crm"))).await;
    assert_eq!(taken, SaveAutomation::UidTaken);
}

pub async fn one_of_many_concurrent_automations_takes_a_uid(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let results = race(|n| {
        let scene = Arc::clone(&scene);
        async move { create(&scene, &automation_with(&scene, n, Some("wanted"))).await }
    })
    .await;
    only_one_was_saved(&results);
}

/// Automations that are off: a store may save them without a lock on the account.
pub async fn one_of_many_automations_renamed_at_once_takes_a_uid(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let results = race(|n| {
        let scene = Arc::clone(&scene);
        async move {
            let automation = Automation {
                enabled: false,
                ..automation_with(&scene, n, None)
            };
            let automation = create_automation(&*scene.store, scene.account, automation).await;
            let renamed = Automation {
                uid: Some("wanted".to_owned()),
                ..automation
            };
            update(&scene, &renamed).await
        }
    })
    .await;
    only_one_was_saved(&results);
    assert_eq!(stored(&scene).await.uid, None);
}

fn only_one_was_saved(results: &[SaveAutomation]) {
    let taken = results
        .iter()
        .filter(|result| **result == SaveAutomation::UidTaken)
        .count();
    assert_eq!(taken, results.len() - 1, "{results:?}");
}
