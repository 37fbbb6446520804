//! The read side: the record of events, deliveries and attempts, and figures over it. Off the hot path.
//!
//! Pages with figures must cost the same at a million deliveries, so nothing is counted when it is shown.
//! [`Figures`] is the engine's observer: it counts in memory what the engine put on disk, and adds the sums
//! to the store's every few seconds and on a stop. The store keeps sums by the minute and by the hour.
//!
//! | file | holds |
//! |---|---|
//! | `figures.rs` | [`Figures`]: start, stop, what it takes down as the engine's observer |
//! | `record.rs` | reads of events, deliveries, attempts and nodes |
//! | `statistics.rs` | what this node counted and the store does not have yet |
//! | `flush.rs` | adds that to the store's sums |
//! | `prune.rs` | removes old sums |
//! | `overview.rs` | the installation over a range of time, and the success of an account's actions |
//! | `feed.rs` | attempts as they end, for live pages and the demo |
//!
//! Figures are no record: a crash loses the last seconds of them. This crate must never write anything but
//! sums, decide anything about a delivery, or make the engine wait: as its observer it takes one short lock
//! per step and allocates memory for the first item of a sum alone.
//!
//! To add a read of the record: a method in `record.rs` over a verb of the store. To add a figure: a field of
//! [`postrider_storage::statistics::Counts`] with its column in both stores, its line in `statistics.rs`, and
//! then `overview.rs`. To watch something else of the engine: a method of
//! [`postrider_engine::observe::Observer`].

mod feed;
mod figures;
mod flush;
mod overview;
mod prune;
mod record;
mod statistics;

pub use feed::AttemptNews;
pub use figures::{Figures, FiguresParts};
pub use flush::FLUSH_EVERY;
pub use overview::{FAILING_MAX, Overview, OverviewStep, Range, Rate};
