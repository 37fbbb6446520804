//! Promises of [`postrider_storage::StatisticsStore`] about what conditions held back.

use std::sync::Arc;

use postrider_model::AutomationId;
use postrider_storage::Store;
use postrider_storage::statistics::Scope;

use super::statistics::{action, add, count, counts, hours};

pub async fn what_conditions_held_back_is_summed_by_automation(store: Arc<dyn Store>) {
    let (own, other) = (action(1, 1), action(2, 1));
    let second = AutomationId::from_u128(7);
    let scope = Scope::Automation(own.account, own.automation);
    let sums = vec![
        count(scope, 0, counts(1)),
        count(scope, 1, counts(2)),
        count(scope, 2, counts(3)),
        count(Scope::Automation(own.account, second), 1, counts(4)),
        count(Scope::Automation(other.account, other.automation), 1, counts(5)),
        count(Scope::Account(own.account), 1, counts(6)),
        count(Scope::Action(own), 1, counts(7)),
        count(Scope::Installation, 1, counts(8)),
    ];
    add(&*store, sums).await;
    let mut held_back = store
        .held_back(own.account, hours(0, 2))
        .await
        .expect("held_back");
    held_back.sort_unstable();
    let expected = [
        (second, counts(4).held_back),
        (own.automation, counts(1).held_back + counts(2).held_back),
    ];
    assert_eq!(held_back, expected);
    let later = store.held_back(own.account, hours(5, 6)).await;
    assert_eq!(later.expect("held_back"), []);
}
