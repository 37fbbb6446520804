//! A random sequence of verbs, run against a store and against a model of it in memory.
//!
//! The sequence is derived from a seed. If store and model disagree, the check prints the seed and the number
//! of the step. To try more seeds or longer sequences than the suite does, call [`agrees_with_the_model`].

mod later;
mod model;
mod steps;
mod upkeep;

use std::sync::Arc;

use fastrand::Rng;
use postrider_model::{ActionId, IdGenerator};

use self::model::Model;
use super::build::*;
use super::lists::all_pages;
use super::scene::Scene;
use postrider_storage::{DeliveryFilter, EventFilter, Store};

/// The number of steps that the suite takes from each of its seeds.
const STEPS: usize = 1_200;

/// After how many steps everything is compared, not only the values that a step changed.
const STEPS_PER_FULL_COMPARISON: usize = 60;

pub async fn random_verbs_agree_with_the_model_from_seed_1(store: Arc<dyn Store>) {
    agrees_with_the_model(store, 1, STEPS).await;
}

pub async fn random_verbs_agree_with_the_model_from_seed_2(store: Arc<dyn Store>) {
    agrees_with_the_model(store, 2, STEPS).await;
}

pub async fn random_verbs_agree_with_the_model_from_seed_3(store: Arc<dyn Store>) {
    agrees_with_the_model(store, 3, STEPS).await;
}

/// Takes `steps` steps from this seed in an empty store. Panics if store and model disagree.
pub async fn agrees_with_the_model(store: Arc<dyn Store>, seed: u64, steps: usize) {
    let mut check = Check::new(store, seed).await;
    for step in 0..steps {
        check.step = step;
        check.now_ms += check.rng.i64(0..3_000);
        steps::take_one(&mut check).await;
        if step % STEPS_PER_FULL_COMPARISON == 0 || step + 1 == steps {
            check.compare_all().await;
        }
    }
}

/// A run of the check.
struct Check {
    scene: Scene,
    actions: Vec<ActionId>,
    model: Model,
    rng: Rng,
    now_ms: i64,
    seed: u64,
    step: usize,
}

impl Drop for Check {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("model_check: seed {}, step {}", self.seed, self.step);
        }
    }
}

impl Check {
    async fn new(store: Arc<dyn Store>, seed: u64) -> Self {
        let scene = Scene::new(store).await;
        let later = super::scene::open_session(&*scene.store).await;
        let renewed = scene.store.renew_session(scene.session, at(0)).await;
        let mut model = Model::new(!renewed.expect("renew_session"));
        model.open(scene.session);
        model.open(later);
        Self {
            actions: scene.actions.clone(),
            scene,
            model,
            rng: Rng::with_seed(seed),
            now_ms: BASE_MS,
            seed,
            step: 0,
        }
    }

    fn ids(&self) -> &IdGenerator {
        &self.scene.ids
    }

    fn now(&self) -> postrider_model::Timestamp {
        postrider_model::Timestamp::from_unix_ms(self.now_ms)
    }

    /// Compares every event, delivery, attempt and lane.
    async fn compare_all(&mut self) {
        let (store, account) = (&self.scene.store, self.scene.account);
        let filter = EventFilter::default();
        let events = all_pages(250, |page| store.events(account, &filter, page)).await;
        assert_eq!(events, self.model.events_newest_first());
        let filter = DeliveryFilter::default();
        let mut deliveries = all_pages(250, |page| store.deliveries(account, &filter, page)).await;
        deliveries.sort_by_key(|delivery| delivery.id);
        let expected: Vec<_> = self
            .model
            .deliveries
            .values()
            .map(|tracked| tracked.delivery.clone())
            .collect();
        assert_eq!(deliveries, expected);
        let lanes = store
            .waiting_lanes(ALL_TIME, None, 100)
            .await
            .expect("waiting_lanes");
        let lanes: Vec<_> = lanes
            .into_iter()
            .map(|lane| (lane.action, lane.next_due))
            .collect();
        assert_eq!(lanes, self.model.lanes());
        for tracked in self.model.deliveries.values() {
            assert_eq!(self.scene.attempts(tracked.key()).await, tracked.attempts);
        }
    }
}
