//! Promises that only show when verbs run concurrently.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use postrider_model::automation::AUTOMATIONS_MAX;
use postrider_model::delivery::Progress;
use postrider_model::{Account, Automation, Outcome};
use tokio::task::JoinSet;

use super::automations::{disable, gone};
use super::build::*;
use super::lists::all_pages;
use super::scene::*;
use super::sessions::{real_now, scene_after_a_crash};
use postrider_storage::{
    AccountRef, Appended, DeliveryFilter, DeliveryKey, Recorded, SaveAccount, SaveAutomation, SessionId,
    Store,
};

/// The number of racing tasks.
const RACERS: i64 = 8;

/// Runs one task per racer concurrently and returns their results.
pub(crate) async fn race<T, F>(racer: impl Fn(i64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        racers.spawn(racer(n));
    }
    racers.join_all().await
}

/// Concurrently live sessions: two, or one if a later session ends an earlier one.
async fn live_sessions(store: &dyn Store) -> Vec<SessionId> {
    let mut live = Vec::new();
    for session in [open_session(store).await, open_session(store).await] {
        if store.renew_session(session, at(0)).await.expect("renew_session") {
            live.push(session);
        }
    }
    live
}

pub async fn concurrent_claims_never_share_a_delivery(store: Arc<dyn Store>) {
    let mut scene = Scene::new(store).await;
    let sessions = live_sessions(&*scene.store).await;
    scene.session = *sessions.last().expect("the latest session is alive");
    let events: Vec<_> = (0..400).map(|s| scene.waiting(s)).collect();
    scene.append(events.clone()).await;
    let action = scene.actions[0];
    let store = Arc::clone(&scene.store);
    let claimed = race(|n| {
        let store = Arc::clone(&store);
        let session = sessions[usize::try_from(n).expect("few") % sessions.len()];
        async move {
            let mut mine: Vec<DeliveryKey> = Vec::new();
            loop {
                let claim = claim(&*store, session, action, 7, at(1000)).await;
                if claim.deliveries.is_empty() {
                    return mine;
                }
                mine.extend(claim.deliveries.iter().map(|delivery| delivery.key));
            }
        }
    })
    .await;
    let all: Vec<_> = claimed.into_iter().flatten().map(|key| key.delivery).collect();
    let distinct: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!((all.len(), distinct.len()), (400, 400));
}

pub async fn one_of_many_concurrent_events_with_one_key_is_stored(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let answers = race(|s| {
        let scene = Arc::clone(&scene);
        async move {
            let mut event = scene.waiting(s);
            event.event.data = Bytes::from_static(b"{}");
            event.idempotency_key = Some("one".to_owned());
            (event.event.id, scene.append(vec![event]).await.remove(0))
        }
    })
    .await;
    let stored = answers.iter().filter(|(_, answer)| *answer == Appended::Stored);
    let stored: Vec<_> = stored.map(|(id, _)| *id).collect();
    assert_eq!(stored.len(), 1, "{answers:?}");
    for (_, answer) in &answers {
        match answer {
            Appended::Stored => {}
            Appended::Known(event) => assert_eq!(event.id, stored[0]),
            Appended::Conflict => panic!("it was the same event"),
        }
    }
    let filter = DeliveryFilter::default();
    let listed = all_pages(10, |page| scene.store.deliveries(scene.account, &filter, page)).await;
    assert_eq!(listed.len(), 1);
}

pub async fn one_of_many_concurrent_events_with_one_id_wins(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let id = scene.ids.event(at(0));
    let answers = race(|s| {
        let scene = Arc::clone(&scene);
        async move {
            let mut event = scene.event(s);
            event.event.id = id;
            event.id_is_callers = true;
            (event.event.clone(), scene.append(vec![event]).await.remove(0))
        }
    })
    .await;
    let stored: Vec<_> = answers
        .iter()
        .filter(|(_, answer)| *answer == Appended::Stored)
        .collect();
    let conflicts = answers
        .iter()
        .filter(|(_, answer)| *answer == Appended::Conflict)
        .count();
    assert_eq!((stored.len(), conflicts), (1, answers.len() - 1));
    let read = scene.store.event(scene.account, id).await;
    assert_eq!(read, Ok(Some(stored[0].0.clone())));
}

pub async fn one_of_many_concurrent_updates_from_one_version_is_saved(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let account = scene.store.account(&AccountRef::Id(scene.account)).await;
    let account = account.expect("account").expect("the scene's account");
    let automation = scene.store.automation(scene.account, scene.automation).await;
    let automation = automation.expect("automation").expect("the scene's automation");
    let answers = race(|n| {
        let (scene, mut account, mut automation) = (Arc::clone(&scene), account.clone(), automation.clone());
        async move {
            account.name = format!("renamed by {n}");
            automation.name.clone_from(&account.name);
            let updated = scene
                .store
                .update_account(account, audit())
                .await
                .expect("update_account");
            let of_automation = scene
                .store
                .update_automation(scene.account, automation, Vec::new(), audit())
                .await;
            (updated, of_automation.expect("update_automation"))
        }
    })
    .await;
    let accounts = answers
        .iter()
        .filter(|(account, _)| matches!(account, SaveAccount::Saved(_)));
    let automations = answers
        .iter()
        .filter(|(_, saved)| matches!(saved, SaveAutomation::Saved(_)));
    assert_eq!((accounts.count(), automations.count()), (1, 1), "{answers:?}");
    let stale = |(account, automation): &(SaveAccount, SaveAutomation)| {
        usize::from(*account == SaveAccount::Stale) + usize::from(*automation == SaveAutomation::Stale)
    };
    assert_eq!(answers.iter().map(stale).sum::<usize>(), 2 * answers.len() - 2);
}

pub async fn one_of_many_concurrent_accounts_takes_a_uid(store: Arc<dyn Store>) {
    let ids = Arc::new(postrider_model::IdGenerator::new(SEED));
    let answers = race(|n| {
        let (store, ids) = (Arc::clone(&store), Arc::clone(&ids));
        async move {
            let account = Account {
                uid: Some("wanted".to_owned()),
                ..new_account(&ids, n)
            };
            store
                .create_account(account, new_key(&ids, n), audit())
                .await
                .expect("create_account")
        }
    })
    .await;
    let taken = answers
        .iter()
        .filter(|answer| **answer == SaveAccount::UidTaken)
        .count();
    assert_eq!(taken, answers.len() - 1, "{answers:?}");
    assert_eq!(all_pages(50, |page| store.accounts(page)).await.len(), 1);
}

pub async fn one_of_many_concurrent_results_is_applied_and_each_attempt_recorded(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let key = scene.append_owned(0).await;
    let action = scene.actions[0];
    let recorded = race(|s| {
        let scene = Arc::clone(&scene);
        let news = attempted(key, action, &Progress::new(), s, Outcome::Succeeded);
        async move { scene.finish(news).await }
    })
    .await;
    let applied = recorded
        .iter()
        .filter(|recorded| **recorded == Recorded::Applied)
        .count();
    assert_eq!(applied, 1, "{recorded:?}");
    let attempts = scene.attempts(key).await;
    let numbers: Vec<_> = attempts.iter().map(|attempt| i64::from(attempt.number)).collect();
    assert_eq!(numbers, (1..=RACERS).collect::<Vec<_>>());
    let began: BTreeSet<_> = attempts.iter().map(|attempt| attempt.started_at).collect();
    assert_eq!(began.len(), attempts.len(), "each is on record once");
    assert_eq!(scene.delivery(key).await.progress.attempts, 1);
}

pub async fn one_of_many_concurrent_automations_takes_the_last_place(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    for n in 2..AUTOMATIONS_MAX {
        let s = i64::try_from(n).expect("few");
        create_automation(&*scene.store, scene.account, new_automation(&scene.ids, s, 1)).await;
    }
    let answers = race(|n| {
        let scene = Arc::clone(&scene);
        async move {
            let automation = new_automation(&scene.ids, 1000 + n, 1);
            scene
                .store
                .create_automation(scene.account, automation, audit())
                .await
                .expect("create_automation")
        }
    })
    .await;
    let refused = answers
        .iter()
        .filter(|answer| **answer == SaveAutomation::TooMany)
        .count();
    assert_eq!(refused, answers.len() - 1);
}

pub async fn one_of_many_concurrent_results_disables_an_action(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let automation = scene.store.automation(scene.account, scene.automation).await;
    let automation = automation.expect("automation").expect("the automation");
    race(|n| {
        let (scene, gone) = (Arc::clone(&scene), gone(&automation.actions[0]));
        async move { disable(&scene, &gone, n).await }
    })
    .await;
    let after = scene.store.automation(scene.account, scene.automation).await;
    let after = after.expect("automation").expect("the automation");
    assert_eq!(
        (after.version, after.actions[0].enabled),
        (automation.version + 1, false)
    );
}

pub async fn concurrent_rotations_leave_one_current_key_and_a_bounded_number_of_live_ones(
    store: Arc<dyn Store>,
) {
    let scene = Arc::new(Scene::new(store).await);
    race(|n| {
        let scene = Arc::clone(&scene);
        async move {
            let key = new_key(&scene.ids, 10 + n);
            let rotated = scene
                .store
                .rotate_signing_key(scene.account, key, at(1_000_000), Vec::new(), audit())
                .await;
            assert_eq!(rotated, Ok(true));
        }
    })
    .await;
    let keys = scene
        .store
        .signing_keys(scene.account)
        .await
        .expect("signing_keys");
    let keys = keys.expect("the account");
    assert_eq!(keys.iter().filter(|key| key.expires_at.is_none()).count(), 1);
    assert_eq!(keys[0].expires_at, None, "the current one is first");
    let live = keys
        .iter()
        .filter(|key| key.expires_at.is_none_or(|end| at(1000) < end));
    assert_eq!(
        live.count(),
        postrider_storage::rules::signing_keys::LIVE_KEYS_MAX
    );
}

pub async fn concurrent_reclaims_take_each_delivery_once(store: Arc<dyn Store>) {
    let (scene, _, crashed) = scene_after_a_crash(store, 100).await;
    let scene = Arc::new(scene);
    let taken = race(|_| {
        let scene = Arc::clone(&scene);
        async move {
            let mut taken = 0;
            loop {
                match scene.store.reclaim(real_now(), 9).await.expect("reclaim") {
                    0 => return taken,
                    some => taken += some,
                }
            }
        }
    })
    .await;
    assert_eq!(taken.into_iter().sum::<usize>(), crashed.len());
    let claim = scene.claim(scene.actions[0], ROOM, far_ahead()).await;
    assert_eq!(claim.deliveries.len(), crashed.len());
}

pub async fn a_configuration_is_one_snapshot_while_it_is_changed(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let writer = tokio::spawn(write_configurations(Arc::clone(&scene), 150));
    let mut reads = 0;
    while !writer.is_finished() || reads == 0 {
        let config = scene
            .store
            .account_config(scene.account)
            .await
            .expect("account_config");
        let config = config.expect("the account");
        let (account, automation) = (config.account.version, config.automations[0].version);
        // The account is always updated first.
        assert!(
            account == automation || account == automation + 1,
            "a snapshot of account {account} with automation {automation}"
        );
        reads += 1;
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer");
}

/// Increments the versions of the scene's account and automation alternately, beginning with the account.
async fn write_configurations(scene: Arc<Scene>, rounds: usize) {
    let reference = AccountRef::Id(scene.account);
    let account = scene.store.account(&reference).await.expect("account");
    let automation = scene.store.automation(scene.account, scene.automation).await;
    let mut account: Account = account.expect("the account");
    let mut automation: Automation = automation.expect("automation").expect("the automation");
    for _ in 0..rounds {
        account = match scene.store.update_account(account, audit()).await {
            Ok(SaveAccount::Saved(account)) => account,
            other => panic!("nobody else writes: {other:?}"),
        };
        automation = match scene
            .store
            .update_automation(scene.account, automation, Vec::new(), audit())
            .await
        {
            Ok(SaveAutomation::Saved(automation)) => automation,
            other => panic!("nobody else writes: {other:?}"),
        };
    }
}

pub async fn paging_while_others_append_shows_each_earlier_item_once(store: Arc<dyn Store>) {
    let scene = Arc::new(Scene::new(store).await);
    let mut earlier = Vec::new();
    for s in 0..50 {
        earlier.push(scene.append_waiting(s).await.delivery);
    }
    earlier.reverse();
    let mut writers = JoinSet::new();
    for writer in 0..3 {
        let scene = Arc::clone(&scene);
        writers.spawn(async move {
            for s in 0..60 {
                scene.append_waiting(100 + 3 * s + writer).await;
            }
        });
    }
    let filter = DeliveryFilter::default();
    for limit in [1, 3, 10] {
        let fetch = |page| scene.store.deliveries(scene.account, &filter, page);
        let seen: Vec<_> = all_pages(limit, fetch)
            .await
            .into_iter()
            .map(|delivery| delivery.id)
            .collect();
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "nothing is shown twice");
        assert!(seen.ends_with(&earlier), "and what was there is shown");
    }
    writers.join_all().await;
    let all = all_pages(250, |page| scene.store.deliveries(scene.account, &filter, page)).await;
    assert_eq!(all.len(), 50 + 180);
}
