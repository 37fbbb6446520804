use postrider_storage::statistics::{ActionKey, Counts, Scope, TimeStep};

use super::*;

fn key(account: u128, action: u128) -> ActionKey {
    ActionKey {
        account: AccountId::from_u128(account),
        automation: postrider_model::AutomationId::from_u128(1),
        action: postrider_model::ActionId::from_u128(action),
    }
}

fn counted(statistics: &Statistics, scope: Scope, hour: i64, counts: Counts) {
    let at = Timestamp::from_unix_ms(hour * TimeStep::Hour.length_ms() + 1);
    statistics.held.lock().add(scope, at, counts, None);
}

#[test]
fn an_accounts_sums_are_written_together_and_each_row_once() {
    let statistics = Statistics::default();
    let event = Counts {
        events: 1,
        stored_bytes: 10,
        ..Counts::default()
    };
    let attempt = Counts {
        attempts: 1,
        stored_bytes: 5,
        ..Counts::default()
    };
    for round in 0..2 {
        for account in [3, 1, 2] {
            let of_account = Scope::Account(AccountId::from_u128(account));
            counted(&statistics, of_account, 1 - round, event);
            for action in [8, 7] {
                counted(
                    &statistics,
                    Scope::Action(key(account, action)),
                    1 - round,
                    attempt,
                );
            }
        }
    }
    let batch = statistics.begin_write().unwrap();
    let hours = batch.counts.iter().filter(|count| count.step == TimeStep::Hour);
    let written: Vec<_> = hours
        .filter(|count| count.scope != Scope::Installation)
        .map(|count| (account_of(&count.scope), count.at, count.scope))
        .collect();
    assert_eq!(written.len(), 3 * 2 * 3);
    assert!(written.windows(2).all(|pair| pair[0] < pair[1]), "{written:?}");
    let of_accounts = batch
        .counts
        .iter()
        .filter(|count| matches!(count.scope, Scope::Account(_)));
    for count in of_accounts {
        assert_eq!((count.counts.events, count.counts.stored_bytes), (1, 10 + 2 * 5));
    }
}

#[test]
fn what_is_counted_during_a_write_is_written_next() {
    let statistics = Statistics::default();
    let event = Counts {
        events: 1,
        ..Counts::default()
    };
    let scope = Scope::Account(AccountId::from_u128(1));
    counted(&statistics, scope, 1, event);
    let first = statistics.begin_write().unwrap();
    counted(&statistics, scope, 1, event);
    statistics.end_write(false);
    assert_eq!(statistics.begin_write().unwrap().counts, first.counts);
    statistics.end_write(true);
    let second = statistics.begin_write().unwrap();
    assert_eq!(second.counts.len(), first.counts.len());
    statistics.end_write(true);
    assert!(statistics.begin_write().is_none());
    assert!(statistics.held.lock().moves.is_multiple_of(2));
}
