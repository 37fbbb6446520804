//! Promises of [`postrider_storage::AccountStore`] about signing keys: each is live until it expires.

use std::sync::Arc;

use postrider_model::{AccountId, SigningKey, Timestamp};

use super::build::*;
use super::scene::*;
use postrider_storage::Store;

async fn keys(store: &dyn Store, account: AccountId) -> Vec<SigningKey> {
    let keys = store.signing_keys(account).await.expect("signing_keys");
    keys.expect("the account is there")
}

/// The key, expiring at this time.
fn until(key: &SigningKey, end: Timestamp) -> SigningKey {
    SigningKey {
        expires_at: Some(end),
        ..key.clone()
    }
}

async fn rotate(scene: &Scene, key: &SigningKey, overlap_until: Timestamp) {
    let rotated =
        scene
            .store
            .rotate_signing_key(scene.account, key.clone(), overlap_until, Vec::new(), audit());
    assert_eq!(rotated.await, Ok(true));
}

/// The scene and the first signing key of its account.
async fn scene_with_key(store: Arc<dyn Store>) -> (Scene, SigningKey) {
    let scene = Scene::new(store).await;
    let mut keys = keys(&*scene.store, scene.account).await;
    assert_eq!(keys.len(), 1, "an account is made with one key");
    (scene, keys.remove(0))
}

pub async fn secrets_read_back_exactly(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    let longest = format!("whsec_{}==", "/+".repeat(43));
    for (s, text) in (0..).zip([
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_++//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        &longest.replace("/+==", "/w=="),
    ]) {
        let mut key = new_key(&ids, s);
        key.secret = text.parse().expect("a secret");
        let account = create_account(&*store, new_account(&ids, s), key.clone()).await;
        let read = keys(&*store, account.id).await;
        assert_eq!(read, [key]);
        assert_eq!(read[0].secret.expose(), text);
    }
}

pub async fn a_rotated_key_stays_live_until_the_overlap_ends(store: Arc<dyn Store>) {
    let (scene, first) = scene_with_key(store).await;
    let second = new_key(&scene.ids, 10);
    rotate(&scene, &second, at(100)).await;
    let expected = [second.clone(), until(&first, at(100))];
    assert_eq!(keys(&*scene.store, scene.account).await, expected);
    let config = scene.store.account_config(scene.account).await;
    let config = config.expect("account_config").expect("the account");
    assert_eq!(config.keys, expected, "the current one is first");
}

pub async fn a_second_rotation_within_the_overlap_ends_no_key_early(store: Arc<dyn Store>) {
    let (scene, first) = scene_with_key(store).await;
    let (second, third) = (new_key(&scene.ids, 10), new_key(&scene.ids, 20));
    rotate(&scene, &second, at(100)).await;
    rotate(&scene, &third, at(200)).await;
    let read = keys(&*scene.store, scene.account).await;
    assert_eq!(read[0], third);
    assert!(read.contains(&until(&second, at(200))), "{read:?}");
    assert!(read.contains(&until(&first, at(100))), "{read:?}");
    let live = |now: Timestamp| {
        let signs = |key: &&SigningKey| key.expires_at.is_none_or(|end| now < end);
        read.iter().filter(signs).map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(live(at(99)), [third.id, second.id, first.id]);
    assert_eq!(live(at(100)), [third.id, second.id]);
    assert_eq!(live(at(199)), [third.id, second.id]);
    assert_eq!(live(at(200)), [third.id]);
}

pub async fn an_overlap_of_zero_ends_the_old_key_at_once(store: Arc<dyn Store>) {
    let (scene, first) = scene_with_key(store).await;
    let second = new_key(&scene.ids, 10);
    rotate(&scene, &second, second.created_at).await;
    let read = keys(&*scene.store, scene.account).await;
    assert_eq!(read[0], second);
    let ended = read.iter().find(|key| key.id == first.id);
    assert!(ended.is_none_or(|key| *key == until(&first, at(10))), "{ended:?}");
}

pub async fn a_key_that_has_ended_keeps_its_end(store: Arc<dyn Store>) {
    let (scene, first) = scene_with_key(store).await;
    let (second, third) = (new_key(&scene.ids, 10), new_key(&scene.ids, 50));
    rotate(&scene, &second, at(30)).await;
    rotate(&scene, &third, at(70)).await;
    let read = keys(&*scene.store, scene.account).await;
    assert_eq!(read[..2], [third, until(&second, at(70))]);
    let ended = read.iter().find(|key| key.id == first.id);
    assert!(ended.is_none_or(|key| *key == until(&first, at(30))), "{ended:?}");
}

pub async fn rotation_touches_no_other_account_and_needs_one(store: Arc<dyn Store>) {
    let (scene, _) = scene_with_key(store).await;
    let (other, _) = scene.another_account(1).await;
    let before = keys(&*scene.store, other).await;
    rotate(&scene, &new_key(&scene.ids, 10), at(100)).await;
    assert_eq!(keys(&*scene.store, other).await, before);
    let nobody = new_account(&scene.ids, 2).id;
    let rotated =
        scene
            .store
            .rotate_signing_key(nobody, new_key(&scene.ids, 11), at(100), Vec::new(), audit());
    assert_eq!(rotated.await, Ok(false));
    assert_eq!(scene.store.signing_keys(nobody).await, Ok(None));
}
