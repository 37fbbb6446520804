//! Promises of [`postrider_storage::TemplateStore`].

use std::sync::Arc;

use postrider_model::delivery::BodySpec;
use postrider_model::template::{PinnedKind, TemplateHash, TemplateNumber};
use postrider_model::{AccountId, DeliveryStatus};

use super::build::*;
use super::scene::*;
use postrider_storage::{PinTemplate, PinnedTemplate, Store};

fn template(nth: u8) -> PinTemplate {
    PinTemplate {
        hash: TemplateHash::from_bytes([nth; 32]),
        template: PinnedTemplate {
            kind: [PinnedKind::Json, PinnedKind::Text, PinnedKind::Email][usize::from(nth % 3)],
            source: format!("{{{{ data.é }}}}\u{0} {nth}\n"),
            content_type: "text/plain; charset=utf-8".to_owned(),
        },
    }
}

async fn pin(scene: &Scene, account: AccountId, nths: &[u8], s: i64) -> Vec<TemplateNumber> {
    let templates = nths.iter().copied().map(template).collect();
    let pinned = scene.store.pin_templates(account, templates, at(s)).await;
    pinned.expect("pin_templates")
}

async fn prune(scene: &Scene, before_s: i64, limit: usize) -> usize {
    let pruned = scene.store.prune_templates(at(before_s), limit).await;
    pruned.expect("prune_templates")
}

async fn is_kept(scene: &Scene, number: TemplateNumber) -> bool {
    scene.store.template(number).await.expect("template").is_some()
}

pub async fn a_template_has_one_number_in_its_account_and_reads_back_exactly(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let other = AccountId::from_u128(77);
    let first = pin(&scene, scene.account, &[1, 2, 1], 0).await;
    assert_eq!(first[0], first[2]);
    assert_ne!(first[0], first[1]);
    assert_eq!(pin(&scene, scene.account, &[2, 1], 1).await, [first[1], first[0]]);
    assert_ne!(pin(&scene, other, &[1], 1).await[0], first[0]);
    for (nth, number) in [(1, first[0]), (2, first[1])] {
        let stored = scene.store.template(number).await.expect("template");
        assert_eq!(stored, Some(template(nth).template));
    }
    let unknown = TemplateNumber::new(1_000_000).expect("in range");
    assert!(!is_kept(&scene, unknown).await);
}

pub async fn unused_templates_go_once_no_delivery_refers_to_them(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let pinned = pin(&scene, scene.account, &[1, 2, 3, 4], 10).await;
    pin(&scene, scene.account, &[2], 30).await;
    pin(&scene, scene.account, &[2], 20).await;
    let mut event = scene.waiting(10);
    event.deliveries[0].body = BodySpec::Template(pinned[0]);
    scene.append_new(&event).await;
    let claim = scene.claim(scene.actions[0], ROOM, at(10)).await;
    assert_eq!(claim.deliveries[0].body, BodySpec::Template(pinned[0]));
    let delivery = scene.delivery(key_of(&event, 0)).await;
    assert_eq!(delivery.body, BodySpec::Template(pinned[0]));

    assert_eq!(prune(&scene, 10, 10).await, 0, "they were in use at that time");
    assert_eq!(prune(&scene, 25, 1).await, 1);
    assert_eq!(prune(&scene, 25, 10).await, 1);
    assert_eq!(prune(&scene, 25, 10).await, 0);
    let kept = [is_kept(&scene, pinned[0]).await, is_kept(&scene, pinned[1]).await];
    assert_eq!(
        kept,
        [true, true],
        "a delivery refers to one, and the other was pinned again"
    );
    assert!(!is_kept(&scene, pinned[2]).await && !is_kept(&scene, pinned[3]).await);
    let again = pin(&scene, scene.account, &[3], 40).await;
    assert!(!pinned.contains(&again[0]), "numbers are not used again");

    scene
        .settle(key_of(&event, 0), scene.actions[0], 11, DeliveryStatus::Succeeded)
        .await;
    while scene.store.prune(at(100), 1_000).await.expect("prune").more {}
    assert_eq!(prune(&scene, 25, 10).await, 1);
    assert!(!is_kept(&scene, pinned[0]).await && is_kept(&scene, pinned[1]).await);
}
