//! Promises of [`postrider_storage::SecretStore`] that do not depend on what a column holds.

use std::sync::Arc;

use postrider_model::{CustomHeader, Does};
use postrider_storage::{DeleteObject, Resealed, SealedValues, Store};

use super::build::*;
use super::scene::*;

pub async fn every_secret_is_counted(store: Arc<dyn Store>) {
    let counted = |sealed| Ok(SealedValues { sealed, remaining: 0 });
    // The probe of the master key.
    assert_eq!(store.sealed_values().await, counted(1));
    let scene = Scene::new(Arc::clone(&store)).await;
    assert_eq!(store.sealed_values().await, counted(2), "and a signing key");
    let mut automation = new_automation(&scene.ids, 1, 1);
    create_automation(&*store, scene.account, automation.clone()).await;
    assert_eq!(store.sealed_values().await, counted(2), "nothing in it is secret");
    automation.id = scene.ids.automation(at(2));
    let Does::SendWebhook(webhook) = &mut automation.actions[0].does else {
        panic!("a webhook");
    };
    webhook.headers = vec![CustomHeader::secret("Authorization", "Bearer x")];
    create_automation(&*store, scene.account, automation).await;
    assert_eq!(store.sealed_values().await, counted(3));
    assert_eq!(
        store.delete_account(scene.account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    assert_eq!(store.sealed_values().await, counted(1));
}

pub async fn what_the_first_key_sealed_is_not_sealed_again(store: Arc<dyn Store>) {
    let _scene = Scene::new(Arc::clone(&store)).await;
    assert_eq!(store.reseal(0).await, Ok(Resealed::default()));
}
