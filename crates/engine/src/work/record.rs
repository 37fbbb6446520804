//! Puts what attempts came to on record, in batches.
//!
//! All results that arrive while one batch is being written form the next one. While the store is away, results wait
//! here and attempts wait behind them: nothing that happened is forgotten, and nothing new is begun that could not be
//! recorded.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use postrider_model::automation::DisabledReason;
use postrider_model::delivery::Next;
use postrider_model::{DeliveryStatus, Timestamp};
use postrider_storage::{Change, Finished, Recorded, SessionId};
use tokio::sync::mpsc;

use crate::attempt::Done;
use crate::engine::Engine;
use crate::feed::AttemptNews;

/// Results that may queue.
pub const QUEUE_MAX: usize = 2_048;

/// Most results in one batch.
const BATCH_MAX: usize = 512;

/// Waits between tries while the store is away: doubling from the first to the last.
const RETRY: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(2);

/// Runs until the senders are gone and everything is on record.
pub async fn run(engine: Arc<Engine>, mut results: mpsc::Receiver<Done>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while results.recv_many(&mut batch, BATCH_MAX).await > 0 {
        // Results of a session that died meanwhile are recorded under it, so that the store can tell.
        let mut by_session: HashMap<SessionId, Vec<Done>> = HashMap::new();
        for done in batch.drain(..) {
            by_session.entry(done.session).or_default().push(done);
        }
        for (session, dones) in by_session {
            record(&engine, session, dones).await;
        }
    }
}

async fn record(engine: &Arc<Engine>, session: SessionId, dones: Vec<Done>) {
    let watched = engine.feed().is_watched();
    let mut notes = Vec::with_capacity(dones.len());
    let mut finished = Vec::with_capacity(dones.len());
    for done in dones {
        let news = if watched { done.news() } else { None };
        notes.push(Note {
            key: done.finished.key,
            action: done.finished.action,
            bytes: done.event.data.len(),
            next: done.next(),
            gone: done.answered_gone(),
            news,
        });
        finished.push(done.finished);
    }
    let recorded = finish_until_done(engine, session, finished).await;
    for (note, recorded) in notes.into_iter().zip(recorded) {
        take_note(engine, note, recorded);
    }
    engine.start_ready();
}

async fn finish_until_done(engine: &Engine, session: SessionId, finished: Vec<Finished>) -> Vec<Recorded> {
    let mut wait = *RETRY.start();
    loop {
        match engine.store().finish(session, finished.clone()).await {
            Ok(recorded) => return recorded,
            Err(error) => {
                tracing::error!(%error, results = finished.len(), "results could not be recorded; trying again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(*RETRY.end());
            }
        }
    }
}

/// What is kept of a result while the store has it.
struct Note {
    key: postrider_storage::DeliveryKey,
    action: postrider_model::ActionId,
    bytes: usize,
    next: Option<Next>,
    gone: bool,
    news: Option<AttemptNews>,
}

fn take_note(engine: &Arc<Engine>, note: Note, recorded: Recorded) {
    let now = engine.clock().now();
    let mut wake = engine.lanes().release(note.action, note.bytes, now);
    match (recorded, note.next) {
        (Recorded::Applied, Some(Next::Retry(at))) => {
            wake |= engine.lanes().waits(note.key.account, note.action, at, now);
        }
        (Recorded::Applied, Some(Next::Settle(DeliveryStatus::Failed))) if note.gone => {
            switch_off(engine, &note, now);
        }
        (Recorded::Applied, _) => {}
        (Recorded::Fenced | Recorded::Missing, _) => {
            tracing::warn!(delivery = %note.key.delivery, ?recorded, "a late result changed nothing");
        }
    }
    if wake {
        engine.wake_refill();
    }
    if let (Recorded::Applied, Some(news)) = (recorded, note.news) {
        engine.feed().tell(news);
    }
}

/// The receiver said 410 Gone to the last attempt: it does not want to be called again.
fn switch_off(engine: &Arc<Engine>, note: &Note, now: Timestamp) {
    let (engine, account, action) = (Arc::clone(engine), note.key.account, note.action);
    tokio::spawn(async move {
        match engine
            .directory()
            .disable_action(account, action, DisabledReason::Gone, now)
            .await
        {
            Ok(_) => {
                tracing::info!(%account, %action, "switched an action off: its receiver answered 410 Gone");
            }
            Err(error) => tracing::error!(%account, %action, %error, "an action could not be switched off"),
        }
    });
}

impl Done {
    fn next(&self) -> Option<Next> {
        match &self.finished.change {
            Change::Attempted { next, .. } => Some(*next),
            Change::Canceled { .. } => None,
        }
    }

    fn answered_gone(&self) -> bool {
        matches!(&self.finished.change, Change::Attempted { attempt, .. } if attempt.status_code == Some(410))
    }

    fn news(&self) -> Option<AttemptNews> {
        match &self.finished.change {
            Change::Attempted { attempt, next, .. } => Some(AttemptNews {
                key: self.finished.key,
                action: self.finished.action,
                event: Arc::clone(&self.event),
                attempt: Arc::new((**attempt).clone()),
                next: *next,
            }),
            Change::Canceled { .. } => None,
        }
    }
}
