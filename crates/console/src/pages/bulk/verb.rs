//! What the two pages do to the deliveries, and the words in which they differ.

use std::time::Duration;

use postrider_engine::{BulkProgress, DeliveryCount};
use postrider_storage::{DeliveryFilter, StoreResult};
use tokio::sync::watch;

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// What to do to the deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Make one more attempt of each.
    Replay,
    /// Make no further attempt.
    Cancel,
}

/// The words of a page.
#[derive(Debug)]
pub struct Words {
    /// The last segment of its address.
    pub segment: &'static str,
    /// What is counted: `delivery`.
    pub one: &'static str,
    /// `deliveries`.
    pub many: &'static str,
    /// `Replay`, before the objects.
    pub verb: &'static str,
    /// `Replaying`.
    pub running: &'static str,
    /// `replayed`.
    pub done: &'static str,
    /// `replay`, after *to*.
    pub infinitive: &'static str,
    /// What the page is for.
    pub intro: &'static str,
    /// What happens to the counted deliveries, and which are left out.
    pub effect: &'static str,
    /// Which deliveries are left out, if none matches.
    pub skipped: &'static str,
    /// That the run does not need the page.
    pub continues: &'static str,
    /// That the database failed.
    pub stopped: &'static str,
}

const REPLAY: Words = Words {
    segment: "replay",
    one: "delivery",
    many: "deliveries",
    verb: "Replay",
    running: "Replaying",
    done: "replayed",
    infinitive: "replay",
    intro: "Replay the deliveries that failed while a receiver was down. Choose which ones; they are counted before \
            anything is sent.",
    effect: "Each gets one more attempt now, with the same id and body. Deliveries created after this count are not \
             included. Pending deliveries are skipped, and so are those of canceled events and those whose URL is \
             disabled or deleted.",
    skipped: "Pending deliveries are skipped, and so are those of canceled events and those whose URL is disabled or \
              deleted.",
    continues: "You can leave this page. The replay continues.",
    stopped: "The replay stopped because the database could not be reached.",
};

const CANCEL: Words = Words {
    segment: "cancel",
    one: "delivery",
    many: "deliveries",
    verb: "Cancel",
    running: "Canceling",
    done: "canceled",
    infinitive: "cancel",
    intro: "Cancel deliveries that are pending, so that they get no further attempt. Choose which ones; they are \
            counted before anything is canceled.",
    effect: "They get no further attempt; you can resend them later. A request that is already under way cannot be \
             called back. Deliveries created after this count are not included.",
    skipped: "Only pending deliveries can be canceled.",
    continues: "You can leave this page. Canceling continues.",
    stopped: "Canceling stopped because the database could not be reached.",
};

impl Verb {
    /// Its words.
    pub const fn words(self) -> &'static Words {
        match self {
            Self::Replay => &REPLAY,
            Self::Cancel => &CANCEL,
        }
    }

    /// Whether the visitor chooses the status of the deliveries. Only pending ones can be canceled.
    pub const fn has_status(self) -> bool {
        matches!(self, Self::Replay)
    }

    /// Counts the deliveries that match, for about `time` at most.
    pub async fn count(
        self,
        app: &App,
        account: &InAccount,
        filter: &DeliveryFilter,
        time: Duration,
    ) -> StoreResult<DeliveryCount> {
        match self {
            Self::Replay => app.engine.count_replay(account.id(), filter, time).await,
            Self::Cancel => app.engine.count_cancel(account.id(), filter, time).await,
        }
    }

    /// Starts the run.
    pub fn start(
        self,
        app: &App,
        account: &InAccount,
        filter: DeliveryFilter,
    ) -> Result<watch::Receiver<BulkProgress>, Refusal> {
        let (by, id) = (&account.visitor.by, account.id());
        match self {
            Self::Replay => app
                .engine
                .replay_with_progress(by, id, filter)
                .map_err(|_| Refusal::ReplayRunning),
            Self::Cancel => app
                .engine
                .cancel_with_progress(by, id, filter)
                .map_err(|_| Refusal::CancelRunning),
        }
    }
}
