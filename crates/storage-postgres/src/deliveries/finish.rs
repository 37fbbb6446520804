//! Finishing: recording an attempt, and the delivery's new state if no other session took it over.
//!
//! In the usual case, one statement handles a whole call: it settles each delivery that the session owns and
//! that has no recorded attempt with this number or a higher one, and adds the attempts. The rest is handled
//! in detail ([`detail`]).

mod detail;
pub(crate) mod settle;
mod states;

use std::collections::{HashMap, HashSet};

use deadpool_postgres::GenericClient;
use postrider_storage::rules::attempts::AttemptResult;
use postrider_storage::{Finished, Recorded, SessionId};

use self::settle::Settling;
use crate::deliveries::keys;
use crate::health;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;

/// Records what happened; see [`postrider_storage::WorkStore::advance`].
pub(crate) async fn finish(
    client: &impl GenericClient,
    store: &PostgresStore,
    session: SessionId,
    finished: &[Finished],
) -> SqlResult<Vec<Recorded>> {
    // A delivery without another result below does not exist.
    let mut answers = vec![Recorded::Missing; finished.len()];
    let mut applied = Vec::new();
    for round in rounds(finished) {
        let settling = Settling::of(finished, &round);
        let is_settled = settling.apply_usual(client, &store.day_tables, session).await?;
        for nth in &is_settled {
            answers[*nth] = Recorded::Applied;
        }
        applied.extend(is_settled.iter().copied());
        let mut left = round;
        left.retain(|nth| is_settled.binary_search(nth).is_err());
        applied.extend(detail::finish(client, session, finished, &left, &mut answers).await?);
    }
    // In the order in which the attempts ended.
    applied.sort_unstable();
    let of = |nth: usize| {
        let item = &finished[nth];
        let result = AttemptResult::of(&item.change)?;
        let is_said = result.disables.is_some() || result.report.is_some();
        is_said.then_some((item.key.account, item.action, result))
    };
    health::follow(client, store, applied.into_iter().filter_map(of)).await?;
    Ok(answers)
}

/// Whether all items are attempts, each of a different delivery, that change no action.
pub(crate) fn are_usual(finished: &[Finished]) -> bool {
    let mut seen = HashSet::with_capacity(finished.len());
    let mut is_usual = |item: &Finished| {
        AttemptResult::of(&item.change)
            .is_some_and(|result| result.disables.is_none() && result.report.is_none())
            && seen.insert(item.key)
    };
    finished.iter().all(&mut is_usual)
}

/// All items, in the order in which rows are locked.
pub(crate) fn in_order(finished: &[Finished]) -> Settling<'_> {
    let mut places: Vec<usize> = (0..finished.len()).collect();
    places.sort_unstable_by_key(|nth| keys::order(&finished[*nth].key));
    Settling::of(finished, &places)
}

/// Divides the items' indexes into rounds in which no delivery occurs twice, each in the order in which rows
/// are locked.
fn rounds(finished: &[Finished]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut seen = HashMap::with_capacity(finished.len());
    for (nth, item) in finished.iter().enumerate() {
        let round = seen.entry(item.key).or_insert(0);
        match rounds.get_mut(*round) {
            Some(items) => items.push(nth),
            None => rounds.push(vec![nth]),
        }
        *round += 1;
    }
    for round in &mut rounds {
        round.sort_unstable_by_key(|nth| keys::order(&finished[*nth].key));
    }
    rounds
}
