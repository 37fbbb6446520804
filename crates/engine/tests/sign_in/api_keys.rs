//! API keys as they are made and removed while the node runs.

use postrider_engine::ApiKeys;
use postrider_storage::{RemoveApiKey, Store};

use crate::support::engine;

#[tokio::test(start_paused = true)]
async fn a_key_opens_the_api_from_when_it_is_made_until_it_is_removed() {
    let (engine, _folder) = engine().await;
    let keys = ApiKeys::load(&**engine.store()).await.unwrap();
    let (first, shown) = keys.make(&engine, "CI".parse().unwrap()).await.unwrap();
    assert_eq!(keys.admit(shown.expose()), Some(first.id));
    assert_eq!(stored_names(&**engine.store()).await, ["CI"]);

    let (second, other) = keys.make(&engine, "Staff".parse().unwrap()).await.unwrap();
    assert_eq!(keys.remove(&engine, first.id).await, Ok(RemoveApiKey::Removed));
    assert_eq!(keys.admit(shown.expose()), None);
    assert_eq!(keys.remove(&engine, first.id).await, Ok(RemoveApiKey::Missing));
    assert_eq!(keys.admit(other.expose()), Some(second.id));

    keys.reload(&**engine.store()).await.unwrap();
    assert_eq!(keys.admit(other.expose()), Some(second.id));
}

#[tokio::test(start_paused = true)]
async fn the_last_key_is_not_removed() {
    let (engine, _folder) = engine().await;
    let keys = ApiKeys::load(&**engine.store()).await.unwrap();
    let (key, shown) = keys.make(&engine, "Only".parse().unwrap()).await.unwrap();
    assert_eq!(keys.remove(&engine, key.id).await, Ok(RemoveApiKey::LastOne));
    assert_eq!(keys.admit(shown.expose()), Some(key.id));
    assert_eq!(stored_names(&**engine.store()).await, ["Only"]);
}

#[tokio::test(start_paused = true)]
async fn what_another_node_removed_opens_nothing_once_it_is_heard_of() {
    let (engine, _folder) = engine().await;
    let store = &**engine.store();
    let keys = ApiKeys::load(store).await.unwrap();
    let (gone, shown) = keys.make(&engine, "Gone".parse().unwrap()).await.unwrap();
    keys.make(&engine, "Kept".parse().unwrap()).await.unwrap();
    store.delete_api_key(gone.id).await.unwrap();
    assert_eq!(keys.admit(shown.expose()), Some(gone.id));
    keys.reload(store).await.unwrap();
    assert_eq!(keys.admit(shown.expose()), None);
}

async fn stored_names(store: &dyn Store) -> Vec<String> {
    let keys = store.api_keys().await.unwrap();
    keys.into_iter().map(|key| key.name).collect()
}
