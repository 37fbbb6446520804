//! Promises of [`postrider_storage::AccountStore`] about accounts; those about signing keys are in
//! [`super::keys`].

use std::sync::Arc;

use postrider_model::{Account, Schedule};

use super::build::*;
use super::scene::*;
use postrider_storage::{
    AccountConfig, AccountRef, DeleteObject, PageRequest, SaveAccount, SaveAutomation, Store,
};

async fn by_id(store: &dyn Store, account: &Account) -> Option<Account> {
    store.account(&AccountRef::Id(account.id)).await.expect("account")
}

async fn by_uid(store: &dyn Store, uid: &str) -> Option<Account> {
    let account = store.account(&AccountRef::Uid(uid.to_owned())).await;
    account.expect("account")
}

fn with_uid(account: Account, uid: &str) -> Account {
    Account {
        uid: Some(uid.to_owned()),
        ..account
    }
}

pub async fn an_account_reads_back_by_id_and_by_uid_as_it_was_saved(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    let schedules = [
        None,
        Some(vec![]),
        Some(vec![10, 100]),
        Some((0..20).map(|n| n * 30_000).collect()),
    ];
    for (s, delays) in (0..).zip(schedules) {
        let uid = format!("tenant:{s}@example.com");
        let account = Account {
            name: format!("Größe „{s}“ \u{1f4ee} 100 % 'quoted' \\ \"twice\""),
            metadata: format!("{{ \"b\" :1.0, \"a\":\"\\u0041\",\"a\":{s}, \"é\": [ ] }}"),
            retry_delays: delays.map(|delays| Schedule::from_delays_s(delays).expect("in bounds")),
            updated_at: at(s + 7),
            ..with_uid(new_account(&ids, s), &uid)
        };
        let saved = create_account(&*store, account.clone(), new_key(&ids, s)).await;
        let version = saved.version;
        assert_eq!(saved, Account { version, ..account }, "saved as it was given");
        assert_eq!(by_id(&*store, &saved).await.as_ref(), Some(&saved));
        assert_eq!(by_uid(&*store, &uid).await.as_ref(), Some(&saved));
    }
}

pub async fn an_account_that_was_never_made_is_not_found(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let never = new_account(&scene.ids, 1);
    assert_eq!(by_id(&*scene.store, &never).await, None);
    assert_eq!(by_uid(&*scene.store, "nobody").await, None);
    let config = scene.store.account_config(never.id).await;
    assert_eq!(config, Ok(None));
    let updated = scene.store.update_account(never.clone(), audit()).await;
    assert_eq!(updated, Ok(SaveAccount::Missing));
    assert_eq!(
        scene.store.delete_account(never.id, None, audit()).await,
        Ok(DeleteObject::Missing)
    );
}

pub async fn a_uid_belongs_to_one_account_and_a_refused_account_leaves_nothing(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    let first = with_uid(new_account(&ids, 0), "42");
    let first = create_account(&*store, first, new_key(&ids, 0)).await;
    let second = with_uid(new_account(&ids, 1), "42");
    let answer = store
        .create_account(second.clone(), new_key(&ids, 1), audit())
        .await;
    assert_eq!(answer, Ok(SaveAccount::UidTaken));
    assert_eq!(by_id(&*store, &second).await, None);
    assert_eq!(store.signing_keys(second.id).await, Ok(None));
    assert_eq!(by_uid(&*store, "42").await, Some(first));
}

pub async fn uids_differ_by_case_and_accounts_without_one_never_collide(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    for (s, uid) in (0..).zip(["tenant", "Tenant", "TENANT"]) {
        let account = with_uid(new_account(&ids, s), uid);
        let saved = create_account(&*store, account, new_key(&ids, s)).await;
        assert_eq!(by_uid(&*store, uid).await, Some(saved));
    }
    for s in 3..6 {
        create_account(&*store, new_account(&ids, s), new_key(&ids, s)).await;
    }
    assert_eq!(by_uid(&*store, "").await, None);
}

pub async fn a_deleted_accounts_uid_is_free_again(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    for s in 0..3 {
        let account = with_uid(new_account(&ids, s), "reused");
        let account = create_account(&*store, account, new_key(&ids, s)).await;
        assert_eq!(by_uid(&*store, "reused").await, Some(account.clone()));
        assert_eq!(
            store.delete_account(account.id, None, audit()).await,
            Ok(DeleteObject::Deleted)
        );
        assert_eq!(by_uid(&*store, "reused").await, None);
    }
}

pub async fn an_update_replaces_what_it_may_and_raises_the_version_by_one(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let account = with_uid(new_account(&scene.ids, 1), "before");
    let before = create_account(&*scene.store, account, new_key(&scene.ids, 1)).await;
    let change = Account {
        uid: Some("after".to_owned()),
        name: "New name".to_owned(),
        metadata: r#"{"new": true}"#.to_owned(),
        retry_delays: Some(Schedule::default()),
        created_at: at(500),
        updated_at: at(600),
        ..before.clone()
    };
    let expected = Account {
        created_at: before.created_at,
        version: before.version + 1,
        ..change.clone()
    };
    let answer = scene.store.update_account(change, audit()).await;
    assert_eq!(answer, Ok(SaveAccount::Saved(expected.clone())));
    assert_eq!(by_id(&*scene.store, &before).await.as_ref(), Some(&expected));
    assert_eq!(by_uid(&*scene.store, "after").await, Some(expected));
    assert_eq!(by_uid(&*scene.store, "before").await, None, "the old uid is free");
    let other = by_id(
        &*scene.store,
        &new_account(&postrider_model::IdGenerator::new(SEED), 0),
    )
    .await;
    assert_eq!(other.map(|other| other.name), Some("Account 0".to_owned()));
}

pub async fn an_update_from_an_older_version_writes_nothing(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    let first = create_account(&*store, new_account(&ids, 0), new_key(&ids, 0)).await;
    let rename = |from: &Account, name: &str| Account {
        name: name.to_owned(),
        ..from.clone()
    };
    let answer = store.update_account(rename(&first, "second"), audit()).await;
    let Ok(SaveAccount::Saved(second)) = answer else {
        panic!("the first update was not saved: {answer:?}");
    };
    let late = with_uid(rename(&first, "late"), "late");
    assert_eq!(store.update_account(late, audit()).await, Ok(SaveAccount::Stale));
    assert_eq!(by_id(&*store, &first).await, Some(second.clone()));
    assert_eq!(by_uid(&*store, "late").await, None);
    let early = Account {
        version: second.version + 1,
        ..second.clone()
    };
    assert_eq!(store.update_account(early, audit()).await, Ok(SaveAccount::Stale));
    assert_eq!(by_id(&*store, &first).await, Some(second));
}

pub async fn an_update_cannot_take_anothers_uid_but_may_keep_or_drop_its_own(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    let a = with_uid(new_account(&ids, 0), "a");
    let a = create_account(&*store, a, new_key(&ids, 0)).await;
    let b = with_uid(new_account(&ids, 1), "b");
    let b = create_account(&*store, b, new_key(&ids, 1)).await;
    let taken = store.update_account(with_uid(b.clone(), "a"), audit()).await;
    assert_eq!(taken, Ok(SaveAccount::UidTaken));
    assert_eq!(by_uid(&*store, "b").await, Some(b.clone()), "nothing was written");
    let kept = store.update_account(a.clone(), audit()).await;
    let Ok(SaveAccount::Saved(a)) = kept else {
        panic!("an update that keeps its own uid: {kept:?}");
    };
    let dropped = store.update_account(Account { uid: None, ..a }, audit()).await;
    assert!(matches!(dropped, Ok(SaveAccount::Saved(_))), "{dropped:?}");
    let moved = store.update_account(with_uid(b.clone(), "a"), audit()).await;
    assert!(matches!(moved, Ok(SaveAccount::Saved(_))), "{moved:?}");
    assert_eq!(by_uid(&*store, "a").await.map(|account| account.id), Some(b.id));
    assert_eq!(by_uid(&*store, "b").await, None);
}

pub async fn deleting_an_account_removes_its_configuration_at_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let store = &scene.store;
    let automation = store.automation(scene.account, scene.automation).await;
    let automation = automation.expect("automation").expect("the scene's automation");
    assert_eq!(
        store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );

    let reference = AccountRef::Id(scene.account);
    assert_eq!(store.account(&reference).await, Ok(None));
    assert_eq!(store.account_config(scene.account).await, Ok(None));
    assert_eq!(store.signing_keys(scene.account).await, Ok(None));
    let rotated =
        store.rotate_signing_key(scene.account, new_key(&scene.ids, 9), at(99), Vec::new(), audit());
    assert_eq!(rotated.await, Ok(false));
    assert_eq!(store.automation(scene.account, scene.automation).await, Ok(None));
    let first_page = PageRequest {
        limit: 10,
        after: None,
    };
    let automations = store.automations(scene.account, first_page).await;
    assert_eq!(automations.expect("automations").items, []);
    let updated = store
        .update_automation(scene.account, automation.clone(), Vec::new(), audit())
        .await;
    assert_eq!(updated, Ok(SaveAutomation::Missing));
    let created = store.create_automation(scene.account, automation, audit()).await;
    assert_eq!(created, Ok(SaveAutomation::Missing));
    assert_eq!(
        store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Missing)
    );

    let config = store.account_config(other).await.expect("account_config");
    let config = config.expect("the other account is still there");
    assert_eq!((config.keys.len(), config.automations.len()), (1, 1));
}

pub async fn a_configuration_is_what_the_single_reads_say(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    scene.another_account(1).await;
    let store = &scene.store;
    for s in 1..4 {
        let automation = new_automation(&scene.ids, s, 2);
        create_automation(&**store, scene.account, automation).await;
    }
    let rotated = store.rotate_signing_key(
        scene.account,
        new_key(&scene.ids, 5),
        at(1000),
        Vec::new(),
        audit(),
    );
    assert_eq!(rotated.await, Ok(true));

    let account = store
        .account(&AccountRef::Id(scene.account))
        .await
        .expect("account");
    let keys = store.signing_keys(scene.account).await.expect("signing_keys");
    let page = PageRequest {
        limit: 250,
        after: None,
    };
    let automations = store.automations(scene.account, page).await.expect("automations");
    let mut expected = AccountConfig {
        account: account.expect("the account"),
        keys: keys.expect("its keys"),
        automations: automations.items,
        canceled_before: None,
        health: Vec::new(),
        connections: Vec::new(),
    };
    assert_eq!((expected.keys.len(), expected.automations.len()), (2, 4));
    let config = store.account_config(scene.account).await.expect("account_config");
    let mut config = config.expect("the account");
    config.automations.sort_by_key(|automation| automation.id);
    expected.automations.sort_by_key(|automation| automation.id);
    assert_eq!(config, expected);
}
