//! The read side: the record of events, deliveries and attempts, and figures over it. Off the hot path.
//!
//! A page with figures must cost the same with a million deliveries, so nothing is counted when a page is
//! shown. [`Figures`] is the engine's observer: it counts in memory what the engine has put on disk, and adds
//! the sums to the store's every few seconds and on a stop. The store keeps sums by the minute and by the
//! hour.
//!
//! | file | holds |
//! |---|---|
//! | `figures.rs` | [`Figures`]: start, stop, what it counts as the engine's observer |
//! | `record.rs` | reads of events, deliveries, attempts and nodes |
//! | `statistics.rs` | sums that this node has counted and the store does not have yet |
//! | `flush.rs` | adds those to the store's sums |
//! | `prune.rs` | removes old sums |
//! | `contents.rs` | events by what is in their data |
//! | `export.rs` | deliveries as a file |
//! | `rooms.rs` | room for work that an account has one of at a time: exports, searches |
//! | `overview.rs` | the installation over a range of time, and the success of an account's actions |
//! | `by_time.rs` | the installation, an account and its actions, step by step; `period.rs`: which steps |
//! | `held_back.rs` | how many events the conditions of automations held back |
//! | `preview.rs` | recent events, judged by a trigger |
//! | `feed.rs` | attempts as they end, for live pages and the demo |
//!
//! Figures are not part of the record: a crash loses the last seconds of them. This crate must never write
//! anything but sums, decide anything about a delivery, or make the engine wait: as the engine's observer it
//! takes one short lock per step, and allocates memory only for the first item of a sum.
//!
//! To add a read of the record, add a method to `record.rs` over a verb of the store. To add a figure, add a
//! field to [`postrider_storage::statistics::Counts`] with its column in both stores, then its line in
//! `statistics.rs`, and then `overview.rs`. To watch something else of the engine, add a method to
//! [`postrider_engine::observe::Observer`].

#![forbid(unsafe_code)]

mod by_time;
mod contents;
mod export;
mod feed;
mod figures;
mod flush;
mod held_back;
mod overview;
mod period;
mod preview;
mod prune;
mod record;
mod rooms;
mod statistics;

pub use by_time::{
    ACCOUNT_SUMS_MAX, ACTIONS_SHOWN_MAX, AccountStatistics, InstallationStatistics, Series, StepCounts,
    TooManySums, WantedActions,
};
pub use contents::{CONTAINED_BYTES_MAX, CONTENTS_MAX, ContentsError, EVENTS_PAGE_BYTES};
pub use export::{EXPORT_DELIVERIES_MAX, Export, ExportError, ExportFormat};
pub use feed::RecordedAttempt;
pub use figures::{Figures, FiguresParts};
pub use flush::FLUSH_EVERY;
pub use overview::{FAILING_MAX, Overview, Range, Rate};
pub use period::{PERIOD_STEPS_MAX, Period, PeriodError, StepLength};
pub use preview::{Judged, RECENT_MAX, judge};
pub use rooms::{NoRoom, Room, Rooms};
